"""What is to be run: a source, a target, their trials, and the strategies as they are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.budget import Budget, in_order, labels_in
from bench.core.names import TaskRef
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import Architecture
from bench.protocol.domain import Domain
from bench.protocol.split import Split
from bench.results.record import Leading, Record
from bench.runs.registry import Strategy


@dataclass(frozen=True)
class DataRef:
    """A source or target as a worker finds it again: by content hash, in the cache."""

    name: str  # task@edition
    sha256: str
    labels: tuple[str, ...]
    test: str
    split_by: str
    leading: Leading = "accuracy"  # the score that its leaderboard sorts by

    @staticmethod
    def of(loaded: Domain) -> DataRef:
        """What identifies loaded data."""
        return DataRef(loaded.name, loaded.data.corpus.sha256, loaded.data.labels, loaded.edition.test,
                    loaded.edition.split_by, "balanced_accuracy" if loaded.task.imbalanced else "accuracy")


@dataclass(frozen=True)
class TrialContext:
    """What all trials of one source and target share; small, and sent to the workers."""

    root: Path  # of the cache
    source: DataRef
    target: DataRef
    net: Architecture
    engine: str
    device: str
    base: str = ""  # its key; empty: no baseline needs it
    vectors: WordVectors | None = None
    source_leaks: int = 0  # texts that left the source because the test set has them
    base_seed: int = 0


@dataclass(frozen=True)
class TrialSpec:
    """One trial to run."""

    setting: TrialContext
    baseline: str
    module: str  # "package.module" with NEEDS and fit
    function: str
    budget: Budget
    seed: int  # of the label draw
    head_seed: int | None = None  # of the head and the order of batches, where it is not `seed`


def feasible_budgets(split: Split, asked: Sequence[Budget]) -> tuple[list[Budget], list[Budget]]:
    """The budgets that the pool can serve, and those that it cannot."""
    fits = [b for b in asked if labels_in(b, len(split.pool)) <= len(split.pool)]
    return fits, [b for b in asked if b not in fits]


HEAD_SEEDS = 1_000  # between the head seeds of one label draw


def trial_specs(setting: TrialContext, strategies: Sequence[Strategy], budgets: Sequence[Budget], seeds: int,
            heads: int = 1) -> list[TrialSpec]:
    """Every trial, the longest first within a seed so that the last to finish is a short one."""
    return [TrialSpec(setting, s.name, s.module, s.function, b, seed, seed + HEAD_SEEDS * head if head else None)
            for head in range(heads) for seed in range(seeds) for b in reversed(in_order(budgets))
            for s in strategies]


def blank_record(job: TrialSpec) -> Record:
    """The record of a job before it ran: who it is."""
    setting = job.setting
    target = TaskRef.parse(setting.target.name)
    needs = Strategy(job.baseline, job.module, job.function).needs()
    uses = "base" in needs
    return Record(target.task, target.edition, setting.target.sha256, setting.source.name, job.baseline,
                  _settings(job), str(setting.net), setting.engine, setting.device, job.budget, job.seed,
                  base=setting.base if uses else "", base_seed=setting.base_seed if uses else 0,
                  head_seed=job.head_seed, leading=setting.target.leading)


def _settings(job: TrialSpec) -> dict[str, Any]:
    """The baseline's keyword arguments: its defaults."""
    import inspect

    function = getattr(Strategy(job.baseline, job.module, job.function).load(), job.function)
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
