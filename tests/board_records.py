"""Synthetic records of one leaderboard: baselines of a known strength on the same 300 texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from bench.analysis.leaderboard import leaderboards
from bench.protocol.metrics import score
from bench.results import stored_predictions
from bench.results.record import Record

BLANK = Record("toy", "one", "ab" * 32, "imdb@x", "scratch", {}, "gru-64-64", "torch", "cpu", 32, 0, n_train=32,
               n_test=300, seconds={"adapt": 2.0, "pretrain": 50.0})
TEXTS = 300
TRUTH = np.random.default_rng(0).integers(0, 2, TEXTS)
HARD = np.random.default_rng(1).normal(size=TEXTS)
STRENGTH = {"scratch": 0.1, "finetune": 1.2, "frozen": 1.15, "tfidf": 0.8, "worse": -0.9}


def answered(strength: float, seed: int, truth: np.ndarray = TRUTH) -> dict[str, object]:
    """Predictions of a model of that strength and their scores, as a record has them."""
    rng = np.random.default_rng([seed, int(1000 * abs(strength))])
    odds = (2 * truth - 1) * (strength + 0.7 * HARD + 0.7 * rng.normal(size=len(truth)))
    stored = stored_predictions.quantise(np.stack([1 - expit(odds), expit(odds)], axis=1).astype(np.float32))
    return {**score(truth, stored_predictions.probabilities(stored)),
            "predictions": stored_predictions.pack(truth, stored)}


def record(baseline: str, seed: int, strength: float | None = None, **other: object) -> Record:
    own = answered(STRENGTH.get(baseline, 0.3) if strength is None else strength, seed)
    return replace(BLANK, baseline=baseline, seed=seed, **{**own, **other})


FULL = [record(name, seed) for name in ("scratch", "finetune") for seed in range(3)]
CURVES = [record(name, seed, strength=s * (0.25 + 0.25 * i), budget=b, n_train=b)
          for name, s in STRENGTH.items() for seed in range(3) for i, b in enumerate((16, 64, 256))]


# Of records made now, which say what their source held and how their base was trained.
NEW = {"source_sha256": "a1" * 32, "split_sha256": "5" * 24, "net_spec": {"kind": "gru", "words": 0}}
RECIPE = {"form": 2, "pool": "77", "spec": {"epochs": 1, "batch": 32}, "version": "2.13.0", "glove": True}
ON_BASE = {"base": "b1" * 12, "base_spec": RECIPE, **NEW}


def seeds(baseline: str, **other: object) -> list[Record]:
    return [record(baseline, seed, **other) for seed in range(3)]


def means(records: list[Record]) -> dict[tuple[str, str], float | None]:
    """The mean of each row of each leaderboard, by the title's end and the row's name."""
    return {(board.variant, name): board.cells[name, budget].leading
            for board in leaderboards(records) for name in board.rows for budget in board.budgets}


def mean(records: list[Record]) -> float:
    values = [r.accuracy or 0.0 for r in records if r.status == "ok"]
    return sum(values) / len(values)
