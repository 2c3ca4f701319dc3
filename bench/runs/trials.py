"""The trials to run: which there are, in which order, and the record of each before it ran."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.core import recipes
from bench.core.budget import NO_LABELS, Budget, Draw, budget_order, labels_in
from bench.core.names import TaskRef
from bench.data.text import TEXT_VERSION
from bench.protocol.split import Split
from bench.results.record import Record
from bench.runs import needs
from bench.runs.inputs import TrialContext
from bench.runs.recorded_options import without_base
from bench.runs.registry import Strategy

HEAD_SEEDS = 1_000  # difference between two head seeds of one label draw


@dataclass(frozen=True)
class TrialSpec:
    """One trial to run."""

    context: TrialContext
    strategy: Strategy
    budget: Budget
    seed: int  # of the label draw
    head_seed: int | None = None  # of the classifier head and the order of batches, where it is not `seed`
    draw: Draw = "stratified"  # how the labelled texts are drawn

    def described(self) -> TrialSpec:
        """The trial for another process, which must not import a strategy from outside to know what it says of it."""
        strategy = self.strategy
        return replace(self, strategy=replace(strategy, description=strategy.described())) if strategy.outside else self

    @property
    def fitting_seed(self) -> int:
        """The seed of all that the strategy draws itself."""
        return self.seed if self.head_seed is None else self.head_seed


def feasible_budgets(split: Split, budgets: Sequence[Budget]) -> tuple[list[Budget], list[Budget]]:
    """The budgets that the pool can serve, and those that it cannot."""
    feasible = [b for b in budgets if labels_in(b, len(split.pool)) <= len(split.pool)]
    return feasible, [b for b in budgets if b not in feasible]


def trial_specs(context: TrialContext, strategies: Sequence[Strategy], budgets: Sequence[Budget], seeds: int,
                heads: int = 1, draw: Draw = "stratified") -> list[TrialSpec]:
    """Every trial. Within a seed the longest come first, so that the last to finish is a short one.

    With a budget of 0 only strategies that need no label have a trial; its seed is that of their own draws alone.
    """
    longest_first = sorted(budgets, key=budget_order, reverse=True)
    return [TrialSpec(context, strategy, budget, seed, seed + HEAD_SEEDS * head if head else None, draw)
            for head in range(heads) for seed in range(seeds) for budget in longest_first for strategy in strategies
            if runs_at(strategy, budget)]


def runs_at(strategy: Strategy, budget: Budget) -> bool:
    """Whether a strategy has trials at a budget: with 0 labels only where its `NEEDS` holds `no-labels`."""
    return budget != NO_LABELS or needs.can_use_no_labels(strategy.needs())


def blank_record(spec: TrialSpec) -> Record:
    """The record of a trial before it ran: all that identifies it."""
    context = spec.context
    target = TaskRef.parse(context.target.name)
    names = spec.strategy.needs()
    uses_base = needs.use_base(names)
    settings = needs.recorded_settings(names, spec.strategy.settings(), context)
    return Record(target.task, target.edition, context.target.sha256, context.source.name, spec.strategy.name,
                  settings, str(context.architecture), context.engine, context.device, spec.budget, spec.seed,
                  base=context.base if uses_base else "", base_seed=context.base_seed if uses_base else 0,
                  head_seed=spec.head_seed, leading=context.target.leading, source_sha256=context.source.sha256,
                  split_sha256=context.split_sha256, net_spec=dict(context.architecture.as_json()),
                  base_spec=dict(context.base_spec) if uses_base else {},
                  vectors_sha256=needs.vectors_sha256(names, context),
                  strategy_sha256=spec.strategy.code_sha256(), text_version=TEXT_VERSION, draw=spec.draw,
                  without=list(spec.strategy.without()),
                  recipe=1 if spec.strategy.outside else recipes.current(spec.strategy.name),
                  chosen=sorted(json.loads(spec.strategy.chosen)),
                  options=dict(context.options) if uses_base else without_base(context.options))


def failed_record(spec: TrialSpec, error: str, traceback: str = "") -> Record:
    """The record of a trial that failed, with the reason in one line and, where there is one, the traceback."""
    return replace(blank_record(spec), status="failed", error=error, traceback=traceback)
