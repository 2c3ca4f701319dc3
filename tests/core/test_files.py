"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench.core import files
from bench.core.errors import BenchError


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def broken_write(path: Path) -> None:
    path.write_text("half")
    raise ZeroDivisionError


def broken_off(writer: AbstractContextManager[Path]) -> None:
    """Starts to write, and fails."""
    with pytest.raises(ZeroDivisionError), writer as temporary:
        broken_write(temporary / "half" if temporary.is_dir() else temporary)


def test_a_file_is_replaced_whole_with_the_rights_of_a_new_file(tmp_path: Path):
    files.save_text(tmp_path / "in" / "page.md", "one", shared=False)
    assert files.save_text(tmp_path / "in" / "page.md", "zwei \udc80ü", shared=False).read_text() == "zwei ?ü"
    assert names(tmp_path / "in") == {"page.md"}
    (tmp_path / "plain").touch()
    assert (tmp_path / "in" / "page.md").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "in" / "page.md"
    files.save_text(path, "old", shared=False)
    broken_off(files.replacing(path))
    assert path.read_text() == "old"
    assert names(path.parent) == {"page.md"}


@pytest.mark.parametrize("shared", [True, False])
def test_a_file_that_cannot_be_written_is_one_line_with_the_hint(tmp_path: Path, shared: bool):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"cannot write .*page\.md: .+ \(choose --out\)"):
        files.save_text(tmp_path / "file" / "page.md", "x", "choose --out", shared=shared)


def test_what_a_killed_process_left_is_removed(tmp_path: Path):
    shared, other = tmp_path / "shared", tmp_path / "other"
    for folder in (shared, other):
        folder.mkdir()
        for name in (".page.md.0123abcd.new", ".page.md.89abcdef.new", ".bashrc.old", ".page.md.new"):
            (folder / name).write_text("half")
        os.utime(folder / ".page.md.0123abcd.new", (time.time() - 2 * files.ABANDONED,) * 2)
        files.save_text(folder / "page.md", "whole", shared=folder is shared)
    assert names(shared) == {"page.md", ".writing.lock"}
    assert names(other) == {"page.md", ".page.md.89abcdef.new", ".bashrc.old", ".page.md.new"}, "perhaps not ours"


def test_a_folder_is_replaced_whole_or_left_as_it_is(tmp_path: Path):
    folder = tmp_path / "in" / "model"
    for text in ("one", "two"):
        with files.replacing_folder(folder) as temporary:
            (temporary / "card.json").write_text(text)
        assert (folder / "card.json").read_text() == text
    broken_off(files.replacing_folder(folder))
    with files.replacing_folder(folder) as temporary:
        temporary.rmdir()
    assert (folder / "card.json").read_text() == "two"
    assert names(folder.parent) == {"model"}
    assert stat.S_IMODE(folder.stat().st_mode) & 0o400


def _write(path: str, letter: str) -> None:
    for _ in range(30):
        files.save_text(Path(path), letter * 50_000, shared=False)


def test_writers_without_a_lock_do_not_mix(tmp_path: Path):
    path = tmp_path / "in" / "page.md"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(str(path), letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0]
    assert path.read_text() in ("a" * 50_000, "b" * 50_000)
    assert names(path.parent) == {"page.md"}
