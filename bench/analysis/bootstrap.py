"""The two-level bootstrap: test texts and seeds resampled together, the same draws for every cell of a leaderboard.

For what has no formula: label-equivalents, crossovers, who is best. Texts are drawn with replacement. With three
seeds there are only ten different resamples, and each is too narrow by a third; so the seeds' level is a multiplier
bootstrap instead (normal weights on the seeds' deviations, Student's tails for so few of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.analysis.inference import LEVEL
from bench.analysis.scores import Array, Interval, Sample, error_parts
from bench.core.seeds import generator_for as seeded

DRAWS = 2_000
CHUNK = 4_000_000  # drawn texts held at once


@dataclass(frozen=True)
class Draws:
    """Resamples of one test set and its seeds."""

    texts: NDArray[np.float32]  # [draws, n]: how often each text was drawn, less once, / n
    seeds: Array  # [draws, seeds]


@lru_cache(maxsize=1)
def drawn(seeds: int, n: int) -> Draws:
    """The draws of every leaderboard of that size, made once: drawing is a fifth of the time of many small ones."""
    return draw(seeded("bootstrap", seeds, n), seeds, n)


def draw(rng: np.random.Generator, seeds: int, n: int, draws: int = DRAWS) -> Draws:
    """Random draws for `seeds` models on `n` texts."""
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
    return Draws(texts, weights)


def replicates(samples: Sequence[Sample], found: Draws) -> Array:
    """Resampled mean scores, [draws, samples]; the samples share the texts and the seeds."""
    influence = np.stack([s.influence.mean(axis=0) for s in samples]).astype(np.float32)
    value = np.stack([s.value for s in samples])
    middle = value.mean(axis=1)
    return np.asarray(middle + found.texts @ influence.T + found.seeds @ (value - middle[:, None]).T, np.float64)


def interval(sample: Sample, found: Draws) -> Interval:
    """The percentile interval of a mean; the texts' level without the interplay, which the seeds' level holds."""
    own = error_parts(sample)
    whole = own.texts_share + (own.interplay if own.seeds > 1 else 0.0)
    share = np.sqrt(own.texts_share / whole) if whole > 0 else 0.0
    influence = sample.influence.mean(axis=0).astype(np.float32)
    middle = float(sample.value.mean())
    made = middle + share * (found.texts @ influence) + found.seeds @ (sample.value - middle)
    return percentiles(middle, made)


def percentiles(estimate: float, made: Array) -> Interval:
    """The middle 95% of the replicates; infinite replicates count as such."""
    low, high = np.quantile(made, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return Interval(estimate, float(low), float(high))
