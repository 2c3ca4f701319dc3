"""Pure statistics of test sets: scores with intervals, paired differences, tests, ranks and power.

A score of S trained models (one a seed) on the same n texts has two sources of chance: the seeds and the texts. Both
are in every interval here. For each score the texts' share comes from its influence values (what a text adds to the
score, minus the mean): for AUC these are DeLong's placements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its 95% interval."""

    estimate: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """In another unit: scores as points."""
        return Interval(self.estimate * factor, self.low * factor, self.high * factor)

    def __contains__(self, value: float) -> bool:
        """Whether the value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Sample:
    """A score of the models of S seeds on the same n texts."""

    value: Array  # [seeds]
    influence: Array  # [seeds, texts]: their mean is 0, and the sum of their squares / n² is the texts' variance
    smallest: int  # texts of the rarest class, or all: how many a perfect score was earned on

    def __sub__(self, other: Sample) -> Sample:
        """The paired difference, seed by seed and text by text."""
        return Sample(self.value - other.value, self.influence - other.influence, min(self.smallest, other.smallest))


@dataclass(frozen=True)
class ErrorParts:
    """The variance of a mean over seeds and texts, by source; numbers, or arrays of one shape."""

    seeds_share: Any  # of the mean over seeds, what the seeds' spread gives (with their interplay with the texts)
    texts_share: Any  # what the choice of texts gives, alike for all seeds
    interplay: Any  # of the mean: which texts a seed gets right; already inside `seeds_share`
    seeds: int
    texts: int
    texts_certain: Any  # `texts_share` where it is more than two of its own standard errors, else 0
    lent: Any = 0.0  # degrees of freedom of `seeds_share` beyond its own, from other budgets (bench/family.py)

    @property
    def error(self) -> Any:
        """The standard error."""
        return np.sqrt(self.seeds_share + self.texts_share)


# --- scores ---------------------------------------------------------------------------------------------------------

def accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> Sample:
    """Accuracy of the guesses [seeds, n] against the truth [n]."""
    right = (guess == truth).astype(np.float64)
    n = len(truth)
    value = right.mean(axis=1)
    return Sample(value, (right - value[:, None]) * np.sqrt(n / max(n - 1, 1)), n)


def balanced_accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> Sample:
    """Mean recall over the classes that the test set has; the class sizes count as given."""
    right = (guess == truth).astype(np.float64)
    classes, counts = np.unique(truth, return_counts=True)
    n, value, influence = len(truth), np.zeros(len(guess)), np.zeros(right.shape)
    for c, m in zip(classes, counts, strict=True):
        rows = truth == c
        recall = right[:, rows].mean(axis=1)
        value += recall / len(classes)
        influence[:, rows] = (right[:, rows] - recall[:, None]) * _stratum(n, m) / len(classes)
    return Sample(value, influence, int(counts.min()))


def auc(truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]) -> Sample | None:
    """Area under the ROC curve of probabilities [seeds, n, classes], one-vs-rest and averaged beyond two classes.

    The influence values are the placements of DeLong, DeLong and Clarke-Pearson (1988), found by mid-ranks as in Sun
    and Xu (2014). None where a class is absent from the test set.
    """
    seeds, n, classes = probabilities.shape
    counts = np.bincount(truth, minlength=classes)
    if (counts == 0).any() or len(counts) > classes:
        return None
    value, influence = np.zeros(seeds), np.zeros((seeds, n))
    chosen = [1] if classes == 2 else range(classes)
    for c in chosen:
        positive = truth == c
        m = int(positive.sum())
        for s in range(seeds):
            above, below = placements(positive, probabilities[s, :, c])
            area = above.mean()
            value[s] += area / len(chosen)
            influence[s, positive] += (above - area) * _stratum(n, m) / len(chosen)
            influence[s, ~positive] += (below - area) * _stratum(n, n - m) / len(chosen)
    return Sample(value, influence, int(counts.min()))


def _ranks(score: NDArray[np.floating[Any]]) -> Array:
    """As scipy.stats.rankdata, whose import alone takes a run that is done already over its time."""
    _, number, counts = np.unique(score, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[number], np.float64)


def placements(positive: NDArray[np.bool_], score: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """For each positive the share of negatives below it, for each negative the share of positives above; ties half."""
    ranks = _ranks(score)
    m, k = int(positive.sum()), int((~positive).sum())
    above = (ranks[positive] - _ranks(score[positive])) / k
    below = 1.0 - (ranks[~positive] - _ranks(score[~positive])) / m
    return above, below


def _stratum(n: int, m: int) -> float:
    """Weight of one of `m` texts of a class among `n`, with the variance's m - 1."""
    return float(n / m * np.sqrt(m / max(m - 1, 1)))


# --- intervals ------------------------------------------------------------------------------------------------------

def error_parts(sample: Sample) -> ErrorParts:
    """The variance of the sample's mean: seeds and texts are crossed, each seed's model meets each text."""
    seeds, n = sample.influence.shape
    mean = sample.influence.mean(axis=0)
    if seeds == 1:
        texts = float((mean**2).sum()) / n**2
        return ErrorParts(0.0, texts, 0.0, 1, n, texts)
    own = ((sample.influence - mean) ** 2).sum(axis=0) / ((seeds - 1) * seeds)  # of each text's mean, by seeds
    pure = mean**2 - own
    texts, error = float(pure.sum()) / n**2, float(pure.std() * np.sqrt(n)) / n**2 if own.any() else 0.0
    return ErrorParts(float(sample.value.var(ddof=1)) / seeds, max(0.0, texts), float(own.sum()) / n**2, seeds, n,
                 texts if texts > 2.0 * error else 0.0)


# --- tests ----------------------------------------------------------------------------------------------------------


# --- power ----------------------------------------------------------------------------------------------------------


