"""Stored predictions of a leaderboard: what the model of each seed predicted for each text of the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.analysis import scores
from bench.analysis.scores import Sample
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.results.record import Record
from bench.results.stored_predictions import groups_of, unpack

AGREE = 1e-6  # largest difference between the accuracy in a record and that of its stored predictions
FEWEST_GROUPS = 30  # of test texts, so that their variance is known; fewer are rather kinds of texts, such as products


@dataclass(frozen=True)
class TestPredictions:
    """One baseline at one budget: one model per seed, all on the same test set."""

    baseline: str
    budget: Budget
    seeds: tuple[int, ...]
    truth: NDArray[np.int64]  # [n]
    probabilities: NDArray[np.float32]  # [seeds, n, classes]
    leading: str  # accuracy or balanced_accuracy
    adapt: float  # seconds, mean over seeds
    pretrain: float  # seconds to learn from the source: its base, encoder or linear model; 0 without one
    groups: NDArray[np.int64] | None = None  # [n], the film or hotel that each text is about, where it is known
    groups_stored: bool = True  # whether these records say so themselves, not only others of the same test set
    before_groups: bool = False  # whether these records are so old that they could not say which texts belong together
    _cache: dict[str, Sample | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def guesses(self) -> NDArray[np.int64]:
        """The most probable class, [seeds, n]."""
        return np.asarray(self.probabilities.argmax(axis=2), np.int64)

    def of_seeds(self, seeds: Sequence[int]) -> TestPredictions:
        """The models of these seeds alone."""
        kept = [self.seeds.index(seed) for seed in seeds]
        return replace(self, seeds=tuple(seeds), probabilities=self.probabilities[kept], _cache={})

    def score(self) -> Sample:
        """The leading score."""
        if "leading" not in self._cache:
            score = scores.accuracy if self.leading == "accuracy" else scores.balanced_accuracy
            self._cache["leading"] = self._by_group(score(self.truth, self.guesses))
        sample = self._cache["leading"]
        assert sample is not None
        return sample

    def auc(self) -> Sample | None:
        """The AUC; None where the test set lacks a class."""
        if "auc" not in self._cache:
            area = scores.auc(self.truth, self.probabilities)
            self._cache["auc"] = None if area is None else self._by_group(area)
        return self._cache["auc"]

    def _by_group(self, sample: Sample) -> Sample:
        return sample if self.groups is None else scores.clustered(sample, self.groups)


def predictions_of(record: Record) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Truth [n] and probabilities [n, classes] of a record; `BenchError` where they do not give its accuracy."""
    trial = f"{record.task} {record.baseline}, {record.budget} labels, seed {record.seed}"
    if not record.predictions:
        raise BenchError(f"{trial}: no predictions are stored", "run the trial again")
    try:
        with np.errstate(invalid="ignore"):  # infinite scores are reported below
            truth, probabilities = unpack(record.predictions)
    except BenchError as error:
        raise BenchError(f"{trial}: {error}") from None
    if not len(truth) or not np.isfinite(probabilities).all():
        raise BenchError(f"{trial}: its predictions hold {'NaN or infinite scores' if len(truth) else 'no text'}",
                         "run the trial again")
    if truth.max() >= probabilities.shape[1]:
        raise BenchError(f"{trial}: a true class {truth.max()}, but only {probabilities.shape[1]} classes predicted")
    accuracy = float((probabilities.argmax(axis=1) == truth).mean())
    if record.accuracy is None or abs(accuracy - record.accuracy) > AGREE:
        raise BenchError(f"{trial}: the record says accuracy {record.accuracy}, its predictions give {accuracy:.6f}",
                         "the record or its test set was changed; run the trial again")
    return truth, probabilities


def test_predictions(records: Sequence[Record]) -> tuple[list[TestPredictions], list[str]]:
    """The predictions of the complete cells of one leaderboard's records, and what was left out and why.

    A cell is complete when it has every seed that any baseline has at its budget: no mean is taken over missing seeds.
    A record whose truth differs from the others' was made on another test set and is left out.
    """
    seeds_at: dict[Budget, set[int]] = {}
    succeeded: dict[tuple[str, Budget], dict[int, Record]] = {}
    for r in records:
        seeds_at.setdefault(r.budget, set()).add(r.seed)
        if r.status == "ok":
            succeeded.setdefault((r.baseline, r.budget), {})[r.seed] = r
    predictions: list[TestPredictions] = []
    left_out: list[str] = []
    groups: NDArray[np.int64] | None = None
    truth: NDArray[np.int64] | None = None
    for (name, budget), by_seed in succeeded.items():
        seeds = sorted(seeds_at[budget])
        if set(by_seed) != set(seeds):
            left_out.append(f"{name}, {budget} labels: {len(by_seed)} of {len(seeds)} seeds")
            continue
        cell = [by_seed[s] for s in seeds]
        try:
            unpacked = [predictions_of(r) for r in cell]
            known = next((g for r in cell if (g := groups_of(r.predictions)) is not None), None)
        except BenchError as error:
            left_out.append(str(error))
            continue
        truth = unpacked[0][0] if truth is None else truth
        if not all(np.array_equal(truth, t) for t, _ in unpacked):
            left_out.append(f"{name}, {budget} labels: its test set differs from that of the others")
            continue
        if known is not None and len(known) == len(truth) and len(np.unique(known)) >= FEWEST_GROUPS:
            groups = known
        predictions.append(TestPredictions(
            name, budget, tuple(seeds), truth, np.stack([p for _, p in unpacked]), cell[0].leading,
            float(np.mean([r.seconds.get("adapt", 0.0) for r in cell])),
            max(r.seconds.get("pretrain", 0.0) for r in cell), groups_stored=known is not None,
            before_groups=known is None and all(r.is_earlier for r in cell)))
    return [p if groups is None else replace(p, groups=groups) for p in predictions], left_out
