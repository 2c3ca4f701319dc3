"""Confidence intervals, tests and ranks of mean scores over seeds and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.scores import Array, Interval, Sample, SamplingVariance, auc, sampling_variance
from bench.core.seeds import generator_for

LEVEL = 0.95
DRAWS = 10_000  # of the posteriors of recalls


def critical_value(variance: SamplingVariance, alpha: Any = 1.0 - LEVEL) -> Any:
    """How many standard errors hold 1 - alpha.

    Where the seeds' part is pooled, by Satterthwaite's (1946) degrees of freedom. Else by Cochran's (1964) mean of the
    t quantiles of seeds and texts: few seeds say little about their own spread; with three, their quantile is 4.30,
    not 1.96. Each quantile is weighted by its share of the variance. The texts' share counts only where it is clearly
    above 0, because a share that is only noise would make the far tail too thin. docs/statistics.md shows the simulated
    coverage.
    """
    from scipy.special import stdtrit

    half = np.asarray(alpha) / 2
    if variance.freedom is not None:
        return -stdtrit(_freedom(variance), half)
    texts = -stdtrit(max(variance.texts - 1, 1), half)
    if variance.seeds == 1:
        return texts
    seeds = -stdtrit(variance.seeds - 1, half)
    total = np.asarray(variance.from_seeds + variance.from_texts)
    share = np.divide(variance.clear_from_texts, total, out=np.ones(total.shape), where=total > 0)
    return share * texts + (1.0 - share) * seeds


def _freedom(variance: SamplingVariance) -> Any:
    """Satterthwaite's degrees of freedom of the whole variance, where the seeds' part has `freedom`."""
    seeds, texts = np.asarray(variance.from_seeds), np.asarray(variance.from_texts)
    parts = seeds**2 / variance.freedom + texts**2 / max(variance.texts - 1, 1)
    return np.divide((seeds + texts) ** 2, parts, out=np.full(parts.shape, float(max(variance.texts - 1, 1))),
                     where=parts > 0)


def _critical_value_of_a_score(variance: SamplingVariance) -> float:
    """The mean of Cochran's critical value and Satterthwaite's (1946), for single scores.

    The texts' share of a single score is large. In simulations with three seeds Cochran's intervals were too wide
    (97% coverage), and Satterthwaite's too narrow where the seeds weigh more (92%).
    """
    from scipy.special import stdtrit

    cochran = float(critical_value(variance))
    if variance.seeds == 1 or variance.from_seeds <= 0.0:
        return cochran
    total = variance.from_seeds + variance.from_texts
    freedom = max(variance.seeds - 1.0, min(1e6, total**2 * (variance.seeds - 1) / variance.from_seeds**2))
    return (cochran - float(stdtrit(freedom, (1.0 - LEVEL) / 2))) / 2


def difference_interval(sample: Sample) -> Interval:
    """The interval of a mean difference."""
    variance = sampling_variance(sample)
    middle = float(sample.value.mean())
    half = float(critical_value(variance) * variance.standard_error)
    return Interval(middle, middle - half, middle + half)


def score_interval(sample: Sample) -> Interval:
    """The interval of a mean score; it stays between 0 and 1.

    The accuracy of a single seed has Wilson's (1927) interval. So does a score of exactly 0 or 1, on the texts of the
    rarest class: a perfect score on a test set does not prove a perfect model. With a rare class, it is the interval of
    the mean of Jeffreys' posteriors of the recalls. All others are symmetric in log-odds.
    """
    from scipy.special import expit, ndtri

    if sample.recalls:
        return _interval_of_recalls(sample)
    variance = sampling_variance(sample)
    p = float(sample.value.mean())
    z = float(-ndtri((1.0 - LEVEL) / 2))
    if p <= 0.0 or p >= 1.0 or (variance.seeds == 1 and sample.smallest == variance.texts):
        n = sample.smallest
        middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return Interval(p, float(max(0.0, (middle - half) / (1 + z * z / n))),
                        float(min(1.0, (middle + half) / (1 + z * z / n))))
    half = _critical_value_of_a_score(variance) * float(variance.standard_error) / (p * (1.0 - p))
    odds = np.log(p / (1.0 - p))
    return Interval(p, float(expit(odds - half)), float(expit(odds + half)))


def _interval_of_recalls(sample: Sample) -> Interval:
    """The interval of a mean recall: each class has Jeffreys' posterior of its own texts, the seeds a Student tail.

    A class that is always (or never) right has the bound 1 (or 0), as Brown, Cai and DasGupta (2001) advise.
    """
    rng = generator_for("recalls")
    variance = sampling_variance(sample)
    shape = (DRAWS, len(sample.recalls))
    texts = np.array([m for m, _ in sample.recalls], np.float64)
    recall = np.array([r for _, r in sample.recalls])
    drawn = rng.beta(texts * recall + 0.5, texts * (1 - recall) + 0.5, shape)
    means = np.sort(drawn.mean(axis=1))
    if variance.seeds > 1:
        shift = float(np.sqrt(max(0.0, variance.from_seeds - variance.interaction)))
        means = np.sort(means + shift * rng.standard_t(variance.seeds - 1, DRAWS))
    p = float(sample.value.mean())
    low, high = (float(means[int(q * DRAWS)]) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(p, 0.0 if recall.max() <= 0 else max(0.0, min(low, p)),
                    1.0 if recall.min() >= 1 else min(1.0, max(high, p)))


def p_value(difference: Any, variance: SamplingVariance) -> Any:
    """Two-sided p of a mean difference (number or array): the alpha whose `critical_value` it just reaches.

    Without any variance, p is 1 for a difference of 0 and 0 for any other: both agree on every text, or always differ
    in the same way.
    """
    from scipy.special import ndtr

    error = np.asarray(variance.standard_error, np.float64)
    size = np.abs(np.asarray(difference, np.float64))
    some = error > 1e-12
    ratio = np.divide(size, error, out=np.where(size > 1e-12, np.inf, 0.0), where=some)
    if variance.freedom is not None:
        from scipy.special import stdtr

        p = np.where(some, 2.0 * stdtr(_freedom(variance), -ratio), np.where(size > 1e-12, 0.0, 1.0))
        return float(p) if p.ndim == 0 else p
    low, high = np.full(ratio.shape, -400.0), np.zeros(ratio.shape)  # log p
    for _ in range(60):
        middle = (low + high) / 2
        enough = critical_value(variance, np.exp(middle)) > ratio
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    floor = 2.0 * ndtr(-ratio)  # beyond what the bisection reaches
    p = np.where(some, np.maximum(np.exp(high), floor), np.where(size > 1e-12, 0.0, 1.0))
    return float(p) if p.ndim == 0 else p


def mcnemar(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Exact two-sided p of McNemar's (1947) test: of the texts that only one gets right, each should get half."""
    from scipy.stats import binomtest

    first, second = int((right & ~other).sum()), int((~right & other).sum())
    return float(binomtest(first, first + second, 0.5).pvalue) if first + second else 1.0


def delong(truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]],
           other: NDArray[np.floating[Any]]) -> float | None:
    """Two-sided p of DeLong's (1988) test that two models [n, classes] have the same AUC; None without an AUC."""
    from scipy.special import ndtr

    a, b = auc(truth, probabilities[None]), auc(truth, other[None])
    if a is None or b is None:
        return None
    difference = a - b
    error = float(sampling_variance(difference).standard_error)
    size = abs(float(difference.value[0]))
    if error < 1e-12:
        return 1.0 if size < 1e-12 else 0.0
    return float(2.0 * ndtr(-size / error))


def combined_p(p: Sequence[float]) -> float:
    """One p of several dependent tests: twice their median, which is valid under any dependence (Ruger 1978)."""
    return float(p[0]) if len(p) == 1 else float(min(1.0, 2.0 * np.median(np.asarray(p))))


def holm(p: Sequence[float] | Array) -> Array:
    """Holm's (1979) correction: the smallest family-wise level at which each test is still significant."""
    given = np.asarray(p, np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    out = np.empty_like(given)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return out
