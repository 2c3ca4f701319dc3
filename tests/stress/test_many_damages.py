"""Three hundred damaged files of a finished run's cache and results."""

from __future__ import annotations

import sys
from pathlib import Path

from conftest import Bench
from test_damage import survive


def test_three_hundred_damaged_files_change_no_score(bench_: Bench, workshop: Path, cache: Path):
    seen = survive(bench_, workshop, cache, 300, seed=1)
    sys.stdout.write(f"{dict(seen)}\n")
    assert sum(seen.values()) == 300
