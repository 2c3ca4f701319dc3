"""How often intervals hold the truth where texts come in clusters, a class is rare, or all seeds answer the same."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from bench.analysis import inference, pairwise, rankings
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import accuracy, balanced_accuracy, clustered


def predicted(name: str, truth: np.ndarray, right: np.ndarray, leading: str = "accuracy",
              groups: np.ndarray | None = None) -> TestPredictions:
    """Predictions [seeds, n] that are right where `right` says so."""
    positive = np.where(right == (truth == 1), 0.9, 0.1).astype(np.float32)
    return TestPredictions(name, 128, tuple(range(len(right))), truth, np.stack([1 - positive, positive], axis=2),
                           leading, 1.0, 0.0, groups)


def answers(rng: np.random.Generator, shares: tuple[float, ...], truth: np.ndarray, seeds: int, spread: float,
            cluster: np.ndarray | None = None) -> list[np.ndarray]:
    """For each share of right answers, which [seeds, n] are right; texts of one cluster are alike (ICC 0.1)."""
    n = len(truth)
    common = np.zeros(n) if cluster is None else np.sqrt(0.2) * rng.normal(size=cluster.max() + 1)[cluster]
    hard = common + np.sqrt(0.5 if cluster is None else 0.3) * rng.normal(size=n)
    made = []
    for share in shares:
        own = np.zeros(n) if cluster is None else np.sqrt(0.2) * rng.normal(size=cluster.max() + 1)[cluster]
        rest = np.sqrt(0.5 if cluster is None else 0.3) * rng.normal(size=(seeds, n))
        strength = norm.ppf(share) * np.sqrt(1 + spread**2)
        made.append(strength + spread * rng.normal(size=(seeds, 1)) + hard + own + rest > 0)
    return made


def coverage(case: str, seeds: int, boards: int, seed: int, n: int = 400, shares: tuple[float, ...] = (0.85, 0.8, 0.8),
             spread: float = 0.05) -> tuple[float, float]:
    """The shares of intervals of scores and of differences that hold the truth.

    `case`: `clusters` of 20 texts; a number, of texts of the rare class; or `identical`, where seeds do not differ.
    """
    rng = np.random.default_rng(seed)
    scores, differences = [], []
    for _ in range(boards):
        truth = rng.integers(0, 2, n)
        cluster = np.arange(n) // 20 if case == "clusters" else None
        if case.isdigit():
            truth = (np.arange(n) >= int(case)).astype(np.int64)
        made = answers(rng, shares, truth, 1 if case == "identical" else seeds, spread if seeds > 1 else 0.0, cluster)
        if case == "identical":
            made = [np.repeat(answers(rng, (s,), truth, 1, 0.0)[0], seeds, axis=0) for s in shares]
        score = balanced_accuracy if case.isdigit() else accuracy
        leading = "balanced_accuracy" if case.isdigit() else "accuracy"
        for share, right in zip(shares, made, strict=True):
            sample = score(truth, np.where(right, truth, 1 - truth))
            scores.append(share in inference.score_interval(sample if cluster is None else clustered(sample, cluster)))
        cells = [predicted(f"s{i}", truth, right, leading, cluster) for i, right in enumerate(made)]
        found = pairwise.differences_by_budget(cells)[0]
        for i in range(1, len(shares)):
            interval = rankings.interval_of(float(found.difference[0, i]), found.variance.at(0, i))
            differences.append(100 * (shares[0] - shares[i]) in interval)
    return float(np.mean(scores)), float(np.mean(differences))
