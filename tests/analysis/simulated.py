"""Simulated leaderboards whose truth is known: probit models of the same texts, with a chosen spread over seeds.

A model of strength s is right where `s + seed's shift + how hard the text is, for all + for this model` is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from bench.analysis import multiplicity, pairwise, rankings
from bench.analysis.curve_summary import curve_summary
from bench.analysis.predictions import TestPredictions

ZERO = "scratch"
BASE = 0.8  # strength of the zero: 79% right
SPREADS = ("none", "small", "equal", "falling", "uneven", "one strategy", "one budget", "one cell")


def spreads(name: str, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """How much the seeds of each cell differ, in units of a text's noise, [budgets, strategies]; 0.1 is 3 points."""
    out = np.full(shape, {"none": 0.0, "small": 0.05, "equal": 0.1, "falling": 0.1, "uneven": 0.1}.get(name, 0.03))
    if name == "falling":  # few labels spread more
        out *= np.geomspace(4.0, 0.2, shape[0])[:, None]
    elif name == "uneven":
        out *= np.exp(rng.normal(size=shape))
    elif name == "one strategy":
        out[:, 1] = 0.4
    elif name == "one budget":
        out[0] = 0.4
    elif name == "one cell":
        out[0, 1] = 0.4
    return out


def names_of(count: int) -> list[str]:
    return [ZERO, *(f"s{i}" for i in range(1, count))]


@lru_cache(256)
def strength_for(points: float, spread: float) -> float:
    """The strength that is right so many points more often than the zero, whatever the spread over its seeds."""
    share = norm.cdf(BASE) + points / 100
    return float(norm.ppf(share) * np.sqrt(1 + spread**2))


def board(rng: np.random.Generator, spread: np.ndarray, seeds: int, n: int,
          points: np.ndarray | None = None) -> list[TestPredictions]:
    """A board of [budgets, strategies] with gains of so many points over the zero, the first of the strategies."""
    budgets, k = spread.shape
    gains = np.zeros((budgets, k)) if points is None else points
    truth = rng.integers(0, 2, n)
    hard = np.sqrt(0.5) * rng.normal(size=n)
    out = []
    for b in range(budgets):
        for i, name in enumerate(names_of(k)):
            s = float(spread[b, i])
            odds = strength_for(float(gains[b, i]), s) + s * rng.normal(size=(seeds, 1)) + hard + np.sqrt(
                0.5) * rng.normal(size=(seeds, n))
            right = np.where(odds > 0, 0.9, 0.1).astype(np.float32)
            positive = np.where(truth == 1, right, 1 - right)
            out.append(TestPredictions(name, 16 * 2**b, tuple(range(seeds)), truth,
                                       np.stack([1 - positive, positive], axis=2), "accuracy", 1.0, 0.0))
    return out


def true_error(spread: np.ndarray, seeds: int, n: int, points: np.ndarray) -> np.ndarray:
    """The standard error of each gain [budgets, strategies], by the model: what an oracle knows."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    out = np.zeros(spread.shape)
    for b in range(spread.shape[0]):
        shares, shifts = [], []
        for i in range(spread.shape[1]):
            s = float(spread[b, i])
            strength = strength_for(float(points[b, i]), s)
            # on a text of hardness h, averaged over seeds' shifts; and a seed's mean over texts
            shares.append(norm.cdf((strength + np.sqrt(0.5) * nodes) / np.sqrt(0.5 + s**2)))
            seed_means = norm.cdf(strength + s * nodes)
            mean = (seed_means * weights).sum()
            shifts.append(((seed_means - mean) ** 2 * weights).sum())
        for i in range(spread.shape[1]):
            gap = shares[i] - shares[0]
            texts = (gap**2 * weights).sum() - (gap * weights).sum() ** 2
            own = sum((shares[j] * (1 - shares[j]) * weights).sum() for j in (i, 0))
            out[b, i] = np.sqrt(texts / n + own / (seeds * n) + (shifts[i] + shifts[0]) / seeds)
    return out


@dataclass(frozen=True)
class Outcome:
    """What a simulation found, as shares; the oracle is Dunnett's test with the variances known."""

    false: float  # questions (gains at one budget) with a false call, boards of equal strategies
    false_most: float  # the same at the worst budget
    false_by_strategy: float  # strategies with a false call at any budget
    false_over_curve: float  # boards with a false call in the summary over budgets
    false_oracle: float
    covered: float  # intervals of gains that hold the truth
    power: dict[int, float]  # true gains of so many points that are called
    power_oracle: dict[int, float]
    power_over_curve: dict[int, float]
    best_in_bold: float  # boards with gains in which one of the truly best is in bold


POINTS = (3, 5, 10)
SHAPE = (8, 14)  # budgets and strategies
ORACLE = float(brentq(lambda z: multiplicity.dunnett_p(2 * norm.sf(z)) - 0.05, 1, 5))


def simulated(name: str, seeds: int, boards: int, seed: int, n: int = 400,
              shape: tuple[int, int] = SHAPE) -> Outcome:
    """So many boards of equal strategies, and as many in which the strategies gain 3, 5 and 10 points in turn."""
    rng = np.random.default_rng(seed)
    size = np.array(POINTS)[np.arange(shape[1] - 1) % len(POINTS)]
    called, known, held, curve, bold = ([], []), ([], []), [], ([], []), []
    for i in range(2 * boards):
        with_gains = i % 2
        spread = spreads(name, rng, shape)
        points = np.zeros(shape)
        points[:, 1:] = size * with_gains
        differences = pairwise.differences_by_budget(board(rng, spread, seeds, n, points))
        rows = [[rankings.gains(d, ZERO)[d.names.index(s)] for s in names_of(shape[1])[1:]] for d in differences]
        p = np.array([[r[2] for r in row] for row in rows])
        gain, low, high = (np.array([[getattr(r[0], x) for r in row] for row in rows]) for x in (
            "estimate", "low", "high"))
        held.append((low <= points[:, 1:]) & (points[:, 1:] <= high))
        called[with_gains].append(p <= 0.05)
        known[with_gains].append(np.abs(gain) / 100 > ORACLE * true_error(spread, seeds, n, points)[:, 1:])
        summary = curve_summary(differences, {d.predictions[0].budget: d.predictions[0].budget for d in differences})
        if summary is not None:
            verdicts = {r.baseline: r.p for r in summary.rows if r.p is not None}
            curve[with_gains].append(np.array([verdicts[s] <= 0.05 for s in names_of(shape[1])[1:]]))
        if with_gains:
            top = [s for s, x in zip(names_of(shape[1])[1:], size, strict=True) if x == size.max()]
            for d in differences:
                first = int(np.argmax(d.difference[:, 0]))
                behind = rankings.behind_first(d, first)
                bold.append(any(behind[d.names.index(s)].high >= 0 for s in top))
    null, gains, null_known, gains_known = (np.array(x) for x in (*called, *known))
    over_null, over = (np.array(x) for x in curve)
    return Outcome(
        null.any(axis=2).mean(), null.any(axis=2).mean(axis=0).max(), null.any(axis=1).mean(),
        over_null.any(axis=1).mean() if len(over_null) else 0.0, null_known.any(axis=2).mean(), np.mean(held),
        {x: gains[:, :, size == x].mean() for x in POINTS}, {x: gains_known[:, :, size == x].mean() for x in POINTS},
        {x: over[:, size == x].mean() if len(over) else 0.0 for x in POINTS}, np.mean(bold))
