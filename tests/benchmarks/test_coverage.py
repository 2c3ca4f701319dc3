"""The simulated tables of docs/statistics.md, 500 cases a cell: `pytest tests/benchmarks/test_coverage.py -s`.

About four minutes on one core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))
from test_multiplicity import SPREADS as BOARDS
from test_multiplicity import false_calls
from test_scores import SPREADS, coverage

CASES = 500
ERROR = np.sqrt(0.05 * 0.95 / CASES)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_95_percent_intervals_hold_93_to_97_percent_of_the_truths(seeds: int):
    found = []
    for n in (200, 2000):
        for i, spread in enumerate(SPREADS):
            found.append(coverage(seeds, spread, CASES, n, 100 * seeds + 10 * i + n))
            cells = " | ".join(f"{f:.1%}{'' if 0.93 <= f <= 0.97 else ' *'}" for f in found[-1].values())
            print(f"| {seeds} | {n:,} | {spread:g} | {cells} |")
    means = {name: np.mean([f[name] for f in found]) for name in found[0]}
    print(f"| {seeds} | mean | | {' | '.join(f'{m:.1%}' for m in means.values())} |")
    assert all(0.93 <= m <= 0.97 for m in means.values()), means


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_at_most_5_percent_of_leaderboards_of_equal_systems_call_anything_different(seeds: int):
    found = {name: false_calls(name, seeds, 200, CASES, 7 * seeds + i) for i, name in enumerate(BOARDS)}
    print(f"| {seeds} | {' | '.join(f'{f:.1%}' for f in found.values())} |")
    assert max(found.values()) <= 0.05 + 2 * ERROR, found
