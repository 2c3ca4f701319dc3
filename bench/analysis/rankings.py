"""The baselines of a leaderboard ranked at each budget: scores with intervals, gains with a verdict, shared ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis import bootstrap, inference, power
from bench.analysis.boards import only_row_of
from bench.analysis.leaderboard import SCRATCH
from bench.analysis.multiplicity import adjusted_p_values
from bench.analysis.pairwise import PairwiseDifferences, differences_by_budget
from bench.analysis.power import RequiredSample
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, Interval
from bench.core.budget import Budget

NEUTRAL = 2.0  # points; a gain within ± this many would change nobody's choice
ALPHA = 0.05
HELPS, HARMS, SAME, OPEN = "helps", "harms", "neutral", "underpowered"


@dataclass(frozen=True)
class RankedBaseline:
    """One baseline at one budget, over all seeds."""

    baseline: str
    score: Interval  # the leading score
    auc: Interval | None
    rank: int  # 1: nothing is significantly better
    best: float  # share of resamples in which it has the highest score
    gain: Interval | None  # points over scratch; None for scratch itself, and where scratch is incomplete
    verdict: str  # helps, harms, neutral or underpowered; empty without a gain
    p: float | None  # of the gain, Holm-corrected over all pairs of the leaderboard
    adapt: float  # seconds


@dataclass(frozen=True)
class Ranking:
    """The baselines of a leaderboard at one budget."""

    budget: Budget
    n_train: int
    seeds: int
    n_test: int
    rows: tuple[RankedBaseline, ...]  # the highest mean first
    lead: Interval | None  # points by which the first is ahead of the second
    lead_p: float | None  # of the lead, Holm-corrected over all pairs of the leaderboard
    detectable: float | None  # points between the first two that a test would detect with 80% power
    need: RequiredSample  # to separate the first two

    @property
    def tied(self) -> tuple[str, ...]:
        """Those that share rank 1 with the first."""
        return tuple(r.baseline for r in self.rows[1:] if r.rank == 1)


def rankings(predictions: Sequence[TestPredictions], sizes: Mapping[Budget, int]) -> list[Ranking]:
    """One ranking per budget, the smallest budget first; `sizes` gives the number of labels of each budget."""
    differences = differences_by_budget(predictions)
    p = adjusted_p_values([d.contrasts() for d in differences])
    scratch = only_row_of(SCRATCH, dict.fromkeys(x.baseline for x in predictions))
    return [_ranking(d, d.as_square(q), sizes.get(d.predictions[0].budget, 0), scratch)
            for d, q in zip(differences, p, strict=True)]


def _ranking(differences: PairwiseDifferences, p: Array, n_train: int, scratch_row: str | None) -> Ranking:
    predictions, variance = differences.predictions, differences.variance
    samples = [x.score() for x in predictions]
    mean = np.array([s.value.mean() for s in samples])
    rank = inference.ranks(mean, p)
    replicates = bootstrap.replicates(samples, bootstrap.resamples(variance.seeds, variance.texts))
    best = np.bincount(replicates.argmax(axis=1), minlength=len(samples)) / len(replicates)
    gains = _gains(differences, p, scratch_row)
    order = sorted(range(len(samples)), key=lambda i: (-mean[i], predictions[i].baseline))
    rows = []
    for i in order:
        auc = predictions[i].auc()
        gain, gain_verdict, gain_p = gains.get(i, (None, "", None))
        rows.append(RankedBaseline(predictions[i].baseline, inference.score_interval(samples[i]),
                                   None if auc is None else inference.score_interval(auc), int(rank[i]),
                                   float(best[i]), gain, gain_verdict, gain_p, predictions[i].adapt))
    lead, lead_p, detectable, need = None, None, None, RequiredSample(None, None)
    if len(order) > 1:
        a, b = order[:2]
        of_lead = variance.at(a, b)
        lead = inference.difference_interval(samples[a] - samples[b]).times(100)
        lead_p, detectable = float(p[a, b]), 100 * power.detectable_difference(of_lead)
        need = power.required_sample(float(differences.difference[a, b]), of_lead)
    return Ranking(predictions[0].budget, n_train, variance.seeds, variance.texts, tuple(rows), lead, lead_p,
                   detectable, need)


def _gains(differences: PairwiseDifferences, p: Array,
           scratch_row: str | None) -> dict[int, tuple[Interval, str, float]]:
    """For each baseline but scratch, by its place: gain in points, verdict, corrected p."""
    names = [x.baseline for x in differences.predictions]
    if scratch_row is None or scratch_row not in names:
        return {}
    scratch = names.index(scratch_row)
    gains = {}
    for i in range(len(names)):
        if i == scratch:
            continue
        variance, corrected = differences.variance.at(i, scratch), float(p[i, scratch])
        gain = 100 * float(differences.difference[i, scratch])
        error = 100 * float(variance.standard_error)
        half = float(inference.critical_value(variance)) * error
        half_90 = float(inference.critical_value(variance, 2 * ALPHA)) * error  # two one-sided tests at 5%
        gains[i] = Interval(gain, gain - half, gain + half), verdict(gain, half_90, corrected), corrected
    return gains


def verdict(gain: float, half: float, p: float) -> str:
    """Helps or harms if the corrected test is significant; neutral if the 90% interval lies within ±2 points.

    The latter is Schuirmann's (1987) equivalence test; `half` is half the width of that interval. Anything else is
    underpowered: more seeds or texts would decide.
    """
    if p <= ALPHA:
        return HELPS if gain > 0 else HARMS
    return SAME if abs(gain) + half <= NEUTRAL else OPEN
