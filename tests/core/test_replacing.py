"""A folder that is replaced: after a kill or a fault at any step, the older or the newer one is there, and whole."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import faults
import numpy as np
import pytest

from bench.core import files, store

ENTRY = {"numbers": np.arange(2_000), "words.txt": b"some words"}


@pytest.fixture(params=["exchanged", "moved aside"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without the system call that lets two folders change places."""
    if request.param == "moved aside":
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    return str(request.param)


@pytest.mark.parametrize("kind", faults.KINDS)
def test_a_replaced_folder_survives_a_fault_at_each_step(tmp_path: Path, way: str, kind: str,
                                                         monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "in" / "model"

    def write(text: str) -> None:
        with files.replacing_folder(folder) as temporary:
            for name in ("card", "weights"):
                (temporary / name).write_text(text)

    def before() -> None:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        write("one")

    def after(ended: str) -> None:
        files.recover(folder)
        text = (folder / "card").read_text()
        assert text == (folder / "weights").read_text()
        assert {p.name for p in folder.iterdir()} == {"card", "weights"}
        assert text in {faults.DONE: ("two",)}.get(ended, ("one", "two"))
        monkeypatch.setattr(files, "ABANDONED", -1)
        write("three")
        monkeypatch.setattr(files, "ABANDONED", 3600)
        assert (folder / "card").read_text() == "three"
        assert {p.name for p in (tmp_path / "in").iterdir()} == {"model"}, "the next writer clears what is left"

    assert faults.at_each_step(lambda: write("two"), tmp_path, kind, before=before, after=after) >= 12


@pytest.mark.parametrize("kind", faults.KINDS[::2])
def test_a_replaced_entry_survives_a_fault_at_each_step(tmp_path: Path, way: str, kind: str):
    folder = tmp_path / "in" / "entry"

    def before() -> None:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        store.save(folder, ENTRY, {"epoch": 1})

    def after(ended: str) -> None:
        entry = store.load(folder)
        assert entry is not None
        assert entry.facts["epoch"] in {faults.DONE: (2,)}.get(ended, (1, 2))
        store.save(folder, ENTRY, {"epoch": 3})
        found = store.load(folder)
        assert found is not None
        assert found.facts["epoch"] == 3
        assert {p.name for p in (tmp_path / "in").iterdir()} == {"entry", ".writing.lock"}

    steps = faults.at_each_step(lambda: store.save(folder, ENTRY, {"epoch": 2}), tmp_path, kind, before=before,
                                after=after)
    assert steps >= 15


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2")
def test_two_folders_change_places_in_one_step(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text").write_text(name)
    if not files.exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot do that")
    assert [(tmp_path / name / "text").read_text() for name in ("a", "b")] == ["b", "a"]
    assert not files.exchange(tmp_path / "a", tmp_path / "none")
    assert (tmp_path / "a" / "text").read_text() == "b"


def test_a_writer_brings_back_what_another_had_moved_aside(tmp_path: Path):
    store.save(tmp_path / "in" / "entry", ENTRY, {"epoch": 1})
    (tmp_path / "in" / "entry").rename(tmp_path / "in" / ".entry.0123abcd.old")
    store.save(tmp_path / "in" / "other", ENTRY, {"epoch": 1})
    assert {p.name for p in (tmp_path / "in").iterdir()} == {"entry", "other", ".writing.lock"}


def test_a_damaged_entry_is_not_brought_back(tmp_path: Path):
    folder = tmp_path / "in" / "entry.0123abcd"  # a name that looks like one of a folder moved aside
    store.save(folder, ENTRY, {"epoch": 1})
    (folder / "words.txt").write_bytes(b"other words")
    assert store.load(folder) is None
    assert store.load(folder) is None
    assert {p.name for p in (tmp_path / "in").iterdir()} == {".writing.lock"}
