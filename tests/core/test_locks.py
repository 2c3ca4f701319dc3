"""Locks where the file system has none, and where no file can be made."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from bench.core import files, locks, store
from bench.core.errors import BenchError


@pytest.fixture
def no_locks_in(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on which `flock` fails as on a file system without locks; the own folder's locks work."""
    code = getattr(request, "param", errno.ENOLCK)
    folder = tmp_path / "nfs"
    folder.mkdir()
    flock = fcntl.flock

    def no_flock(descriptor: int, operation: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder)):
            raise OSError(code, os.strerror(code))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", no_flock)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(locks, "_told", set())
    return folder


pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the tests look into /proc")


@pytest.mark.parametrize("no_locks_in", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP], indirect=True)
def test_a_file_system_without_locks_is_used_and_said_once(no_locks_in: Path, capsys: pytest.CaptureFixture[str]):
    for epoch in (1, 2):
        with locks.locked(no_locks_in / "a.lock"):
            store.save(no_locks_in / "entry", {"words": b"some words"}, {"epoch": epoch})
    entry = store.load(no_locks_in / "entry")
    assert entry is not None
    assert entry.facts["epoch"] == 2
    said = capsys.readouterr().err
    assert said.count("file system without locks") == 1
    assert str(no_locks_in) in said
    assert "other machine" in said


def _count(folder: Path, rounds: int) -> None:
    for _ in range(rounds):
        with locks.locked(folder / "a.lock"):
            number = int((folder / "number").read_text())
            time.sleep(0.002)
            (folder / "number").write_text(str(number + 1))


def test_processes_of_one_machine_wait_for_each_other_there_too(no_locks_in: Path):
    (no_locks_in / "number").write_text("0")
    context = multiprocessing.get_context("fork")
    counters = [context.Process(target=_count, args=(no_locks_in, 20)) for _ in range(3)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join(60)
    assert (no_locks_in / "number").read_text() == "60"


def test_what_another_machine_may_be_writing_there_is_left(no_locks_in: Path):
    for name in (".other.0123abcd.new", ".dead.0123abcd.new"):
        (no_locks_in / name).mkdir()
    os.utime(no_locks_in / ".dead.0123abcd.new", (time.time() - 2 * files.ABANDONED,) * 2)
    store.save(no_locks_in / "entry", {}, {})
    assert {p.name for p in no_locks_in.iterdir()} == {"entry", ".other.0123abcd.new", ".writing.lock"}


def test_without_any_place_for_a_lock_it_is_an_error(no_locks_in: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(locks, "_own_folder", lambda: None)
    with pytest.raises(BenchError, match="cannot lock"), locks.locked(no_locks_in / "a.lock"):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("own", [True, False])
def test_a_place_where_no_file_can_be_made_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                code: int, own: bool):
    store.save(tmp_path / "cache" / "entry", {"words": b"some words"}, {})
    opened = os.open

    def full(path: object, flags: int, *more: object, **named: object) -> int:
        if str(path).startswith(str(tmp_path / "cache")) and flags & os.O_CREAT:
            raise OSError(code, os.strerror(code), path)
        return opened(path, flags, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", full)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if not own:
        monkeypatch.setattr(locks, "_own_folder", lambda: None)
    with locks.locked(tmp_path / "cache" / "a.lock"):
        assert store.load(tmp_path / "cache" / "entry") is not None
    with pytest.raises(BenchError, match="cannot write the cache"):
        store.save(tmp_path / "cache" / "other", {}, {})


def test_the_own_folder_is_no_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    (tmp_path / "elsewhere").mkdir()
    name = f"transferbench-locks-{os.geteuid()}"
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert locks._own_folder() == tmp_path / "other" / name
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_lock_file_is_no_link_to_another_place(tmp_path: Path):
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BenchError, match="cannot lock"), locks.locked(tmp_path / "a.lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()
