"""A run in a hostile environment predicts the same bits; `make stress` tries each of `surroundings.py` by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from surroundings import EVERYTHING, Case, Surroundings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell sets it up")


def test_a_run_with_everything_against_it_predicts_the_same_bits(tmp_path: Path):
    found = []
    for name, around in (("usual", Surroundings()), ("hostile", EVERYTHING)):
        case = Case(tmp_path / name, around)
        done = case.run("-b", "nb:fit") if around.files else case.run()
        assert done.returncode == 0, done.stderr
        found.append({key: value for key, value in case.predictions().items() if key[0] != "nb:fit"})
        assert len(case.predictions()) == (6 if around.files else 4)
    assert found[0] == found[1]
