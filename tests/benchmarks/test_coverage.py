"""The simulated tables of docs/statistics.md: `pytest tests/benchmarks/test_coverage.py -s`.

About half an hour on one core, most of it for false calls and power; `-k` chooses a table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))
import hard_cases
from simulated import POINTS, SPREADS, simulated
from test_scores import SPREADS as SCORE_SPREADS
from test_scores import coverage

CASES = 500
BOARDS = 60  # of equal strategies, and as many with gains; eight questions each
ERROR = float(np.sqrt(0.05 * 0.95 / (8 * BOARDS)))  # of a share of false calls, were a board's questions independent
HOMOGENEOUS = ("small", "equal", "falling")  # a spread over seeds that is alike in all strategies


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_95_percent_intervals_hold_93_to_97_percent_of_the_truths(seeds: int):
    found = []
    for n in (200, 2000):
        for i, spread in enumerate(SCORE_SPREADS):
            found.append(coverage(seeds, spread, CASES, n, 100 * seeds + 10 * i + n))
            cells = " | ".join(f"{f:.1%}{'' if 0.93 <= f <= 0.97 else ' *'}" for f in found[-1].values())
            print(f"| {seeds} | {n:,} | {spread:g} | {cells} |")
    means = {name: np.mean([f[name] for f in found]) for name in found[0]}
    print(f"| {seeds} | mean | | {' | '.join(f'{m:.1%}' for m in means.values())} |")
    assert all(0.93 <= m <= 0.97 for m in means.values()), means


@pytest.mark.parametrize("case", ["clusters", "identical", "1", "2", "5"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_intervals_hold_with_clusters_rare_classes_and_identical_seeds(case: str, seeds: int):
    scores, differences = hard_cases.coverage(case, seeds, CASES, 7)
    print(f"| {case} | {seeds} | {scores:.1%} | {differences:.1%} |")
    assert scores >= 0.93
    assert differences >= 0.93 - 2 * np.sqrt(0.05 * 0.95 / CASES)
    if not case.isdigit():
        assert max(scores, differences) <= 0.97 + 2 * np.sqrt(0.05 * 0.95 / CASES)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("name", SPREADS)
def test_false_calls_are_rare_and_gains_are_found_almost_as_by_an_oracle(name: str, seeds: int):
    found = simulated(name, seeds, BOARDS, 1000 * seeds + 10 * SPREADS.index(name) + 19)
    print(f"false: | {name} | {seeds} | {found.false:.1%} | {found.false_most:.0%} | {found.false_oracle:.1%} | "
          f"{found.false_over_curve:.0%} | {found.covered:.1%} |")
    print(f"power: | {name} | {seeds} | "
          + " | ".join(f"{found.power[x]:.0%} of {found.power_oracle[x]:.0%}" for x in POINTS)
          + f" | {', '.join(f'{found.power_over_curve[x]:.0%}' for x in POINTS)} |")
    assert found.false <= 0.05 + 3 * ERROR
    assert found.false_over_curve <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / BOARDS)
    if name in HOMOGENEOUS:
        power, oracle = sum(found.power.values()), sum(found.power_oracle.values())
        assert power >= 0.9 * oracle
        assert found.power_over_curve[10] >= 0.7
