"""The differences between all baselines at one budget, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, Sample, SamplingVariance, variance_parts
from bench.analysis.seed_spread import SeedScores, moderated
from bench.core.budget import NO_LABELS, Budget, in_order


@dataclass(frozen=True)
class PairwiseDifferences:
    """The differences of the leading scores of k baselines, at one budget or over all of them."""

    names: tuple[str, ...]  # of the baselines, in the order of the rows
    difference: Array  # [k, k], row minus column
    variance: SamplingVariance  # of arrays [k, k]; the seeds' part is pooled over budgets and strategies
    predictions: tuple[TestPredictions, ...] = ()  # at one budget


def differences_by_budget(predictions: Sequence[TestPredictions],
                          sizes: Mapping[Budget, int] | None = None) -> list[PairwiseDifferences]:
    """The differences at each budget, the smallest budget first; `sizes` gives the labels of each budget.

    A budget of 0 neither lends nor borrows the spread over seeds: few strategies are there, and no labels are drawn.
    """
    found = [pairwise_differences([p for p in predictions if p.budget == b])
             for b in in_order({p.budget for p in predictions})]
    pools = [[d for d in found if (d.predictions[0].budget == NO_LABELS) == alone] for alone in (True, False)]
    return [replace(d, variance=v) for pool in pools
            for d, v in zip(pool, moderated(seed_scores(pool, sizes), [d.variance for d in pool]), strict=True)]


def seed_scores(differences: Sequence[PairwiseDifferences],
                sizes: Mapping[Budget, int] | None = None) -> list[SeedScores]:
    """The scores by seed at each budget; "full" is put at four times the largest number where its size is unknown."""
    budgets = [d.predictions[0].budget for d in differences]
    largest = max([b for b in budgets if isinstance(b, int)], default=1)
    labels = [(sizes or {}).get(b) or (b if isinstance(b, int) else 4 * largest) for b in budgets]
    return [_seed_scores(d, n) for d, n in zip(differences, labels, strict=True)]


def _seed_scores(differences: PairwiseDifferences, labels: int) -> SeedScores:
    samples, variance = [p.score() for p in differences.predictions], differences.variance
    return SeedScores(differences.names, labels, np.stack([s.value for s in samples]),
                      np.asarray(variance.interaction, np.float64) * variance.seeds,
                      np.array([bool((np.ptp(s.influence, axis=0) < 1e-12).all()) for s in samples], np.bool_))


def pairwise_differences(predictions: list[TestPredictions]) -> PairwiseDifferences:
    """The differences at one budget, each with its own variance."""
    difference, variance = mean_differences([p.score() for p in predictions])
    return PairwiseDifferences(tuple(p.baseline for p in predictions), difference, variance, tuple(predictions))


def mean_differences(samples: Sequence[Sample]) -> tuple[Array, SamplingVariance]:
    """All differences [k, k] of the mean scores (row minus column) and their variances."""
    k = len(samples)
    value, influence = np.stack([s.value for s in samples]), np.stack([s.influence for s in samples])
    unseen = np.array([s.unseen for s in samples])
    seeds, n = samples[0].influence.shape
    parts = np.zeros((5, k, k))
    for i in range(1, k):
        columns = variance_parts(value[i] - value[:i], influence[i] - influence[:i], unseen[i] + unseen[:i])
        parts[:, i, :i] = parts[:, :i, i] = columns
    mean = value.mean(axis=1)
    from_seeds, from_texts, interaction, clear_from_texts, signed = parts
    return mean[:, None] - mean[None, :], SamplingVariance(from_seeds, from_texts, interaction, seeds, n,
                                                           clear_from_texts, signed)
