"""A machine that fails under a run: one line, the right exit code, and the same command finishes it later."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import forget, kept, outcomes, refused, run
from conftest import Bench

CHOSEN = ["tfidf", "finetune"]
PLUGIN = """
import os, shutil
import numpy as np
NEEDS = frozenset()
def removes(trial, resources):
    if trial.seed == 0:
        shutil.rmtree(os.environ["TRANSFERBENCH_CACHE"])
    return lambda e: np.full((len(e), 2), 0.5, np.float32)
"""


@pytest.fixture(scope="module")
def known_outcomes() -> dict[str, list[object]]:
    """Those of `undisturbed`, once a test has asked for them."""
    return {}


@pytest.fixture
def undisturbed(bench_: Bench, workshop: Path, known_outcomes: dict[str, list[object]]) -> dict[str, list[object]]:
    """The outcomes of a run in peace, with a cache of its own, which is made once for all tests."""
    if not known_outcomes:
        done = bench_(*run(baseline=CHOSEN, results_dir="peace"), "--cache-dir", "peace-cache")
        assert done.exit_code == 0, done.output
        known_outcomes.update(outcomes(kept(workshop / "peace")))
        forget()
    return known_outcomes


def left_over(*folders: Path) -> list[Path]:
    return [p for folder in folders for p in folder.rglob("*") if p.suffix in (".new", ".old", ".part", ".scratch")]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may become larger, as on a full disk; the system's own error for it is EFBIG."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [100, 1_000, 5_000, 8_000, 12_000])
def test_files_that_cannot_grow_end_the_run_in_one_line_and_it_goes_on_later(
        bench_: Bench, workshop: Path, cache: Path, undisturbed: dict[str, list[object]], size: int):
    with largest_file(size):
        stopped = bench_(*run(baseline=CHOSEN))
    refused(stopped, "File too large")
    forget()
    again = bench_(*run(baseline=CHOSEN))
    assert again.exit_code == 0, again.output
    assert outcomes(kept(workshop / "results")) == undisturbed
    assert left_over(workshop / "results", cache) == []


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A disk of that size; the function given remounts it with other options."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this user may not mount a disk")
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", ["40k", "160k", "320k"])
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_full_disk_ends_the_run_in_one_line_and_it_goes_on_when_there_is_room(
        bench_: Bench, workshop: Path, undisturbed: dict[str, list[object]], size: str):
    full = workshop / "full"
    with disk(full, size) as remount:
        arguments = [*run(baseline=CHOSEN, results_dir=full / "results"), "--cache-dir", full / "cache"]
        refused(bench_(*arguments), "No space left on device")
        forget()
        remount("size=100m")
        again = bench_(*arguments)
        assert again.exit_code == 0, again.output
        assert outcomes(kept(full / "results")) == undisturbed
        assert left_over(full) == []
        forget()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.parametrize("what", ["results", "cache"])
def test_a_read_only_folder_is_one_line(bench_: Bench, workshop: Path, undisturbed: dict[str, list[object]], what: str):
    folder = workshop / "locked"
    with disk(folder, "50m") as remount:
        remount("ro")
        given = {"results_dir": folder / "results"} if what == "results" else {"cache_dir": folder / "cache"}
        refused(bench_(*run(baseline=CHOSEN, **given)), "Read-only file system")
        remount("rw")
        assert bench_(*run(baseline=CHOSEN, **given)).exit_code == 0
        forget()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_read_only_cache_that_has_all_is_used(bench_: Bench, workshop: Path, undisturbed: dict[str, list[object]],
                                                jobs: int):
    folder = workshop / "locked"
    with disk(folder, "50m") as remount:
        assert bench_(*run(baseline=CHOSEN, results_dir="first", cache_dir=folder / "cache")).exit_code == 0
        forget()
        for lock in (folder / "cache").rglob("*.lock"):
            lock.unlink()
        remount("ro")
        again = bench_(*run(baseline=CHOSEN, cache_dir=folder / "cache", jobs=jobs))
        assert again.exit_code == 0, again.output
        assert outcomes(kept(workshop / "results")) == undisturbed
        refused(bench_(*run(baseline=CHOSEN, cache_dir=folder / "cache", results_dir="more", epochs=2)),
                "Read-only file system")
        forget()


def test_a_cache_that_is_removed_under_a_run_costs_no_more_than_a_second_run(
        bench_: Bench, workshop: Path, undisturbed: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch):
    (workshop / "plugin").mkdir()
    (workshop / "plugin" / "removing_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(workshop / "plugin"))
    first = bench_(*run(baseline=["removing_plugin:removes", *CHOSEN]))
    assert first.exit_code in (0, 1), first.output
    assert "Traceback" not in first.output
    failed = [r for r in kept(workshop / "results") if r.status == "failed"]
    assert all("cache" in r.error for r in failed), [r.error for r in failed]
    forget()
    again = bench_(*run(baseline=CHOSEN))
    assert again.exit_code == 0, again.output
    good = [r for r in kept(workshop / "results") if r.status == "ok" and r.baseline in CHOSEN]
    assert outcomes(good) == undisturbed


@pytest.mark.parametrize("ahead", [86_400, 10 * 365 * 86_400])
def test_a_clock_that_jumps_back_changes_nothing(bench_: Bench, workshop: Path, cache: Path, ahead: int,
                                                 undisturbed: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch):
    assert bench_(*run(baseline=CHOSEN, budgets="8")).exit_code == 0
    for path in [*cache.rglob("*"), *(workshop / "results").rglob("*"), *(workshop / "data").rglob("*")]:
        os.utime(path, (time.time() + ahead, time.time() + ahead))
    now = [time.time() - ahead]

    def backwards() -> float:
        now[0] -= 60.0
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    forget()
    again = bench_(*run(baseline=CHOSEN))
    assert again.exit_code == 0, again.output
    assert "4 of 4 trials are done already" in again.stderr
    assert "base: epoch" not in again.stderr
    assert outcomes(kept(workshop / "results")) == undisturbed


def test_a_user_without_a_home_is_told_how_to_name_a_cache(bench_: Bench, workshop: Path,
                                                           monkeypatch: pytest.MonkeyPatch):
    for name in ("HOME", "XDG_CACHE_HOME", "TRANSFERBENCH_CACHE"):
        monkeypatch.delenv(name, raising=False)

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    before = sorted(workshop.iterdir())
    refused(bench_(*run(baseline="majority")), "no home folder", "--cache-dir or TRANSFERBENCH_CACHE")
    assert sorted(workshop.iterdir()) == before
    assert bench_(*run(baseline="majority"), "--cache-dir", "mine").exit_code == 0


@pytest.mark.parametrize(("error", "said"), [
    (MemoryError(), "not enough memory"), (OSError(28, "No space left on device", "/x"), "No space left on device: /x"),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
    (RuntimeError("can't start new thread"), "not enough memory"), (OSError(24, "Too many open files"), "Too many"),
    (ImportError("libx.so: failed to map segment from shared object"), "not enough memory")])
def test_what_the_machine_lacks_is_one_line(bench_: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception,
                                            said: str):
    def fails(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("bench.runs.inputs.load", fails)
    refused(bench_(*run(baseline="majority")), said)


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2"), OSError(2, "No such file"), ImportError("no name x")])
def test_a_bug_keeps_its_traceback(bench_: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception):
    def fails(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("bench.runs.inputs.load", fails)
    assert bench_(*run(baseline="majority")).exception is error
