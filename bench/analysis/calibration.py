"""Can the probabilities be believed: log-loss, expected calibration error, and the reliability curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.predictions import TestPredictions
from bench.core.budget import Budget

BINS = 15
SURE = 1e-7  # one certain and wrong answer must not make the log-loss infinite


@dataclass(frozen=True)
class Bin:
    """Answers whose top probability lies between two bounds."""

    texts: int  # over all seeds
    confidence: float  # mean top probability
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How well a baseline's probabilities fit at one budget."""

    baseline: str
    budget: Budget
    log_loss: float  # nats, mean over seeds and texts
    error: float  # expected calibration error of the top class (Guo et al. 2017), mean over seeds, 15 equal bins
    bins: tuple[Bin, ...]  # all seeds together, empty ones left out


def calibration(sheet: TestPredictions) -> Calibration:
    """Of one sheet."""
    p = sheet.probabilities.astype(np.float64)
    p /= p.sum(axis=2, keepdims=True)
    own = np.clip(p[:, np.arange(len(sheet.truth)), sheet.truth], SURE, 1.0)
    top, right = p.max(axis=2), sheet.guesses == sheet.truth
    place = np.minimum((top * BINS).astype(np.int64), BINS - 1)
    shape = (len(p), BINS)
    at = place + BINS * np.arange(len(p))[:, None]
    count, sure, true = (np.bincount(at.ravel(), weights=w, minlength=len(p) * BINS).reshape(shape)
                         for w in (None, top.ravel(), right.ravel().astype(np.float64)))
    error = float((np.abs(sure - true).sum(axis=1) / len(sheet.truth)).mean())
    bins = tuple(Bin(int(n), float(s / n), float(t / n))
                 for n, s, t in zip(count.sum(0), sure.sum(0), true.sum(0), strict=True) if n)
    return Calibration(sheet.baseline, sheet.budget, float(-np.log(own).mean()), error, bins)


