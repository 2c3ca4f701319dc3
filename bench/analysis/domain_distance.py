"""Distances between domains, next to the gains that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.analysis.across_targets import corpora_of
from bench.analysis.inference import LEVEL, holm
from bench.analysis.scores import Array, Interval
from bench.analysis.study import Study, with_one_zero
from bench.core.budget import Budget
from bench.core.names import TaskRef
from bench.core.seeds import generator_for

FEWEST = 5  # corpora; no correlation is given below that
DRAWS = 2_000
NAMES: Mapping[str, str] = {"proxy_a": "proxy A-distance", "known": "known words", "shared": "shared words",
                            "mmd": "MMD²"}


@dataclass(frozen=True)
class DomainDistance:
    """How far a target is from a source, measured on random training texts of both, without labels."""

    target: str
    proxy_a: float  # 2 (1 - 2 error) of a linear classifier of the two domains: 0 alike, 2 always told apart
    known: float  # share of the target's running words that the source has
    shared: float  # share of the words of either domain that both have (Jaccard)
    mmd: float  # squared maximum mean discrepancy of the base's features, unbiased: about 0 for the same texts


@dataclass(frozen=True)
class DistanceAndGain:
    """A distance and the gain in one cell; None where no gain was measured."""

    distance: DomainDistance
    gain: Interval | None  # points over scratch


@dataclass(frozen=True)
class DistancesAndGains:
    """Distances and gains over targets, and how their ranks correlate."""

    source: str
    baseline: str
    budget: Budget
    rows: tuple[DistanceAndGain, ...]
    correlations: dict[str, Interval | None]  # Spearman's, by distance; None below five corpora
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by target: titles of its leaderboards
    p_values: dict[str, float] = field(default_factory=dict)  # exact (permutations), Holm-corrected over the distances
    corpora: int = 0  # with a distance and a gain: targets of one corpus count together
    other_zero: tuple[str, ...] = ()  # targets without a gain, since theirs is over an earlier recipe of scratch


def distances_and_gains(distances: Sequence[DomainDistance], studies: Sequence[Study], source: str, baseline: str,
                        budget: Budget) -> DistancesAndGains:
    """The distances with the measured gains, and rank correlations over the targets that have both.

    A target with several leaderboards has no gain: none of them is the one that belongs to the distance.
    """
    gains: dict[str, Interval] = {}
    ambiguous: dict[str, list[str]] = {}
    of_source = [s for s in studies if TaskRef.parse(s.board.source).task == TaskRef.parse(source).task]
    of_source, earlier = with_one_zero([s for s in of_source if s.at(budget) is not None])
    for study in of_source:
        ranking = study.at(budget)
        if ranking is not None:
            gain = next((row.gain for row in ranking.rows if row.baseline == baseline), None)
            if gain is not None:
                gains[study.board.target] = gain
                ambiguous.setdefault(study.board.target, []).append(study.board.title)
    ambiguous = {target: titles for target, titles in ambiguous.items() if len(titles) > 1}
    rows = tuple(DistanceAndGain(d, None if d.target in ambiguous else gains.get(d.target)) for d in distances)
    measured = {d.target for d in distances}
    both = {r.distance.target: (r.distance, r.gain.estimate) for r in rows if r.gain is not None}
    corpora = corpora_of(list(both))
    mean_gain = np.array([np.mean([both[t][1] for t in corpus]) for corpus in corpora])
    by_name = {name: np.array([np.mean([getattr(both[t][0], name) for t in corpus]) for corpus in corpora])
               for name in NAMES}
    correlations = {name: spearman(x, mean_gain) for name, x in by_name.items()}
    known = [name for name, r in correlations.items() if r is not None]
    corrected = holm([permutation_p(by_name[name], mean_gain) for name in known])
    return DistancesAndGains(source, baseline, budget, rows, correlations,
                             {target: tuple(titles) for target, titles in ambiguous.items() if target in measured},
                             {name: float(p) for name, p in zip(known, corrected, strict=True)}, len(corpora),
                             tuple(s.board.target for s in earlier if s.board.target in measured - set(gains)))


def permutation_p(x: Array, y: Array) -> float:
    """Two-sided p of Spearman's correlation by permutations: all of them up to eight pairs, else 20,000 at random."""
    from itertools import permutations

    from scipy.stats import rankdata

    a, b = rankdata(x), rankdata(y)
    if len(a) <= 8:
        orders = np.array(list(permutations(range(len(a)))))
    else:
        rng = generator_for("permutations", len(a))
        orders = np.concatenate([np.arange(len(a))[None], np.argsort(rng.random((20_000, len(a))), axis=1)])
    a, b = a - a.mean(), b - b.mean()
    found = np.abs(b[orders] @ a)
    return float((found >= abs(float(a @ b)) - 1e-9).mean())


def spearman(x: Array, y: Array) -> Interval | None:
    """Spearman's rank correlation with a bootstrap interval; None below five pairs or where x or y is constant."""
    from scipy.stats import rankdata

    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    rng = generator_for("spearman", len(x))
    rows = np.concatenate([np.arange(len(x))[None], rng.integers(len(x), size=(DRAWS, len(x)))])
    a, b = (rankdata(v[rows], axis=1) for v in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    r = (a * b).sum(axis=1)[norm > 0] / norm[norm > 0]
    low, high = np.quantile(r[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(r[0]), float(low), float(high))
