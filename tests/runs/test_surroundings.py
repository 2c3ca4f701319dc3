"""A run in a hostile environment predicts the same bits; `make stress` tries each of `surroundings.py` by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from surroundings import EVERYTHING, Case, Surroundings
from typer.testing import CliRunner

from bench.cli.app import app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell sets it up")


def test_a_run_with_everything_against_it_predicts_the_same_bits(tmp_path: Path):
    usual, hostile = Case(tmp_path / "usual", Surroundings()), Case(tmp_path / "hostile", EVERYTHING)
    here = CliRunner().invoke(app, list(map(str, usual.words(jobs=1))))  # what is usual needs no process of its own
    assert here.exit_code == 0, here.output
    done = hostile.run("-b", "nb:fit")
    assert done.returncode == 0, done.stderr
    found = hostile.predictions()
    assert len(found) == 6
    assert {key: value for key, value in found.items() if key[0] != "nb:fit"} == usual.predictions()
    assert len(usual.predictions()) == 4
