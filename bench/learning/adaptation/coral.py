"""Correlation alignment: the source's features get the target's second-order statistics (CORAL, Sun et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.probe import Head


@dataclass(frozen=True)
class Standardisation:
    """A domain's own mean and standard deviation of each feature, both [d]."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, x: NDArray[Any]) -> Standardisation:
        """That of texts [n, d]; a feature that never varies keeps its scale."""
        deviation = x.std(axis=0, dtype=np.float64)
        return cls(x.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0))

    def __call__(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """The features [n, d] with mean 0 and variance 1."""
        return np.asarray((x - self.mean) / self.deviation)

    def folded_into(self, head: Head) -> Head:
        """The classifier of standardised features as one of the features themselves."""
        weight = head.weight / self.deviation
        return Head(weight, head.bias - weight @ self.mean)


def coral_alignment(x_source: NDArray[Any], x_target: NDArray[Any]) -> NDArray[np.float64]:
    """The matrix [d, d] that whitens the source's features and colours them as the target's: x_source @ it.

    Both domains are standardised dense features, [n, d]. The identity is added to both covariances, as in the paper.
    """
    identity = np.eye(x_source.shape[1])
    of_source, of_target = (np.atleast_2d(np.cov(x, rowvar=False)) + identity for x in (x_source, x_target))
    return np.asarray(_power(of_source, -0.5) @ _power(of_target, 0.5))


def _power(symmetric: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    from scipy.linalg import eigh

    values, vectors = eigh(symmetric)
    return np.asarray((vectors * values**exponent) @ vectors.T)
