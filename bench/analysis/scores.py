"""Pure statistics of exams: scores with intervals, paired differences, tests, ranks and power.

A score of S trained models (one a seed) on the same n texts has two sources of chance: the seeds and the texts. Both
are in every interval here. For each score the texts' share comes from its influence values (what a text adds to the
score, minus the mean): for AUC these are DeLong's placements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEVEL = 0.95
POWER = 0.8


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
class Parts:
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
    """Mean recall over the classes that the exam has; the class sizes count as given."""
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
    and Xu (2014). None where a class is absent from the exam.
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

def parts(sample: Sample) -> Parts:
    """The variance of the sample's mean: seeds and texts are crossed, each seed's model meets each text."""
    seeds, n = sample.influence.shape
    mean = sample.influence.mean(axis=0)
    if seeds == 1:
        texts = float((mean**2).sum()) / n**2
        return Parts(0.0, texts, 0.0, 1, n, texts)
    own = ((sample.influence - mean) ** 2).sum(axis=0) / ((seeds - 1) * seeds)  # of each text's mean, by seeds
    pure = mean**2 - own
    texts, error = float(pure.sum()) / n**2, float(pure.std() * np.sqrt(n)) / n**2 if own.any() else 0.0
    return Parts(float(sample.value.var(ddof=1)) / seeds, max(0.0, texts), float(own.sum()) / n**2, seeds, n,
                 texts if texts > 2.0 * error else 0.0)


def pairwise(samples: Sequence[Sample]) -> tuple[Array, Parts]:
    """All differences [k, k] of the mean scores (row minus column) and their variances."""
    k = len(samples)
    mean = np.array([s.value.mean() for s in samples])
    found = np.zeros((4, k, k))
    for i in range(k):
        for j in range(i):
            p = parts(samples[i] - samples[j])
            found[:, i, j] = found[:, j, i] = p.seeds_share, p.texts_share, p.interplay, p.texts_certain
    seeds, n = samples[0].influence.shape
    return mean[:, None] - mean[None, :], Parts(found[0], found[1], found[2], seeds, n, found[3])


def critical(found: Parts, alpha: Any = 1.0 - LEVEL) -> Any:
    """How many standard errors hold 1 - alpha: Cochran's (1964) mean of the seeds' and the texts' t quantiles.

    Few seeds say little about their own spread: with three, their quantile is 4.30 and not 1.96. Each quantile counts
    by its share of the variance; the texts' only where their share is there for certain, since one that is only noise
    would make the far tail too thin. Simulated coverage is in docs/statistics.md.
    """
    from scipy.special import stdtrit

    half = np.asarray(alpha) / 2
    texts = -stdtrit(max(found.texts - 1, 1), half)
    if found.seeds == 1:
        return texts
    seeds = -stdtrit(found.seeds - 1 + np.asarray(found.lent), half)
    total = np.asarray(found.seeds_share + found.texts_share)
    share = np.divide(found.texts_certain, total, out=np.ones(total.shape), where=total > 0)
    return share * texts + (1.0 - share) * seeds


def _between(found: Parts) -> float:
    """The mean of Cochran's critical value and Satterthwaite's (1946), for single scores.

    There the texts' share is large: Cochran's intervals are too wide (97% of the truths inside), Satterthwaite's too
    narrow where the seeds weigh more (92%); both were simulated with three seeds.
    """
    from scipy.special import stdtrit

    cochran = float(critical(found))
    if found.seeds == 1 or found.seeds_share <= 0.0:
        return cochran
    total = found.seeds_share + found.texts_share
    freedom = max(found.seeds - 1.0, min(1e6, total**2 * (found.seeds - 1) / found.seeds_share**2))
    return (cochran - float(stdtrit(freedom, (1.0 - LEVEL) / 2))) / 2


def difference_interval(sample: Sample) -> Interval:
    """The interval of a mean difference."""
    found = parts(sample)
    middle = float(sample.value.mean())
    half = float(critical(found) * found.error)
    return Interval(middle, middle - half, middle + half)


def score_interval(sample: Sample) -> Interval:
    """The interval of a mean score between 0 and 1, inside these bounds.

    One seed's accuracy has Wilson's (1927) interval, so has a score of exactly 0 or 1, on the texts of the rarest
    class: a perfect exam does not prove a perfect model. All others are symmetric in the log-odds.
    """
    from scipy.special import ndtri

    found = parts(sample)
    p = float(sample.value.mean())
    z = float(-ndtri((1.0 - LEVEL) / 2))
    if p <= 0.0 or p >= 1.0 or (found.seeds == 1 and sample.smallest == found.texts):
        n = sample.smallest
        middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return Interval(p, float(max(0.0, (middle - half) / (1 + z * z / n))),
                        float(min(1.0, (middle + half) / (1 + z * z / n))))
    half = _between(found) * float(found.error) / (p * (1.0 - p))
    odds = np.log(p / (1.0 - p))
    return Interval(p, float(1.0 / (1.0 + np.exp(half - odds))), float(1.0 / (1.0 + np.exp(-half - odds))))


# --- tests ----------------------------------------------------------------------------------------------------------

def p_value(difference: Any, found: Parts) -> Any:
    """Two-sided p of a mean difference (number or array): the alpha whose `critical` value it just reaches.

    A difference without any variance is 1 where it is 0, else 0: the two agree on every text, or differ alike.
    """
    from scipy.special import ndtr

    error = np.asarray(found.error, np.float64)
    size = np.abs(np.asarray(difference, np.float64))
    some = error > 1e-12
    ratio = np.divide(size, error, out=np.where(size > 1e-12, np.inf, 0.0), where=some)
    low, high = np.full(ratio.shape, -400.0), np.zeros(ratio.shape)  # log p
    for _ in range(60):
        middle = (low + high) / 2
        enough = critical(found, np.exp(middle)) > ratio
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    floor = 2.0 * ndtr(-ratio)  # beyond what the bisection reaches
    p = np.where(some, np.maximum(np.exp(high), floor), np.where(size > 1e-12, 0.0, 1.0))
    return float(p) if p.ndim == 0 else p


def mcnemar(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Exact two-sided p of McNemar's (1947) test: half of the texts that only one gets right would go to each."""
    from scipy.stats import binomtest

    first, second = int((right & ~other).sum()), int((~right & other).sum())
    return float(binomtest(first, first + second, 0.5).pvalue) if first + second else 1.0


def delong(truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]],
           other: NDArray[np.floating[Any]]) -> float | None:
    """Two-sided p of DeLong's (1988) test that two models [n, classes] have the same AUC; None without one."""
    from scipy.special import ndtr

    a, b = auc(truth, probabilities[None]), auc(truth, other[None])
    if a is None or b is None:
        return None
    gap = a - b
    error = float(parts(gap).error)
    size = abs(float(gap.value[0]))
    if error < 1e-12:
        return 1.0 if size < 1e-12 else 0.0
    return float(2.0 * ndtr(-size / error))


def together(p: Sequence[float]) -> float:
    """One p of several tests that depend on each other: twice their median, valid whatever ties them (Ruger 1978)."""
    return float(p[0]) if len(p) == 1 else float(min(1.0, 2.0 * np.median(np.asarray(p))))


def holm(p: Sequence[float] | Array) -> Array:
    """Holm's (1979) correction: how small the family-wise level may be at which each is still called."""
    given = np.asarray(p, np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    out = np.empty_like(given)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return out


def ranks(mean: Array, p: Array, alpha: float = 1.0 - LEVEL) -> NDArray[np.int64]:
    """1 + how many are better for certain; those that cannot be told from the best share rank 1. `p` [k, k]."""
    better = (mean[:, None] > mean[None, :]) & (p <= alpha)
    return np.asarray(1 + better.sum(axis=0), np.int64)


# --- power ----------------------------------------------------------------------------------------------------------

def detectable(found: Parts, power: float = POWER, alpha: float = 1.0 - LEVEL) -> float:
    """The true difference that a single test would call with that power, at this variance."""
    return float((critical(found, alpha) + critical(found, 2.0 * (1.0 - power))) * found.error)


@dataclass(frozen=True)
class Need:
    """How many seeds would tell two apart with 80% power if their difference is what was seen; None: no number."""

    seeds: int | None
    texts: int | None  # instead, where the exam is too small: so many texts at many seeds


def seeds_needed(difference: float, found: Parts, most: int = 1_000) -> Need:
    """Seeds, or where no number of them would do, texts, to call `difference` with 80% power at the 5% level."""
    size = abs(difference)
    variance = found.seeds_share * found.seeds  # of one seed
    if found.seeds == 1 or size <= 1e-12 or float(found.error) <= 1e-12:
        return Need(None, None)
    from scipy.special import stdtrit

    seeds = np.arange(2, most + 1)
    share = variance / seeds
    total = share + found.texts_share
    error = np.sqrt(total)
    least = np.zeros(len(seeds))
    for half in ((1.0 - LEVEL) / 2, 1.0 - POWER):
        texts = -stdtrit(max(found.texts - 1, 1), half)
        least += (share * -stdtrit(seeds - 1, half) + found.texts_share * texts) / total * error
    enough = np.flatnonzero(least <= size)
    if len(enough):
        return Need(int(seeds[enough[0]]), None)
    from scipy.special import ndtri

    z = float(-ndtri((1.0 - LEVEL) / 2) - ndtri(1.0 - POWER))
    return Need(None, int(np.ceil(found.texts_share * found.texts * (z / size) ** 2)))
