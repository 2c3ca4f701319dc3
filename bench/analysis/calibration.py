"""How well predicted probabilities fit: log-loss, expected calibration error, and the reliability curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.predictions import TestPredictions
from bench.core.budget import Budget

BINS = 15
SMALLEST = 1e-7  # lower bound of a probability: one certain but wrong answer must not make the log-loss infinite


@dataclass(frozen=True)
class Bin:
    """Answers whose highest probability lies between two bounds."""

    texts: int  # over all seeds
    confidence: float  # mean of the highest probability
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How well the probabilities of a baseline fit at one budget."""

    baseline: str
    budget: Budget
    log_loss: float  # nats, mean over seeds and texts
    error: float  # expected calibration error of the predicted class (Guo et al. 2017), mean over seeds, 15 equal bins
    bins: tuple[Bin, ...]  # all seeds together, without empty bins


def calibration(predictions: TestPredictions) -> Calibration:
    """The calibration of one baseline's probabilities."""
    p = predictions.probabilities.astype(np.float64)
    p /= p.sum(axis=2, keepdims=True)
    texts = len(predictions.truth)
    of_truth = np.clip(p[:, np.arange(texts), predictions.truth], SMALLEST, 1.0)
    highest, right = p.max(axis=2), predictions.guesses == predictions.truth
    bin_of = np.minimum((highest * BINS).astype(np.int64), BINS - 1) + BINS * np.arange(len(p))[:, None]
    counts, confidence, correct = (
        np.bincount(bin_of.ravel(), weights=w, minlength=len(p) * BINS).reshape(len(p), BINS)
        for w in (None, highest.ravel(), right.ravel().astype(np.float64)))
    error = float((np.abs(confidence - correct).sum(axis=1) / texts).mean())
    bins = tuple(Bin(int(n), float(s / n), float(t / n))
                 for n, s, t in zip(counts.sum(0), confidence.sum(0), correct.sum(0), strict=True) if n)
    return Calibration(predictions.baseline, predictions.budget, float(-np.log(of_truth).mean()), error, bins)
