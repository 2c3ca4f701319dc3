"""The baselines of a leaderboard ranked at each budget: scores, gains with verdicts, and which may be the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis import bootstrap, inference, multiplicity, power
from bench.analysis.boards import only_row_of
from bench.analysis.leaderboard import SCRATCH
from bench.analysis.pairwise import PairwiseDifferences
from bench.analysis.power import RequiredSample
from bench.analysis.scores import Array, Interval, SamplingVariance
from bench.core.budget import Budget

LEVEL_WITHIN = 1.0  # points; a difference within ± this many would change nobody's choice
ALPHA = 0.05
HELPS, HARMS, LEVEL, OPEN = "helps", "harms", "level", "unresolved"
SOURCE_ONLY = "source-only"  # the reference that uses no label of the target


@dataclass(frozen=True)
class RankedBaseline:
    """One baseline at one budget, over all seeds."""

    baseline: str
    score: Interval  # the leading score
    auc: Interval | None
    rank: int  # 1: printed in bold, may be the best; never above the rank of a row below
    best: float  # share of resamples in which it has the highest score; equal scores share it
    gain: Interval | None  # points over scratch; None for scratch itself, and where scratch is incomplete
    verdict: str  # helps, harms, level or unresolved; empty without a gain
    p: float | None  # of the gain, for a family of gains at this budget
    adapt: float  # seconds
    behind: Interval  # points behind the first; the upper bound is simultaneous (Hsu 1981): below 0, it is not the best
    gain_over_source: Interval | None = None  # points over source-only
    level_with_best: bool = False  # an equivalence test puts it within ±1 point of the first


@dataclass(frozen=True)
class Ranking:
    """The baselines of a leaderboard at one budget."""

    budget: Budget
    n_train: int
    seeds: int
    n_test: int
    rows: tuple[RankedBaseline, ...]  # the highest mean first
    lead: Interval | None  # points by which the first is ahead of the second
    lead_p: float | None  # of the lead, for a family of comparisons with the best at this budget
    detectable: float | None  # points between the first two that a test would detect with 80% power
    need: RequiredSample  # to separate the first two
    optimism: float | None = None  # points by which being chosen as the best of many flatters the first

    @property
    def tied(self) -> tuple[str, ...]:
        """Those that share rank 1 with the first."""
        return tuple(r.baseline for r in self.rows[1:] if r.rank == 1)


def rankings(differences: Sequence[PairwiseDifferences], sizes: Mapping[Budget, int]) -> list[Ranking]:
    """One ranking per budget; `sizes` gives the number of labels of each budget."""
    return [_ranking(d, sizes.get(d.predictions[0].budget, 0)) for d in differences]


def _ranking(differences: PairwiseDifferences, n_train: int) -> Ranking:
    predictions, variance = differences.predictions, differences.variance
    samples = [x.score() for x in predictions]
    mean = np.array([s.value.mean() for s in samples])
    order = sorted(range(len(samples)), key=lambda i: (-round(float(mean[i]), 9), predictions[i].baseline))
    first = order[0]
    replicates = bootstrap.replicates(samples, bootstrap.resamples(variance.seeds, variance.texts))
    best = bootstrap.shares_of_best(replicates)
    over_scratch, over_source = gains(differences, SCRATCH), gains(differences, SOURCE_ONLY)
    behind = behind_first(differences, first)
    ranks = bold_first(order, behind, multiplicity.worse_p_value(differences.difference, variance))
    rows = []
    for i in order:
        auc = predictions[i].auc()
        gain, gain_verdict, gain_p = over_scratch.get(i, (None, "", None))
        rows.append(RankedBaseline(
            predictions[i].baseline, inference.score_interval(samples[i]),
            None if auc is None else inference.score_interval(auc), ranks[i], float(best[i]), gain, gain_verdict,
            gain_p, predictions[i].adapt, behind[i], over_source.get(i, (None,))[0],
            i != first and _equivalent(float(differences.difference[i, first]), variance.at(i, first))))
    lead, lead_p, detectable, need = None, None, None, RequiredSample(None, None)
    if len(order) > 1:
        a, b = order[:2]
        of_lead = variance.at(a, b)
        lead = interval_of(float(differences.difference[a, b]), of_lead)
        lead_p = float(multiplicity.worse_p_value(float(differences.difference[b, a]), variance.at(b, a)))
        detectable = 100 * power.detectable_difference(of_lead)
        need = power.required_sample(float(differences.difference[a, b]), of_lead,
                                     texts=len(predictions[0].truth))
    return Ranking(predictions[0].budget, n_train, variance.seeds, len(predictions[0].truth), tuple(rows), lead, lead_p,
                   detectable, need, 100 * bootstrap.optimism(replicates, mean) if len(order) > 1 else None)


def interval_of(difference: float, variance: SamplingVariance) -> Interval:
    """The 95% interval of a difference, in points."""
    half = float(inference.critical_value(variance) * variance.standard_error)
    return Interval(difference, difference - half, difference + half).times(100)


def behind_first(differences: PairwiseDifferences, first: int) -> list[Interval]:
    """Points of each baseline minus those of the first; it may be the best where the upper bound is not below 0."""
    column = differences.difference[:, first]
    variance = differences.variance.at(slice(None), first)
    half = multiplicity.best_critical_value(variance) * variance.standard_error
    half[first] = 0.0
    return [Interval(float(d), float(d - h), float(d + h)).times(100) for d, h in zip(column, half, strict=True)]


def bold_first(order: Sequence[int], behind: Sequence[Interval], worse: Array) -> list[int]:
    """The ranks, by place in the predictions: 1 is bold, and never stands below a row that is not.

    The others have 1 + the number of baselines that are significantly better, at least the rank of the row above.
    `worse` [k, k] holds the p values that the row is below the column.
    """
    ranks = [0] * len(order)
    last = 1
    for i in order:
        if last > 1 or behind[i].high < 0.0:
            last = max(last, 2, 1 + int((worse[i] <= ALPHA).sum()))
        ranks[i] = last
    return ranks


def gains(differences: PairwiseDifferences, reference: str) -> dict[int, tuple[Interval, str, float]]:
    """For each baseline but the reference, by its place: gain in points, verdict, p for the family of gains."""
    row = only_row_of(reference, differences.names)
    if row is None:
        return {}
    zero = differences.names.index(row)
    found = {}
    for i in range(len(differences.names)):
        if i == zero:
            continue
        variance, difference = differences.variance.at(i, zero), float(differences.difference[i, zero])
        p = float(multiplicity.gain_p_value(difference, variance))
        found[i] = interval_of(difference, variance), verdict(difference, variance, p), p
    return found


def verdict(difference: float, variance: SamplingVariance, p: float) -> str:
    """Helps or harms if the test of the family is significant; level if an equivalence test passes; else unresolved.

    Where both hold, the difference is certain and too small to matter: level.
    """
    if _equivalent(difference, variance):
        return LEVEL
    if p <= ALPHA:
        return HELPS if difference > 0 else HARMS
    return OPEN


def _equivalent(difference: float, variance: SamplingVariance) -> bool:
    """Schuirmann's (1987) two one-sided tests at 5%: whether the 90% interval lies within ±1 point."""
    half = float(inference.critical_value(variance, 2 * ALPHA) * variance.standard_error)
    return 100 * (abs(difference) + half) <= LEVEL_WITHIN
