"""Scores of a test set and their sampling variance, for several trained models (one per seed) on the same texts.

Such a score is uncertain for two reasons: the seeds and the texts. Both count here. The influence value of a text is
what it adds to the score, minus the mean; the variance that comes from the texts is computed from these values (for
AUC they are DeLong's placements).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RARE = 20  # a class with fewer test texts than this does not show how uncertain its recall is


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its 95% interval."""

    estimate: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """The same interval in another unit, such as shares as points."""
        return Interval(self.estimate * factor, self.low * factor, self.high * factor)

    def __contains__(self, value: float) -> bool:
        """Whether the value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Sample:
    """A score of several models, one per seed, on the same n texts."""

    value: Array  # [seeds]
    influence: Array  # [seeds, n]; their mean is 0, and the sum of their squares / n² is the variance due to the texts
    smallest: int  # texts of the rarest class, or all texts: the number that a perfect score rests on
    unseen: float = 0.0  # variance that so few texts of a class cannot show
    recalls: tuple[tuple[int, float], ...] = ()  # texts and mean recall of each class, where one is rare

    def __sub__(self, other: Sample) -> Sample:
        """The paired difference, seed by seed and text by text."""
        return Sample(self.value - other.value, self.influence - other.influence, min(self.smallest, other.smallest),
                      self.unseen + other.unseen)


@dataclass(frozen=True)
class SamplingVariance:
    """The variance of a mean over seeds and texts, by source: numbers, or arrays of one shape."""

    from_seeds: Any  # variance of the mean over seeds, including `interaction`
    from_texts: Any  # variance due to the choice of texts, the same for all seeds
    interaction: Any  # variance due to different seeds being right on different texts
    seeds: int
    texts: int
    clear_from_texts: Any  # `from_texts` where it exceeds twice its own standard error, else 0
    signed_from_texts: Any = None  # `from_texts` before it was kept above 0: unbiased beside `interaction`
    freedom: Any = None  # degrees of freedom of `from_seeds` where it is pooled, see seed_spread.py; None: seeds - 1
    shared: Any = 0.5  # the column's share of `from_seeds`, which all differences from it have in common

    @property
    def standard_error(self) -> Any:
        """The standard error of the mean."""
        return np.sqrt(self.from_seeds + self.from_texts)

    def at(self, *index: Any) -> SamplingVariance:
        """The variances at an index of the arrays."""
        names = ("from_seeds", "from_texts", "interaction", "clear_from_texts", "signed_from_texts", "freedom",
                 "shared")
        return replace(self, **{n: v[index] for n in names if np.ndim(v := getattr(self, n))})


def sampling_variance(sample: Sample) -> SamplingVariance:
    """The variance of the sample's mean. Seeds and texts are crossed: the model of each seed meets each text."""
    seeds, n = sample.influence.shape
    from_seeds, from_texts, interaction, clear, signed = map(
        float, variance_parts(sample.value[None], sample.influence[None], np.array([sample.unseen]))[:, 0])
    return SamplingVariance(from_seeds, from_texts, interaction, seeds, n, clear, signed)


def variance_parts(value: Array, influence: Array, unseen: Array) -> Array:
    """Of samples [k, seeds] with influences [k, seeds, n] and `unseen` [k]: [5, k], as in `SamplingVariance`."""
    k, seeds, n = influence.shape
    mean = influence.mean(axis=1)
    if seeds == 1:
        texts = (mean**2).sum(axis=1) / n**2 + unseen
        return np.stack([np.zeros(k), texts, np.zeros(k), texts, texts])
    spread = ((influence - mean[:, None]) ** 2).sum(axis=1) / ((seeds - 1) * seeds)  # variance of each text's mean
    squares = mean**2 - spread
    signed = squares.sum(axis=1) / n**2 + unseen
    error = np.where(spread.any(axis=1), squares.std(axis=1) * np.sqrt(n) / n**2, 0.0)
    return np.stack([value.var(axis=1, ddof=1) / seeds, np.maximum(signed, 0.0), spread.sum(axis=1) / n**2,
                     np.where(signed > 2.0 * error, signed, 0.0), signed])


def accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> Sample:
    """Accuracy of the guesses [seeds, n] against the truth [n]."""
    right = (guess == truth).astype(np.float64)
    n = len(truth)
    value = right.mean(axis=1)
    return Sample(value, (right - value[:, None]) * np.sqrt(n / max(n - 1, 1)), n)


def balanced_accuracy(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> Sample:
    """Mean recall over the classes that the test set holds; the class sizes are taken as fixed.

    One text of a class shows no variance. So a class of fewer than `RARE` texts counts as if it had one more, of which
    nobody knows whether it is right (as Agresti and Coull's two): its texts keep their whole weight, and `unseen` adds
    what none of them shows.
    """
    right = (guess == truth).astype(np.float64)
    classes, counts = np.unique(truth, return_counts=True)
    n, value, influence = len(truth), np.zeros(len(guess)), np.zeros(right.shape)
    unseen, recalls = 0.0, []
    for c, m in zip(classes, counts, strict=True):
        rows = truth == c
        recall = right[:, rows].mean(axis=1)
        value += recall / len(classes)
        if m < RARE:
            influence[:, rows] = right[:, rows] * n / (m + 1) / len(classes)
            unseen += 0.25 / (m + 1) ** 2 / len(classes) ** 2
        else:
            influence[:, rows] = (right[:, rows] - recall[:, None]) * _stratum(n, m) / len(classes)
        recalls.append((int(m), float(recall.mean())))
    return Sample(value, influence, int(counts.min()), unseen, tuple(recalls) if counts.min() < RARE else ())


def clustered(sample: Sample, groups: NDArray[np.int64]) -> Sample:
    """The sample with whole groups of texts as what varies: texts of one film or hotel are right or wrong together.

    The influence of a group is the sum over its texts, so every variance and every resampling becomes one of groups
    (Liang & Zeger 1986). `groups` [n] numbers the group of each text.
    """
    _, number = np.unique(groups, return_inverse=True)
    count, n = int(number.max()) + 1, len(groups)
    if count == n or count < 2:
        return sample
    sums = np.stack([np.bincount(number, weights=row, minlength=count) for row in sample.influence])
    factor = count / n * np.sqrt(count / (count - 1) * (n - 1) / n)
    return replace(sample, influence=sums * factor, smallest=min(sample.smallest, count - 1))


def auc(truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]) -> Sample | None:
    """Area under the ROC curve of probabilities [seeds, n, classes]; one-vs-rest, averaged, beyond two classes.

    The influence values are the placements of DeLong, DeLong and Clarke-Pearson (1988), computed by mid-ranks as in
    Sun and Xu (2014). None where the test set lacks a class.
    """
    seeds, n, classes = probabilities.shape
    counts = np.bincount(truth, minlength=classes)
    if (counts == 0).any() or len(counts) > classes:
        return None
    value, influence = np.zeros(seeds), np.zeros((seeds, n))
    positives = [1] if classes == 2 else range(classes)
    for c in positives:
        positive = truth == c
        m = int(positive.sum())
        for s in range(seeds):
            above, below = placements(positive, probabilities[s, :, c])
            area = above.mean()
            value[s] += area / len(positives)
            influence[s, positive] += (above - area) * _stratum(n, m) / len(positives)
            influence[s, ~positive] += (below - area) * _stratum(n, n - m) / len(positives)
    least = int(counts.min())
    area = float(value.mean())
    unseen = (0.25 / (least + 1) + (area * (1 - area) if least == 1 else 0.0)) / (least + 1) if least < RARE else 0.0
    return Sample(value, influence, least, unseen)


def placements(positive: NDArray[np.bool_], score: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """For each positive the share of negatives below it, for each negative the share of positives above; ties half."""
    ranks = _ranks(score)
    m, k = int(positive.sum()), int((~positive).sum())
    above = (ranks[positive] - _ranks(score[positive])) / k
    below = 1.0 - (ranks[~positive] - _ranks(score[~positive])) / m
    return above, below


def _ranks(score: NDArray[np.floating[Any]]) -> Array:
    """As scipy.stats.rankdata, whose import alone takes longer than a run with nothing left to do may take."""
    _, number, counts = np.unique(score, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[number], np.float64)


def _stratum(n: int, m: int) -> float:
    """Weight of one of the `m` texts of a class among `n`; the variance divides by m - 1."""
    return float(n / m * np.sqrt(m / max(m - 1, 1)))
