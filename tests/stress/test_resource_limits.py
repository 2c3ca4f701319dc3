"""A process of little memory, an archive of ten gigabytes, a row of a hundred megabytes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy
from test_hostile_input import bomb

CODE = """
import resource, sys, time
from pathlib import Path
from bench.data import archives
from bench.core.errors import BenchError
from bench.data.public_formats import read
began = time.monotonic()
try:
    list(archives.members(Path(sys.argv[1]))) if sys.argv[2] != "csv" else read("csv", Path(sys.argv[1]), {})
except BenchError as error:
    print(str(error)[-60:])
print(round(time.monotonic() - began, 1), "s", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "MB")
"""


def in_a_process(path: Path, kind: str) -> tuple[str, float, int]:
    """What is said about a file, in how many seconds and MB at most."""
    command = [sys.executable, "-c", CODE, str(path), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    sys.stdout.write(f"{path.name} of {path.stat().st_size >> 20} MB: {done.stdout}\n")
    assert done.returncode == 0, done.stderr
    said, facts = done.stdout.splitlines()
    return said, float(facts.split()[0]), int(facts.split()[2])


@pytest.mark.parametrize("kind", ["zip", "tar", "csv"])
def test_ten_gigabytes_are_refused_without_filling_disk_or_memory(tmp_path: Path, kind: str):
    path = bomb(tmp_path / {"zip": "a.zip", "tar": "a.tar.gz", "csv": "a.csv.gz"}[kind], kind, 10 << 30)
    said, _, most = in_a_process(path, kind)
    assert "decompression bomb" in said
    assert most < 600


def test_a_row_of_a_hundred_megabytes_is_refused_in_bounded_memory(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood one,1\n\"" + "bad words " * 10_000_000 + "\",0\n")
    said, _, most = in_a_process(path, "csv")
    assert "is a quote missing?" in said
    assert most < 1_500


@pytest.mark.parametrize("megabytes", [300, 600, 1_000, 1_500, 2_000, 3_000, 4_000])
def test_little_memory_is_enough_or_is_one_line(tmp_path: Path, megabytes: int):
    toy.rows(300).to_csv(tmp_path / "mine.csv", index=False)
    toy.rows(300, seed=4).to_csv(tmp_path / "source.csv", index=False)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "toy-source.toml").write_text(toy.card("toy-source", "source.csv"))
    arguments = ("run --target mine.csv --source toy-source --tasks cards --data-dir . --budgets 16 --seeds 1 "
                 "--epochs 1 --jobs 1 --offline --device cpu --preset tutorial --baseline tfidf --baseline finetune "
                 "--cache-dir cache --results-dir results")

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    began = time.monotonic()
    command = [sys.executable, "-m", "bench.cli", *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
                          preexec_fn=bound, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    last = (done.stderr.strip() or "nothing").splitlines()[-1]
    sys.stdout.write(f"{megabytes} MB: exit {done.returncode} after {time.monotonic() - began:.0f} s: {last[:150]}\n")
    assert done.returncode in (0, 1, 2), done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    if done.returncode:
        assert "memory" in done.stderr
    assert megabytes < 4_000 or done.returncode == 0
