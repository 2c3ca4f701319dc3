"""The coverage table of docs/statistics.md: 500 cases a cell. Run with `-s` to see it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from test_stats import SPREADS, coverage

CASES = 500


@pytest.mark.parametrize("seeds", [3, 5])
def test_95_percent_intervals_hold_93_to_97_percent_of_the_truths(seeds: int):
    found = []
    for n in (200, 2000):
        for i, spread in enumerate(SPREADS):
            found.append(coverage(seeds, spread, CASES, n, 100 * seeds + 10 * i + n))
            print(seeds, n, spread, found[-1])
    for name in found[0]:
        assert 0.93 <= np.mean([f[name] for f in found]) <= 0.97, name
