"""Scores of many classes in a few bits each: how far each class lies behind the predicted one, in steps that grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 3.0  # of entropy per text and class, at most: chosen by measurement, docs/protocol.md
FEWEST_CLASSES = 5  # that are stored so; the 16-bit scores of fewer classes are small
STEPS = 2.0 ** (np.arange(-40, 13) / 4)  # of the square root of a distance in nats: 0.001 to 8
BEHIND = 2.0**-16  # nats: what keeps the predicted class before one that is as probable


@dataclass(frozen=True)
class CoarseScores:
    """Level 0 is the predicted class. A class of level k > 0 lies ((k - 1) * step)² nats behind it."""

    levels: NDArray[np.uint8]  # [n, classes]
    step: float

    def __post_init__(self) -> None:
        """Raises `ValueError` where a file says what `coarse` never makes."""
        if not 0 < self.step <= STEPS[-1] or ((self.levels == 0).sum(axis=1) != 1).any():
            raise ValueError("no step, or not one predicted class per text")

    def logits(self) -> NDArray[np.float64]:
        """Logits [n, classes]; that of the predicted class is 0, all others are below."""
        steps = np.maximum(self.levels.astype(np.float64) - 1, 0.0)
        return np.where(self.levels == 0, 0.0, -((steps * self.step) ** 2) - BEHIND)


def coarse(logs: NDArray[np.floating[Any]], predicted: NDArray[np.integer[Any]]) -> CoarseScores:
    """Log-probabilities [n, classes] in the smallest step with which a level has `BITS` bits of entropy at most.

    `predicted` [n] is the most probable class of each text, which remains it; where `logs` tie, they do not say which.
    A step that fits the spread of each trial keeps the ranking of a model that is nearly undecided, and bounds the
    size of all others. Raises `ValueError` for values that are not finite.
    """
    logs = logs.astype(np.float64)
    if not np.isfinite(logs).all():
        raise ValueError("predictions hold NaN or infinite values")
    roots = np.sqrt(logs.max(axis=1, keepdims=True) - logs)
    rows = np.arange(len(logs))
    levels = np.zeros(logs.shape, np.int64)
    for step in STEPS[roots.max() < 254 * STEPS]:
        levels = 1 + np.rint(roots / step).astype(np.int64)
        levels[rows, predicted] = 0
        if _entropy(levels) <= BITS:
            break
    return CoarseScores(levels.astype(np.uint8), float(step))


def _entropy(levels: NDArray[np.int64]) -> float:
    """Bits per level, without regard to which levels stand together."""
    counts = np.bincount(levels.ravel())
    shares = counts[counts > 0] / levels.size
    return float(-(shares * np.log2(shares)).sum())
