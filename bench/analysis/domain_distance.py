"""Domain distances beside the gains that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.inference import LEVEL
from bench.analysis.scores import Array, Interval
from bench.analysis.study import Study
from bench.core.budget import Budget
from bench.core.names import TaskRef
from bench.core.seeds import generator_for as generator

FEWEST = 5  # targets, under which no correlation is given


DRAWS = 2_000


@dataclass(frozen=True)
class Distance:
    """A target's distance from a source; all are symmetric draws of training texts, no label is used."""

    target: str
    proxy_a: float  # 2 (1 - 2 error) of a linear classifier that tells the sides apart: 0 alike, 2 told apart always
    known: float  # share of the target's running words that the source has
    shared: float  # share of the words of either that both have (Jaccard)
    mmd: float  # squared maximum mean discrepancy of the base's features, unbiased: about 0 for the same texts


@dataclass(frozen=True)
class DistanceAndGain:
    """A distance and the gain at one cell; None where there is none."""

    distance: Distance
    gain: Interval | None  # points over scratch


@dataclass(frozen=True)
class DistanceTable:
    """Distances and gains over targets, and how their ranks go together (None below five targets)."""

    source: str
    baseline: str
    budget: Budget
    rows: tuple[DistanceAndGain, ...]
    correlations: dict[str, Interval | None]  # Spearman's, by distance






def beside(
    found: Sequence[Distance], studies: Sequence[Study], source: str, baseline: str, budget: Budget
) -> DistanceTable:
    """The distances with the measured gains, and rank correlations over the targets that have both."""
    gains: dict[str, Interval] = {}
    for study in studies:
        standing = study.at(budget)
        if standing is not None and TaskRef.parse(study.board.source).task == TaskRef.parse(source).task:
            own = next((r.gain for r in standing.rows if r.baseline == baseline), None)
            if own is not None:
                gains[study.board.target] = own
    rows = tuple(DistanceAndGain(d, gains.get(d.target)) for d in found)
    both = [(r.distance, r.gain.estimate) for r in rows if r.gain is not None]
    correlations = {name: spearman(np.array([getattr(d, name) for d, _ in both]), np.array([g for _, g in both]))
                    for name in ("proxy_a", "known", "shared", "mmd")}
    return DistanceTable(source, baseline, budget, rows, correlations)


def spearman(x: Array, y: Array) -> Interval | None:
    """Spearman's rank correlation with a bootstrap interval; None below five pairs or where one side is constant."""
    from scipy.stats import rankdata

    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    rng = generator("spearman", len(x))
    rows = np.concatenate([np.arange(len(x))[None], rng.integers(len(x), size=(DRAWS, len(x)))])
    a, b = (rankdata(v[rows], axis=1) for v in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    r = (a * b).sum(axis=1)[norm > 0] / norm[norm > 0]
    low, high = np.quantile(r[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(r[0]), float(low), float(high))


NAMES = {"proxy_a": "proxy A-distance", "known": "known words", "shared": "shared words", "mmd": "MMD²"}
