"""One verdict over all budgets: strategies compared by the area under their learning curves.

Tests at eight budgets ask one question eight times. The mean score over the curve, by the logarithm of the
labels, asks it once, with less noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis import inference, multiplicity
from bench.analysis.leaderboard import SCRATCH
from bench.analysis.pairwise import PairwiseDifferences, mean_differences, seed_scores
from bench.analysis.rankings import SOURCE_ONLY, behind_first, bold_first, gains
from bench.analysis.scores import Array, Interval, Sample
from bench.analysis.seed_spread import pool_of
from bench.core.budget import NO_LABELS, Budget

NESTED = 1.5  # how much the seeds' variance of a mean over budgets exceeds that of independent budgets: records of
NESTED_FREEDOM = 12.0  # version 0.1 gave 1.6, since the labels of a budget are among those of the next


@dataclass(frozen=True)
class SummaryRow:
    """One baseline over all budgets."""

    baseline: str
    score: Interval  # mean leading score over the learning curve
    rank: int  # 1: may be the best
    gain: Interval | None  # points over scratch, mean over the curve
    verdict: str  # as at one budget
    p: float | None  # for the family of gains
    behind: Interval  # points behind the first
    gain_over_source: Interval | None


@dataclass(frozen=True)
class CurveSummary:
    """The baselines that are complete at every budget, by their mean score over the learning curve."""

    budgets: tuple[Budget, ...]
    rows: tuple[SummaryRow, ...]  # the highest first


def curve_summary(by_budget: Sequence[PairwiseDifferences], sizes: Mapping[Budget, int]) -> CurveSummary | None:
    """The summary; None with fewer than two budgets, or where the budgets have different seeds.

    A budget of 0 has no place on a curve over the logarithm of the labels, and most baselines have no score there.
    """
    by_budget = [d for d in by_budget if d.predictions[0].budget != NO_LABELS]
    if len(by_budget) < 2 or len({d.predictions[0].seeds for d in by_budget}) > 1:
        return None
    names = [n for n in by_budget[0].names if all(n in d.names for d in by_budget)]
    if not names:
        return None
    weights = curve_weights([max(sizes.get(d.predictions[0].budget, 1), 1) for d in by_budget])
    samples = [mean_sample([d.predictions[d.names.index(n)].score() for d in by_budget], weights) for n in names]
    over_curve = _differences(names, samples, by_budget, weights, sizes)
    mean = [float(s.value.mean()) for s in samples]
    order = sorted(range(len(names)), key=lambda i: (-round(mean[i], 9), names[i]))
    behind = behind_first(over_curve, order[0])
    ranks = bold_first(order, behind, multiplicity.worse_p_value(over_curve.difference, over_curve.variance))
    over_scratch, over_source = gains(over_curve, SCRATCH), gains(over_curve, SOURCE_ONLY)
    rows = []
    for i in order:
        gain, verdict, p = over_scratch.get(i, (None, "", None))
        rows.append(SummaryRow(names[i], inference.score_interval(samples[i]), ranks[i], gain, verdict, p, behind[i],
                               over_source.get(i, (None,))[0]))
    return CurveSummary(tuple(d.predictions[0].budget for d in by_budget), tuple(rows))


def curve_weights(labels: Sequence[int]) -> Array:
    """The weight of each budget in the area under a curve over the logarithm of the labels; together 1."""
    x = np.log(np.asarray(labels, np.float64))
    steps = np.diff(x)
    weights = np.concatenate([steps, [0.0]]) + np.concatenate([[0.0], steps])
    return np.asarray(weights / weights.sum() if weights.sum() > 0 else np.full(len(x), 1 / len(x)), np.float64)


def mean_sample(samples: Sequence[Sample], weights: Array) -> Sample:
    """The weighted mean of scores of the same seeds on the same texts."""
    return Sample(np.tensordot(weights, [s.value for s in samples], 1),
                  np.tensordot(weights, [s.influence for s in samples], 1), samples[0].smallest,
                  float(weights @ [s.unseen for s in samples]),
                  tuple((m, float(sum(w * s.recalls[c][1] for w, s in zip(weights, samples, strict=True))))
                        for c, (m, _) in enumerate(samples[0].recalls)))


def _differences(names: Sequence[str], samples: Sequence[Sample], by_budget: Sequence[PairwiseDifferences],
                 weights: Array, sizes: Mapping[Budget, int]) -> PairwiseDifferences:
    """The differences over the curve; the seeds' part from the pools of the budgets, times what nested labels add."""
    difference, variance = mean_differences(samples)
    if variance.seeds > 1 and len(names) > 1:
        picked = [d.variance.at(*np.ix_([d.names.index(n) for n in names], [d.names.index(n) for n in names]))
                  for d in by_budget]
        independent = sum(w**2 * v.from_seeds for w, v in zip(weights, picked, strict=True))
        factor, freedom = _nested(by_budget, weights, sizes)
        own = np.mean([1 / v.freedom for v in picked], axis=0)
        variance = replace(variance, from_seeds=np.maximum(factor * independent, variance.interaction),
                           freedom=1 / (own + 1 / freedom),
                           shared=np.mean([np.broadcast_to(v.shared, own.shape) for v in picked], axis=0))
    return PairwiseDifferences(tuple(names), difference, variance)


def _nested(by_budget: Sequence[PairwiseDifferences], weights: Array,
            sizes: Mapping[Budget, int]) -> tuple[float, float]:
    """How much larger the seeds' variance of a mean over budgets is than if budgets were independent; its freedom."""
    from scipy.special import fdtrc

    pool = pool_of(tuple(seed_scores(by_budget, sizes)))
    shared = [n for n in pool.panel if all(n in c.names for c in pool.cells)]
    if len(shared) < 2:
        return NESTED, NESTED_FREEDOM
    values = np.array([[c.values[c.names.index(n)] for n in shared] for c in pool.cells])  # [budgets, panel, seeds]
    values = values - values.mean(axis=1, keepdims=True)
    freedom = (len(shared) - 1) * (values.shape[2] - 1)
    squares = values.var(axis=2, ddof=1).sum(axis=1) / (len(shared) - 1)
    mean = np.tensordot(weights, values, 1).var(axis=1, ddof=1).sum() / (len(shared) - 1)
    expected = float((weights**2 * squares).sum())
    if expected <= 0:
        return 1.0, NESTED_FREEDOM
    found = mean / expected
    if fdtrc(freedom, freedom * len(weights), found / NESTED) < 0.05:
        return float(found), freedom
    total = freedom + NESTED_FREEDOM
    return float(max(1.0, (freedom * found + NESTED_FREEDOM * NESTED) / total)), total
