"""Statistical power: which difference a test would detect, and how many seeds or texts it would take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.inference import LEVEL, critical_value
from bench.analysis.scores import SamplingVariance

POWER = 0.8


@dataclass(frozen=True)
class RequiredSample:
    """What it takes to detect the observed difference with 80% power; None: no number can be given."""

    seeds: int | None
    texts: int | None  # given instead where the test set is too small: so many texts, with many seeds


def detectable_difference(variance: SamplingVariance, power: float = POWER, alpha: float = 1.0 - LEVEL) -> float:
    """The true difference that a single test would detect with that power, at this variance."""
    quantiles = critical_value(variance, alpha) + critical_value(variance, 2.0 * (1.0 - power))
    return float(quantiles * variance.standard_error)


def required_sample(difference: float, variance: SamplingVariance, most: int = 1_000,
                    texts: int | None = None) -> RequiredSample:
    """Seeds to detect `difference` with 80% power at the 5% level; texts, where no number of seeds would do.

    `texts` is the number of test texts, where the variance counts groups of them.
    """
    size = abs(difference)
    per_seed, from_texts = variance.from_seeds * variance.seeds, max(float(variance.from_texts), 0.0)
    if variance.seeds == 1 or size <= 1e-12 or float(variance.standard_error) <= 1e-12:
        return RequiredSample(None, None)
    from scipy.special import stdtrit

    seeds = np.arange(2, most + 1)
    share = per_seed / seeds
    total = share + from_texts
    error = np.sqrt(total)
    least = np.zeros(len(seeds))
    for half in ((1.0 - LEVEL) / 2, 1.0 - POWER):
        of_texts = -stdtrit(max(variance.texts - 1, 1), half)
        least += (share * -stdtrit(seeds - 1, half) + from_texts * of_texts) / total * error
    enough = np.flatnonzero(least <= size)
    if len(enough):
        return RequiredSample(int(seeds[enough[0]]), None)
    from scipy.special import ndtri

    z = float(-ndtri((1.0 - LEVEL) / 2) - ndtri(1.0 - POWER))
    return RequiredSample(None, int(np.ceil(from_texts * (texts or variance.texts) * (z / size) ** 2)))
