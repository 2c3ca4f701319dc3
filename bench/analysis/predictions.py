"""Stored predictions become answer sheets: what each seed's model said on each text of the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.analysis import scores
from bench.analysis.scores import Sample
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.results.record import Record
from bench.results.stored_predictions import unpack

AGREE = 1e-6  # a record's own accuracy and that of its stored predictions


@dataclass(frozen=True)
class TestPredictions:
    """One baseline at one budget: a model a seed, all on the same test set."""

    baseline: str
    budget: Budget
    seeds: tuple[int, ...]
    truth: NDArray[np.int64]  # [n]
    probabilities: NDArray[np.float32]  # [seeds, n, classes]
    leading: str  # accuracy or balanced_accuracy
    adapt: float  # seconds, mean over seeds
    pretrain: float  # seconds that its base took; 0 without one
    _kept: dict[str, Sample | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def guesses(self) -> NDArray[np.int64]:
        """The most probable class, [seeds, n]."""
        return np.asarray(self.probabilities.argmax(axis=2), np.int64)

    def score(self) -> Sample:
        """The leading score."""
        if "leading" not in self._kept:
            made = scores.accuracy if self.leading == "accuracy" else scores.balanced_accuracy
            self._kept["leading"] = made(self.truth, self.guesses)
        found = self._kept["leading"]
        assert found is not None
        return found

    def auc(self) -> Sample | None:
        """The AUC; None where the test set lacks a class."""
        if "auc" not in self._kept:
            self._kept["auc"] = scores.auc(self.truth, self.probabilities)
        return self._kept["auc"]


def answers(record: Record) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Truth [n] and probabilities [n, classes] of a record; `BenchError` where they are not what was scored."""
    who = f"{record.task} {record.baseline}, {record.budget} labels, seed {record.seed}"
    if not record.predictions:
        raise BenchError(f"{who}: no predictions are stored", "run the trial again")
    try:
        with np.errstate(invalid="ignore"):  # infinite scores are named below
            truth, probabilities = unpack(record.predictions)
    except BenchError as error:
        raise BenchError(f"{who}: {error}") from None
    if not len(truth) or not np.isfinite(probabilities).all():
        raise BenchError(f"{who}: its predictions hold {'NaN or infinite scores' if len(truth) else 'no text'}",
                         "run the trial again")
    if truth.max() >= probabilities.shape[1]:
        raise BenchError(f"{who}: a true class {truth.max()} but {probabilities.shape[1]} classes predicted")
    found = float((probabilities.argmax(axis=1) == truth).mean())
    if record.accuracy is None or abs(found - record.accuracy) > AGREE:
        raise BenchError(f"{who}: accuracy {record.accuracy} is recorded, its predictions give {found:.6f}",
                         "the record was changed, or its test set; run the trial again")
    return truth, probabilities


def test_predictions(records: Sequence[Record]) -> tuple[list[TestPredictions], list[str]]:
    """Sheets of the cells that are complete, and what was left out and why; the records are of one leaderboard.

    A cell is complete where each seed that any baseline has at its budget is there: no mean over missing cells. A
    record whose truth differs from the others' has another test set and is left out.
    """
    wanted: dict[Budget, set[int]] = {}
    good: dict[tuple[str, Budget], dict[int, Record]] = {}
    for r in records:
        wanted.setdefault(r.budget, set()).add(r.seed)
        if r.status == "ok":
            good.setdefault((r.baseline, r.budget), {})[r.seed] = r
    found, left_out = [], []
    truth: NDArray[np.int64] | None = None
    for (name, budget), own in good.items():
        seeds = sorted(wanted[budget])
        if set(own) != set(seeds):
            left_out.append(f"{name}, {budget} labels: {len(own)} of {len(seeds)} seeds")
            continue
        try:
            read = [answers(own[s]) for s in seeds]
        except BenchError as error:
            left_out.append(str(error))
            continue
        truth = read[0][0] if truth is None else truth
        if not all(np.array_equal(truth, t) for t, _ in read):
            left_out.append(f"{name}, {budget} labels: its test set is not the one of the others")
            continue
        made = [own[s] for s in seeds]
        found.append(TestPredictions(name, budget, tuple(seeds), truth, np.stack([p for _, p in read]), made[0].leading,
                           float(np.mean([r.seconds.get("adapt", 0.0) for r in made])),
                           max(r.seconds.get("pretrain", 0.0) if r.base else 0.0 for r in made)))
    return found, left_out
