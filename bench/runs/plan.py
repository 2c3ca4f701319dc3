"""The trials of a run, target by target: drafted from what is there and what is done, then made ready and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core import files
from bench.core.errors import BenchError
from bench.data.routes import Access
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import architecture_named
from bench.learning.pretrain import Base, BaseSpec, base_key, pretrain
from bench.protocol.domain import Domain, without_test_set
from bench.protocol.split import without_test_texts
from bench.results import record_files
from bench.results.record import Record
from bench.runs import inputs, registry, runner
from bench.runs.executor import Executor
from bench.runs.options import Options, Say, Watch
from bench.runs.registry import Strategy
from bench.runs.trials import DataRef, TrialContext, TrialSpec, blank_record, feasible_budgets, trial_specs

Wanted = Callable[[TrialSpec], bool]


@dataclass(frozen=True)
class BasePlan:
    """The trials of one target on one base: all of them, those not done yet, and what these need."""

    order: BaseSpec  # of the base
    setting: TrialContext
    jobs: tuple[TrialSpec, ...]
    todo: tuple[TrialSpec, ...]
    needs: frozenset[str]


@dataclass(frozen=True)
class PlanDraft:
    """The trials of one target, before anything is trained or computed for them."""

    target: Domain
    path: Path  # of the records
    parts: tuple[BasePlan, ...]  # one a seed of the base


@dataclass(frozen=True)
class TargetPlan:
    """The trials of one target: all of them, and those not done yet."""

    target: Domain
    path: Path  # of the records
    jobs: tuple[TrialSpec, ...]
    todo: tuple[TrialSpec, ...]
    base: Base | None


def plan(options: Options, table: Mapping[str, str], say: Say, watch: Watch, *, progress: bool,
         again: bool = False, wanted: Wanted = lambda job: True) -> Iterator[TargetPlan]:
    """A plan for each target, the base trained first where a trial still needs it.

    `again` plans finished trials too; only the jobs that are `wanted` are planned.
    """
    access = inputs.access_for(options, say, progress=progress)
    for draft in drafts(options, table, access, say, again=again, wanted=wanted):
        base = None
        for part in draft.parts:
            if part.todo and "base" in part.needs:
                trained = pretrain(part.order, options.cache_dir, watch)
                base = base or trained
            if part.todo:
                runner.prepare(part.setting, part.needs)
        jobs, todo = (tuple(job for part in draft.parts for job in getattr(part, which)) for which in ("jobs", "todo"))
        yield TargetPlan(draft.target, draft.path, jobs, todo, base)


def drafts(options: Options, table: Mapping[str, str], access: Access, say: Say, *, again: bool = False,
           glove: Callable[[Access, Say], WordVectors | None] = inputs.find_vectors,
           wanted: Wanted = lambda job: True) -> Iterator[PlanDraft]:
    """A draft for each target; reads the data and trains nothing."""
    chosen = strategies(options, table, say)
    needs = {s: s.needs() for s in chosen}
    net = architecture_named(options.net, options.preset)
    every = frozenset().union(*needs.values())
    targets = [inputs.load(name, options, access, say) for name in options.targets]
    targets = [without_test_set(target) for target in targets] if options.all_labels else targets
    source = inputs.load(options.source, options, access, say)
    if any(target.task.name == source.task.name for target in targets):
        raise BenchError(f"{source.task.name} is both source and target", "choose another --source")
    vectors = glove(access, say) if every & {"base", "glove", "features"} else None
    for target in targets:
        clean = without_test_texts(source.data, source.split, target.data, target.split.test)
        if clean.leaked_to_target:
            say(f"{source.name}: {clean.leaked_to_target} of its texts are in the test set of {target.name}: left out")
        order = inputs.base_spec(options, replace(source, split=clean), net, vectors)
        own = usable(chosen, source.task.labels == target.task.labels, vectors is not None, say,
                     f"the labels of {target.task.name} ({_some(target.task.labels)}) are not those of "
                     f"{source.task.name}")
        budgets, dropped = feasible_budgets(target.split, options.budgets)
        for budget in dropped:
            say(f"{target.name}: budget {budget} left out: only {len(target.split.pool):,} texts to train on")
        if not budgets:
            raise BenchError(f"{target.name} has {len(target.split.pool)} texts to train on, too few for any budget",
                             "--budgets full takes all there are")
        path = options.results_dir / "records" / f"{target.task.name}.jsonl"
        done = set() if again else {r.identity() for r in record_files.read_with_packed(path, say) if r.status == "ok"}
        parts = []
        for seed in range(options.base_seeds):
            one = replace(order, seed=seed)
            mine = [s for s in own if seed == 0 or "base" in needs[s]]
            setting = TrialContext(
                options.cache_dir,
                DataRef.of(source),
                DataRef.of(target),
                net,
                options.engine,
                order.device,
                base_key(one) if "base" in every else "",
                vectors,
                clean.leaked_to_target,
                seed,
            )
            jobs = [j for j in trial_specs(setting, mine, budgets, options.seeds, options.head_seeds) if wanted(j)]
            todo = [job for job in jobs if blank_record(job).identity() not in done]
            still = frozenset().union(*(needs[s] for s in mine if any(j.baseline == s.name for j in todo)))
            parts.append(BasePlan(one, setting, tuple(jobs), tuple(todo), still))
        yield PlanDraft(target, path, tuple(parts))


def strategies(options: Options, table: Mapping[str, str], say: Say) -> list[Strategy]:
    """Those asked for whose extra is installed; `MissingExtra` for one that was asked for by its own name."""
    for flag, count in (("--seeds", options.seeds), ("--base-seeds", options.base_seeds),
                        ("--head-seeds", options.head_seeds)):
        if count < 1:
            raise BenchError(f"{flag} {count}", "one or more")
    out = []
    for s in registry.strategies_named(options.baselines, table):
        error = s.missing()
        if error is None:
            out.append(s)
        elif s.name in options.baselines:
            raise error
        else:
            say(f"{s.name} left out: {error}")
    return out


def usable(chosen: Sequence[Strategy], same_labels: bool, glove: bool, say: Say, otherwise: str) -> list[Strategy]:
    """Those that can be run on a target; `otherwise` says why its labels are not the source's."""
    out = []
    for s in chosen:
        if "same-labels" in s.needs() and not same_labels:
            say(f"{s.name} is not applicable: {otherwise}")
        elif "glove" in s.needs() and not glove:
            say(f"{s.name} left out: it needs GloVe vectors")
        else:
            out.append(s)
    return out


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:4]) + (", …" if len(labels) > 4 else "")


def execute(found: TargetPlan, carry: Executor) -> Iterator[Record]:
    """Run what is left of a plan and yield each record once it is on disk."""
    with files.locked(found.path.with_name(f".{found.path.stem}.lock"),
                      f"waiting for another bench run that writes {found.path}"):
        done = {r.identity() for r in record_files.read_with_packed(found.path) if r.status == "ok"}
        todo = [job for job in found.todo if blank_record(job).identity() not in done]
        for record in carry(todo):
            record_files.append(found.path, record)
            yield record
