"""Hostile records through every command that reads results, and thousands of random command lines."""

from __future__ import annotations

import random
from pathlib import Path

import command_lines
import pytest
from hostile import ran, reading_of_results, results_folder


@pytest.mark.timeout(3600)
def test_hostile_records_through_every_command(tmp_path: Path):
    for seed in range(40):
        for words in reading_of_results(results_folder(tmp_path / str(seed), random.Random(seed), 25)):
            ran(*words)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [11, 12])
def test_random_command_lines(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(command_lines.workshop(tmp_path / "work"))
    assert set(command_lines.fuzzed(seed, 1_500)) <= {0, 1, 2}
