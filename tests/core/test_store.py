"""The cache: an entry is there whole or not at all, and damage is seen."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import toy

from bench.core import locks, store
from bench.core.errors import BenchError

FILES = {"numbers": np.arange(12, dtype=np.int32).reshape(3, 4), "words.txt": b"some words here"}


def test_an_entry_comes_back_as_it_was_kept(tmp_path: Path):
    store.save(tmp_path / "entry", FILES, {"epoch": 3})
    entry = store.load(tmp_path / "entry")
    assert entry is not None
    assert entry.facts["epoch"] == 3
    assert entry.bytes("words.txt") == b"some words here"
    np.testing.assert_array_equal(entry.array("numbers"), FILES["numbers"])
    assert not entry.array("numbers").flags.writeable


def test_what_is_not_there_is_none(tmp_path: Path):
    assert store.load(tmp_path / "none") is None


@pytest.mark.parametrize("name", ["numbers.npy", "words.txt", "facts.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_a_damaged_entry_is_removed_and_none(tmp_path: Path, name: str, damage: str):
    store.save(tmp_path / "entry", FILES, {"epoch": 3})
    path = tmp_path / "entry" / name
    if damage == "flip":
        toy.flip(path)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
    assert store.load(tmp_path / "entry") is None
    assert not (tmp_path / "entry").exists()
    store.save(tmp_path / "entry", FILES, {"epoch": 4})
    again = store.load(tmp_path / "entry")
    assert again is not None
    assert again.facts["epoch"] == 4


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"check": 1}', '{"files": {}, "check": "x"}'])
def test_facts_that_are_other_json_are_damage(tmp_path: Path, text: str):
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / "facts.json").write_text(text)
    assert store.load(tmp_path / "entry") is None
    assert not (tmp_path / "entry").exists()


def test_nothing_is_left_beside_an_entry(tmp_path: Path):
    store.save(tmp_path / "entry", FILES, {})
    assert {p.name for p in tmp_path.iterdir()} - {"cache", "xdg"} == {"entry", ".writing.lock"}


def test_a_failed_write_leaves_no_entry_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(BenchError, match="No space left on device"):
        store.save(tmp_path / "there" / "entry", FILES, {})
    assert [p.name for p in (tmp_path / "there").iterdir()] == [".writing.lock"]


def test_a_folder_that_cannot_be_written_is_the_users_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write the cache"):
        store.save(tmp_path / "file" / "entry", FILES, {})


def _write(folder: str, value: int) -> None:
    for _ in range(15):
        store.save(Path(folder), {"a": np.full(2_000, value)}, {"value": value})


def test_two_writers_leave_one_whole_entry(tmp_path: Path):
    folder = tmp_path / "two" / "entry"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(str(folder), v)) for v in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0]
    entry = store.load(folder)
    assert entry is not None
    assert (np.asarray(entry.array("a")) == entry.facts["value"]).all()
    assert {p.name for p in folder.parent.iterdir()} == {"entry", ".writing.lock"}


def test_what_a_killed_writer_left_is_cleared_by_the_next(tmp_path: Path):
    for name in (".entry.new", ".other.old"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "numbers.npy").write_bytes(b"half")
    store.save(tmp_path / "in" / "entry", FILES, {})
    assert {p.name for p in (tmp_path / "in").iterdir()} == {"entry", ".writing.lock"}


def test_an_entry_that_was_moved_to_anothers_place_is_damage(tmp_path: Path):
    store.save(tmp_path / "in" / "one", FILES, {"epoch": 1})
    (tmp_path / "in" / "one").rename(tmp_path / "in" / "two")
    assert store.load(tmp_path / "in" / "two") is None
    store.save(tmp_path / "in" / "one", FILES, {"epoch": 1})
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    assert store.load(tmp_path / "elsewhere" / "one") is None


def test_an_entry_that_says_the_same_is_left_for_its_readers(tmp_path: Path):
    store.save(tmp_path / "entry", FILES, {"epoch": 1})
    before = (tmp_path / "entry").stat().st_ino
    store.save(tmp_path / "entry", FILES, {"epoch": 1})
    assert (tmp_path / "entry").stat().st_ino == before
    store.save(tmp_path / "entry", FILES, {"epoch": 2})
    assert (tmp_path / "entry").stat().st_ino != before


def test_keys_depend_on_values_and_not_on_order():
    assert store.key_of({"a": 1, "b": 2}) == store.key_of({"b": 2, "a": 1})
    assert store.key_of({"a": 1}) != store.key_of({"a": 2})


def test_a_lock_waits_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    import threading

    order = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with locks.locked(tmp_path / "a.lock"):
            inside.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    threading.Timer(0.5, leave.set).start()
    with locks.locked(tmp_path / "a.lock", "waiting for the other"):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for the other" in capsys.readouterr().err


def test_the_cache_folder_is_the_one_in_the_environment(cache: Path):
    assert store.default_cache() == cache


def test_an_entry_names_no_file_outside_its_folder(tmp_path: Path):
    store.save(tmp_path / "in" / "entry", {"words.txt": b"some words"}, {})
    (tmp_path / "in" / "secret").write_bytes(b"secret")
    path = tmp_path / "in" / "entry" / "facts.json"
    body = json.loads(path.read_text())
    del body["check"]
    body["files"]["../secret"] = store._digest(tmp_path / "in" / "secret")
    path.write_text(json.dumps({**body, "check": store._check(body)}))
    assert store.load(tmp_path / "in" / "entry") is None
