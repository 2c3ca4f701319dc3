"""Several questions asked at once: each has a family of a fixed size, so that no verdict depends on what else was run.

The questions are: which strategies are better than the zero at this budget, which may be the best at this budget, and
the same two over all budgets together. A family is one question. Its size is thirteen strategies beside the
reference, as many as the suite had when this was set, whatever a board holds: the verdict on a strategy depends on it
and on the reference alone. With fewer strategies the tests are a little strict, with more a little lax;
docs/statistics.md has the figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.analysis import inference
from bench.analysis.scores import Array, SamplingVariance

FAMILY = 13  # comparisons with one reference
NODES, WEIGHTS = map(np.asarray, np.polynomial.hermite_e.hermegauss(64))  # type: ignore[no-untyped-call]


def gain_p_value(difference: Any, variance: SamplingVariance) -> Any:
    """Two-sided p of a difference from the reference, for the best of `FAMILY` such (Dunnett 1955)."""
    return dunnett_p(inference.p_value(difference, variance), _correlation(variance))


def worse_p_value(difference: Any, variance: SamplingVariance) -> Any:
    """One-sided p that a strategy is below another, for the worst of `FAMILY` such (Hsu 1981)."""
    two_sided = np.asarray(inference.p_value(difference, variance))
    below = np.where(np.asarray(difference) < 0, two_sided / 2, 1 - two_sided / 2)
    return dunnett_p(below, _correlation(variance), sides=1)


def best_critical_value(variance: SamplingVariance, alpha: float = 1.0 - inference.LEVEL) -> Any:
    """How many standard errors below another a strategy may lie that could still be the best."""
    return inference.critical_value(variance, 2 * _single_p(_correlation(variance), alpha))


def _single_p(correlation: Array, alpha: float) -> Array:
    """The one-sided p that is `alpha` once it is the smallest of `FAMILY`."""
    low, high = np.zeros(correlation.shape), np.full(correlation.shape, alpha)
    for _ in range(50):
        middle = (low + high) / 2
        enough = dunnett_p(middle, correlation, sides=1) > alpha
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def dunnett_p(p: Any, correlation: Any = 0.5, sides: int = 2) -> Any:
    """The chance that the smallest p of `FAMILY` comparisons with one reference is as small as this.

    Two differences from the reference have the correlation that its own share of their variance gives them. The
    statistics are taken as normal once each p is exact; SciPy's `dunnett` needs raw samples with one common variance.
    """
    from scipy.special import ndtr, ndtri

    single, rho = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(correlation, np.float64))
    z = -ndtri(np.clip(single, 1e-300, 1.0) / sides)[..., None]
    shared, rest = np.sqrt(rho)[..., None] * NODES, np.sqrt(1.0 - rho)[..., None]
    none = ndtr((z - shared) / rest) - (ndtr((-z - shared) / rest) if sides == 2 else 0.0)
    family = 1.0 - (none**FAMILY * WEIGHTS).sum(axis=-1) / WEIGHTS.sum()
    out = np.clip(np.maximum(family, single), 0.0, 1.0)  # beyond the quadrature's reach, Bonferroni's bound is exact
    out = np.where(single < 1e-9, np.minimum(1.0, FAMILY * single), out)
    return float(out) if out.ndim == 0 else out


def _correlation(variance: SamplingVariance) -> Array:
    """The correlation of two differences from the same reference: at most a half, which is the strict side."""
    seeds, texts = np.asarray(variance.from_seeds), np.asarray(variance.from_texts)
    total = seeds + texts
    share = np.divide(seeds * variance.shared + 0.5 * texts, total, out=np.full(total.shape, 0.5), where=total > 0)
    return np.clip(share, 0.0, 0.5)
