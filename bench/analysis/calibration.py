"""Can the probabilities be believed: log-loss, expected calibration error, and the reliability curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


def draw(found: Sequence[Calibration], title: str, stem: Path) -> list[Path]:
    """The reliability curves of several baselines as STEM.png and .svg; returns the paths."""
    from bench.report.diagrams import canvas, save

    figure, axes = canvas(4.8, 4.6)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    for one in found:
        axes.plot([b.confidence for b in one.bins], [b.accuracy for b in one.bins], marker="o", markersize=3,
                  label=f"{one.baseline}: ECE {one.error:.3f}")
    low = min((b.confidence for one in found for b in one.bins), default=0.0)
    axes.set(xlim=(max(0.0, low - 0.05), 1.0), ylim=(0.0, 1.02), xlabel="probability given to the answer",
             ylabel="share of such answers that are right")
    axes.set_title(title, fontsize="medium", loc="left")
    axes.legend(fontsize="small", frameon=False)
    return save(figure, stem)
