"""The trials of a run, target by target: which there are, which are left, and how they are prepared and run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.core import recipes
from bench.core.budget import NO_LABELS, Budget
from bench.core.errors import BenchError
from bench.core.locks import locked
from bench.data.http import Fetching
from bench.data.routes import Access
from bench.learning.features import encoders
from bench.learning.features.encoders import Encoder
from bench.learning.known_words import FEW, known_share
from bench.learning.networks.engines import compiled
from bench.learning.pretrain import Base, BaseSpec
from bench.protocol.domain import Domain, with_unlabelled
from bench.results import record_files
from bench.results.record import Record
from bench.runs import ahead, applicable, inputs, needs, registry
from bench.runs.executor import Executor
from bench.runs.inputs import AddUnlabelled, FindVectors, Inputs, TrialContext
from bench.runs.options import Options, Say, Watch
from bench.runs.recorded_options import recorded_options
from bench.runs.registry import Strategy
from bench.runs.trials import TrialSpec, blank_record, feasible_budgets, trial_specs

Wanted = Callable[[TrialSpec], bool]
FindEncoder = Callable[[str, Access], Encoder]


@dataclass(frozen=True)
class BasePlan:
    """The trials of one target on one base: all of them, those left to run, and what these need."""

    base_spec: BaseSpec
    context: TrialContext
    specs: tuple[TrialSpec, ...]
    todo: tuple[TrialSpec, ...]
    needs: frozenset[str]


@dataclass(frozen=True)
class TargetPlan:
    """The trials of one target, on one base after the other."""

    inputs: Inputs
    path: Path  # of the records
    parts: tuple[BasePlan, ...]  # one per base seed
    base: Base | None = None  # the first that trials use; None before it is prepared, or where none is used
    again: bool = False  # finished trials run again too
    asked: str = ""  # the target as the options name it

    @property
    def target(self) -> Domain:
        """The target's data."""
        return self.inputs.target

    @property
    def specs(self) -> tuple[TrialSpec, ...]:
        """All trials."""
        return tuple(spec for part in self.parts for spec in part.specs)

    @property
    def todo(self) -> tuple[TrialSpec, ...]:
        """The trials left to run."""
        return tuple(spec for part in self.parts for spec in part.todo)


def plan(options: Options, table: Mapping[str, str], say: Say, watch: Watch, *, progress: bool, again: bool = False,
         wanted: Wanted = lambda spec: True) -> Iterator[TargetPlan]:
    """A plan for each target; what its trials share is prepared before it is yielded.

    `again` plans finished trials too. Only trials that are `wanted` are planned. `watch` gets {"reading": names}, then
    {"drafts": plans} once, and {"preparing": plan} and {"prepared": plan} of each.
    """
    if options.engine == "torch":
        compiled.compile_meanwhile()
    watch({"reading": [*options.targets, options.source]})

    def fetching(name: str, done: int, size: int | None) -> None:
        watch({"fetching": name, "bytes": done, "size": size})

    whole = list(drafts(options, table, say, progress=progress, again=again, wanted=wanted, fetching=fetching,
                        begin=ahead.start))
    watch({"drafts": whole})
    for draft in whole:
        base = None
        watch({"preparing": draft})
        if any(needs.use_source(part.needs) for part in draft.parts):
            _tell_unknown_words(draft.inputs, say)
        for part in draft.parts:
            if part.todo:
                resources = needs.prepare(part.needs, part.context, part.base_spec, watch)
                base = base or resources.base
        watch({"prepared": draft})
        yield replace(draft, base=base)


def drafts(options: Options, table: Mapping[str, str], say: Say, *, progress: bool, again: bool = False,
           find: FindVectors = inputs.find_vectors, add_unlabelled: AddUnlabelled = with_unlabelled,
           find_encoder: FindEncoder = encoders.find_encoder,
           wanted: Wanted = lambda spec: True, fetching: Fetching | None = None,
           begin: Callable[[Options, Collection[str]], None] = lambda options, needed: None) -> Iterator[TargetPlan]:
    """A plan for each target, with nothing prepared: reads data and records, trains nothing.

    `begin` is called with all needs of the strategies before anything is read.
    """
    strategies = registry.installed(options.baselines, table, say, options.engine, options.settings)
    possible = applicable.possible_needs_of(strategies)
    begin(options, possible)
    _check_base_settings(options, strategies)
    tell_who_needs_labels(strategies, options.budgets, say)
    if not needs.use_vectors(possible):
        find = inputs.no_vectors
    if not needs.use_base(possible):
        add_unlabelled = inputs.labelled_alone
    access = inputs.access_for(options, say, progress=progress, fetching=fetching)
    known = tuple(find_encoder(model, access) for model in needs.models(applicable.needs_of(strategies)))
    pairs = inputs.for_targets(options, say, find, progress=progress, add_unlabelled=add_unlabelled, fetching=fetching)
    for asked, pair in zip(options.targets, pairs, strict=True):
        source, target = pair.source, pair.target
        if pair.leaked:
            say(f"{source.name}: {pair.leaked} of its texts are in the test set of {target.name}: left out")
        usable = applicable.applicable(strategies, source.task, target.task, pair.vectors is not None, say,
                                       inputs.device_for(options))
        budgets = _budgets_of(target, options, say)
        path = options.results_dir / "records" / f"{target.task.name}.jsonl"
        records = record_files.read_with_packed(path, say)
        done = set() if again else successes(records)
        parts = []
        for seed in range(options.base_seeds):
            on_base = [s for s in usable if seed == 0 or needs.use_base(s.needs())]
            context = TrialContext.of(pair, options.cache_dir, seed, known, recorded_options(source, target, options))
            specs = trial_specs(context, on_base, budgets, options.seeds, options.head_seeds, options.draw)
            specs = [spec for spec in specs if wanted(spec)]
            todo = [spec for spec in specs if blank_record(spec).identity() not in done]
            left = applicable.needs_of({spec.strategy for spec in todo})
            parts.append(BasePlan(replace(pair.base_spec, seed=seed), context, tuple(specs), tuple(todo), left))
        if not again:
            _tell_earlier_recipes(records, {spec.strategy.name for part in parts for spec in part.todo}, say)
            _tell_earlier(records, [spec for part in parts for spec in part.todo], say)
        yield TargetPlan(pair, path, tuple(parts), again=again, asked=asked)


def tell_who_needs_labels(strategies: Sequence[Strategy], budgets: Sequence[Budget], say: Say) -> None:
    """Say which strategies a budget of 0 leaves out; `BenchError` where that budget is the only one, and leaves none.

    One line for all targets of a run.
    """
    needy = [strategy.name for strategy in strategies
             if not needs.can_use_no_labels(strategy.needs() | strategy.optional_needs())]
    if NO_LABELS not in budgets or not needy:
        return
    if len(needy) == len(strategies) and len(budgets) == 1:
        raise BenchError(f"{', '.join(needy)}: cannot run with 0 labels",
                         "choose strategies whose NEEDS has no-labels, such as --baseline tfidf-source, or more labels")
    say(f"0 labels: left out are those that need labels: {', '.join(needy)}")


def _check_base_settings(options: Options, strategies: Sequence[registry.Strategy]) -> None:
    """Raise `BenchError` where a recipe was chosen for a base that nothing uses."""
    if options.base_recipe and not needs.use_base(applicable.possible_needs_of(strategies)):
        raise BenchError(f"--set base.{options.base_recipe[0][0]}: no strategy of this run uses the base",
                         f"it has {', '.join(strategy.name for strategy in strategies)}")


def _tell_earlier(records: Sequence[Record], todo: Sequence[TrialSpec], say: Say) -> None:
    """Say how many of the trials to run have a record that cannot tell whether it is of the same trial."""
    earlier = {record.identity() for record in records if record.status == "ok" and record.is_earlier}
    if count := sum(blank_record(spec).earlier_identity() in earlier for spec in todo) if earlier else 0:
        say(f"{count} of these trials have an earlier record, which does not say what its source held: it is kept "
            "beside, and they run again")


def _tell_earlier_recipes(records: Sequence[Record], strategies: Collection[str], say: Say) -> None:
    """Say which strategies to run have records of an earlier recipe."""
    earlier = {record.baseline: record.recipe for record in records if record.is_of_earlier_recipe}
    for name, recipe in earlier.items():
        if name in strategies:
            say(f"{name}: its recipe has changed since some of its trials ran (before: "
                f"{recipes.what_it_was(name, recipe)}): they keep a row of their own")


def _tell_unknown_words(pair: Inputs, say: Say) -> None:
    """Say so where the target is hardly in the source's language."""
    data = pair.target.data
    share = known_share(data.examples(np.arange(len(data.y), dtype=np.int64)), pair.source.data.corpus)
    if share < FEW:
        say(f"{pair.target.name}: only {share:.1%} of its words are known from {pair.source.name}; strategies that "
            "train on the target alone (tfidf, scratch) still work (docs/languages.md)")


def _budgets_of(target: Domain, options: Options, say: Say) -> list[Budget]:
    """The budgets that a target's pool can serve; `BenchError` where there is none."""
    budgets, too_large = feasible_budgets(target.split, options.budgets)
    for budget in too_large:
        say(f"{target.name}: budget {budget} left out: only {len(target.split.pool):,} texts to train on")
    if not budgets:
        raise BenchError(f"{target.name} has {len(target.split.pool)} texts to train on, too few for any budget",
                         "--budgets full takes all there are")
    return budgets


def execute(target_plan: TargetPlan, executor: Executor) -> Generator[Record]:
    """Run the trials left of a plan, and yield each record once it is on disk."""
    path = target_plan.path
    with locked(record_files.lock_of(path), f"waiting for another bench run that writes {path}"):
        done = set() if target_plan.again else successes(record_files.read_with_packed(path))
        todo = [spec for spec in target_plan.todo if blank_record(spec).identity() not in done]
        for record in executor(todo):
            record_files.append(path, record)
            yield record


def successes(records: Sequence[Record]) -> set[str]:
    """The identities of the trials that succeeded."""
    return {record.identity() for record in records if record.status == "ok"}
