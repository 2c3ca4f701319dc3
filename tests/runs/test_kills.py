"""Two kills of a small real run; `make stress` has two hundred."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

KILLS = Path(__file__).parents[1] / "kills.py"


def killed(folder: Path, kills: int, seed: int = 0, seconds: float = 600.0) -> dict[str, Any]:
    """What `kills.py` reports, out of a process of its own: it forks, and this one may have threads."""
    command = [sys.executable, str(KILLS), str(folder), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_runs_killed_or_side_by_side_leave_the_records_of_an_undisturbed_one_and_nothing_else(tmp_path: Path):
    found = killed(tmp_path, 2)
    assert found["wrong"] == []
    assert found["kills"] == 2
    assert found["records"] == 12
    assert found["two_at_once"] == 1
