"""Intervals, tests, ranks and power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.scores import Array, ErrorParts, Interval, Sample, auc, error_parts

LEVEL = 0.95


POWER = 0.8


def pairwise(samples: Sequence[Sample]) -> tuple[Array, ErrorParts]:
    """All differences [k, k] of the mean scores (row minus column) and their variances."""
    k = len(samples)
    mean = np.array([s.value.mean() for s in samples])
    found = np.zeros((4, k, k))
    for i in range(k):
        for j in range(i):
            p = error_parts(samples[i] - samples[j])
            found[:, i, j] = found[:, j, i] = p.seeds_share, p.texts_share, p.interplay, p.texts_certain
    seeds, n = samples[0].influence.shape
    return mean[:, None] - mean[None, :], ErrorParts(found[0], found[1], found[2], seeds, n, found[3])


def critical(found: ErrorParts, alpha: Any = 1.0 - LEVEL) -> Any:
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


def _between(found: ErrorParts) -> float:
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
    found = error_parts(sample)
    middle = float(sample.value.mean())
    half = float(critical(found) * found.error)
    return Interval(middle, middle - half, middle + half)


def score_interval(sample: Sample) -> Interval:
    """The interval of a mean score between 0 and 1, inside these bounds.

    One seed's accuracy has Wilson's (1927) interval, so has a score of exactly 0 or 1, on the texts of the rarest
    class: a perfect test set does not prove a perfect model. All others are symmetric in the log-odds.
    """
    from scipy.special import ndtri

    found = error_parts(sample)
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


def p_value(difference: Any, found: ErrorParts) -> Any:
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
    error = float(error_parts(gap).error)
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


def detectable(found: ErrorParts, power: float = POWER, alpha: float = 1.0 - LEVEL) -> float:
    """The true difference that a single test would call with that power, at this variance."""
    return float((critical(found, alpha) + critical(found, 2.0 * (1.0 - power))) * found.error)


@dataclass(frozen=True)
class Need:
    """How many seeds would tell two apart with 80% power if their difference is what was seen; None: no number."""

    seeds: int | None
    texts: int | None  # instead, where the test set is too small: so many texts at many seeds


def seeds_needed(difference: float, found: ErrorParts, most: int = 1_000) -> Need:
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
