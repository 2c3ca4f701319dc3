"""Two hundred kills of a small real run, at every phase of it."""

from __future__ import annotations

import sys
from pathlib import Path

from test_kills import killed

PHASES = {"1 download", "2 data", "3 base", "4 trials"}


def test_two_hundred_kills_lose_nothing_double_nothing_and_leave_nothing(tmp_path: Path):
    found = killed(tmp_path, 200, seed=1, seconds=7200)
    sys.stdout.write(f"{found}\n")
    assert found["wrong"] == []
    assert found["kills"] == 200
    assert found["two_at_once"] == 10
    assert {phase.split(",")[0] for phase in found["where"]} >= PHASES
