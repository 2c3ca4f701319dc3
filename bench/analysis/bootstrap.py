"""The two-level bootstrap: texts and seeds are resampled together, the same resamples for all cells of a leaderboard.

It serves what has no formula: label equivalents, crossovers, which strategy is best. Texts are drawn with replacement.
Three seeds have only ten different resamples, each too narrow by a third; so the seeds have a multiplier bootstrap
instead: normal weights on their deviations, with Student tails because there are so few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.analysis.inference import LEVEL
from bench.analysis.scores import Array, Interval, Sample, sampling_variance
from bench.core.seeds import generator_for

DRAWS = 2_000
TIE = 1e-6  # scores that are closer are equal: resampled means are sums of 32-bit numbers
CHUNK = 4_000_000  # drawn texts in memory at once


@dataclass(frozen=True)
class Resamples:
    """Resamples of one test set and its seeds."""

    texts: NDArray[np.float32]  # [draws, n]: (how often each text was drawn - 1) / n
    seeds: Array  # [draws, seeds]: weights of the seeds' deviations from their mean


@lru_cache(maxsize=1)
def resamples(seeds: int, n: int) -> Resamples:
    """The resamples that all leaderboards of this size share; the last ones are kept, since drawing them is slow."""
    return draw(generator_for("bootstrap", seeds, n), seeds, n)


def draw(rng: np.random.Generator, seeds: int, n: int, draws: int = DRAWS) -> Resamples:
    """Random resamples for `seeds` models on `n` texts."""
    texts = np.empty((draws, n), np.float32)
    step = max(1, CHUNK // n)
    for begin in range(0, draws, step):
        size = min(step, draws - begin)
        rows = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        texts[begin : begin + size] = np.bincount(rows.ravel(), minlength=size * n).reshape(size, n)
    texts -= 1.0
    texts /= n
    weights = rng.standard_normal((draws, seeds))
    if seeds > 1:
        weights *= np.sqrt((seeds - 1) / rng.chisquare(seeds - 1, draws))[:, None] / np.sqrt(seeds * (seeds - 1))
    return Resamples(texts, weights)


def replicates(samples: Sequence[Sample], drawn: Resamples) -> Array:
    """Resampled mean scores [draws, samples]; the samples share the texts and the seeds."""
    influence = np.stack([s.influence.mean(axis=0) for s in samples]).astype(np.float32)
    value = np.stack([s.value for s in samples])
    middle = value.mean(axis=1)
    return np.asarray(middle + drawn.texts @ influence.T + drawn.seeds @ (value - middle[:, None]).T, np.float64)


def interval(sample: Sample, drawn: Resamples) -> Interval:
    """The percentile interval of a mean; the seeds' level holds the interaction, so the texts' level leaves it out."""
    variance = sampling_variance(sample)
    total = variance.from_texts + (variance.interaction if variance.seeds > 1 else 0.0)
    share = np.sqrt(variance.from_texts / total) if total > 0 else 0.0
    influence = sample.influence.mean(axis=0).astype(np.float32)
    middle = float(sample.value.mean())
    means = middle + share * (drawn.texts @ influence) + drawn.seeds @ (sample.value - middle)
    return percentiles(middle, means)


def percentiles(estimate: float, values: Array) -> Interval:
    """The middle 95% of the replicates; infinite replicates count as such."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return Interval(estimate, float(low), float(high))


def shares_of_best(replicates: Array) -> Array:
    """For each column of resampled means [draws, k], the share of draws in which it is the highest; ties share."""
    highest = replicates >= replicates.max(axis=1, keepdims=True) - TIE
    return np.asarray((highest / highest.sum(axis=1, keepdims=True)).mean(axis=0), np.float64)


def optimism(replicates: Array, mean: Array) -> float:
    """By how much the score of the best of many flatters it: it was chosen for its score (Efron & Gong 1983).

    In each resample the best is chosen anew; what its resampled score exceeds its score in all data is the optimism:
    its median over the resamples, since those of two or three seeds have tails without a mean.
    """
    chosen = replicates.argmax(axis=1)
    return max(0.0, float(np.median(replicates[np.arange(len(replicates)), chosen] - mean[chosen])))
