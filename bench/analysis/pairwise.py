"""The differences between all baselines at one budget, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.multiplicity import Contrasts
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, Sample, SamplingVariance, sampling_variance
from bench.core.budget import in_order


@dataclass(frozen=True)
class PairwiseDifferences:
    """The predictions of k baselines at one budget and the differences of their leading scores."""

    predictions: list[TestPredictions]
    difference: Array  # [k, k], row minus column
    variance: SamplingVariance  # of arrays [k, k]

    def contrasts(self) -> Contrasts:
        """Each pair once."""
        names = [p.baseline for p in self.predictions]
        rows, columns = np.triu_indices(len(names), 1)
        pairs = tuple((min(names[i], names[j]), max(names[i], names[j]))
                      for i, j in zip(rows, columns, strict=True))
        return Contrasts(pairs, self.difference[rows, columns], self.variance.at(rows, columns))

    def as_square(self, p: Array) -> Array:
        """The p values of the contrasts as [k, k], with 1 on the diagonal."""
        square = np.ones_like(self.difference)
        rows, columns = np.triu_indices(len(square), 1)
        square[rows, columns] = square[columns, rows] = p
        return square


def differences_by_budget(predictions: Sequence[TestPredictions]) -> list[PairwiseDifferences]:
    """The differences at each budget, the smallest budget first."""
    return [pairwise_differences([p for p in predictions if p.budget == budget])
            for budget in in_order({p.budget for p in predictions})]


def pairwise_differences(predictions: list[TestPredictions]) -> PairwiseDifferences:
    """The differences at one budget."""
    return PairwiseDifferences(predictions, *mean_differences([p.score() for p in predictions]))


def mean_differences(samples: Sequence[Sample]) -> tuple[Array, SamplingVariance]:
    """All differences [k, k] of the mean scores (row minus column) and their variances."""
    k = len(samples)
    mean = np.array([s.value.mean() for s in samples])
    from_seeds, from_texts, interaction, clear_from_texts = variances = np.zeros((4, k, k))
    for i in range(k):
        for j in range(i):
            v = sampling_variance(samples[i] - samples[j])
            variances[:, i, j] = variances[:, j, i] = v.from_seeds, v.from_texts, v.interaction, v.clear_from_texts
    seeds, n = samples[0].influence.shape
    return mean[:, None] - mean[None, :], SamplingVariance(from_seeds, from_texts, interaction, seeds, n,
                                                           clear_from_texts)
