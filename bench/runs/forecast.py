"""What a run would do, and about how long that takes. Nothing is fetched, trained or recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.budget import Budget, labels_in
from bench.core.errors import BenchError, DataError, RouteError
from bench.core.names import TaskRef
from bench.data import corpus, hub
from bench.data.cards import Edition, Task
from bench.data.columns import shell
from bench.data.hub_names import is_hub_name
from bench.data.routes import Access, deliver
from bench.learning.features.encoders import Encoder, find_encoder, is_on_hub
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import architecture_named
from bench.learning.pretrain import recipe_for
from bench.protocol.domain import Domain, with_unlabelled
from bench.results import record_files
from bench.results.row_names import setting_text
from bench.runs import applicable, costs, inputs, needs, plan, registry
from bench.runs.costs import STATED, Cost, MeasuredCosts, Step
from bench.runs.inputs import AddUnlabelled, FindVectors
from bench.runs.need import Workload
from bench.runs.options import Options, Say
from bench.runs.plan import BasePlan, FindEncoder, TargetPlan, Wanted
from bench.runs.registry import Strategy
from bench.runs.trials import runs_at

TEST_SHARE = {"official": 0.5, "quarter": 0.25, "fifth": 0.2}  # of a card's rows; for the official test set a guess
UNSTATED = 8_000  # rows, where a card does not say


@dataclass(frozen=True)
class ForecastCell:
    """One baseline's trials at one budget."""

    baseline: str
    budget: Budget
    labels: int  # labelled texts
    trials: int
    done: int
    each: Cost  # one trial, on one thread

    @property
    def todo(self) -> int:
        """Trials that are left to run."""
        return self.trials - self.done


@dataclass(frozen=True)
class Forecast:
    """The plan of one target, with its estimate."""

    target: str  # task@edition
    source: str
    recipe: str  # settings of the base that the user chose, as text; empty where none
    read: bool  # whether the data have been read here: else sizes are the card's, and nothing counts as done
    steps: tuple[Step, ...]
    cells: tuple[ForecastCell, ...]

    @property
    def trials(self) -> int:
        """All trials."""
        return sum(c.trials for c in self.cells)

    @property
    def todo(self) -> int:
        """Trials that are left to run."""
        return sum(c.todo for c in self.cells)

    @property
    def origins(self) -> set[str]:
        """Where the estimate comes from: values of `Cost.basis`."""
        counted = [s.cost for s in self.steps if not s.cached] + [c.each for c in self.cells if c.todo]
        return {cost.basis for cost in counted}


def forecasts(options: Options, table: Mapping[str, str], say: Say, *, again: bool = False,
              wanted: Wanted = lambda spec: True) -> list[Forecast]:
    """One forecast per target, in the order of the options; `again` counts finished trials as to do.

    Of targets whose data have been read, only trials that are `wanted` count.

    Raises `BenchError` for what the run would refuse too, as far as that shows without fetching anything.
    """
    access = replace(inputs.access_for(options, say, progress=False), offline=True)
    read = {name: _is_read(name, options, access) for name in (*options.targets, options.source)}
    records = record_files.read_all(options.results_dir)
    net = architecture_named(options.net, options.preset)
    measured = costs.measured_costs(records, options.cache_dir, net, options.engine, inputs.device_for(options))
    ready = tuple(name for name in options.targets if read[name] and read[options.source])
    by_name: dict[str, Forecast] = {}
    if ready:
        drafts = plan.drafts(replace(options, targets=ready, offline=True), table, say, progress=False,
                             find=vectors_to_come(options), add_unlabelled=unlabelled_to_come(options),
                             find_encoder=_encoder_to_come(options, say), again=again, wanted=wanted)
        by_name = {name: _from_data(draft, measured, options) for name, draft in zip(ready, drafts, strict=True)}
    if len(by_name) < len(set(options.targets)):
        strategies = registry.installed(options.baselines, table, say, options.engine, options.settings)
        if not ready:
            plan.tell_who_needs_labels(strategies, options.budgets, say)
        unread = [TaskRef.parse(name).task for name in read if not read[name]]
        source = _size(options.source, read[options.source], options, access, say)
        for name in options.targets:
            if name not in by_name:
                target = _size(name, read[name], options, access, say)
                by_name[name] = _from_cards(source, target, strategies, unread, measured, options, say)
    return [by_name[name] for name in dict.fromkeys(options.targets)]


def total(targets: Sequence[Forecast], workers: int) -> float:
    """Seconds until the last target is finished; a base or corpus that two of them need is counted once."""
    todo = [f for f in targets if f.todo]
    once = {(s.what, s.key): s.cost.seconds for f in todo for s in f.steps if not s.cached}
    trials = sum(max(sum(c.todo * c.each.seconds for c in f.cells) / max(workers, 1),
                     max((c.each.seconds for c in f.cells if c.todo), default=0.0)) for f in todo)
    return sum(once.values()) + trials + (costs.START if todo else 0.0)


def recipe_text(options: Options) -> str:
    """The settings of the base that the user chose: `epochs=3 learning_rate=5e-3`."""
    return " ".join(f"{name}={setting_text(value)}" for name, value in options.base_recipe)


def vectors_to_come(options: Options) -> FindVectors:
    """Finds GloVe if it is here; else assumes that a run with a network fetches it."""
    def find(access: Access, say: Say) -> WordVectors | None:
        try:
            return find_glove(access)
        except BenchError:
            if options.offline:
                return inputs.find_vectors(access, say)
            say("GloVe vectors are not here yet: the run fetches them first, which is not in the estimate")
            return WordVectors(Path(), Path(), "to be fetched")

    return find


def unlabelled_to_come(options: Options) -> AddUnlabelled:
    """Finds the source's texts without labels if they are here; else assumes that a run with a network fetches them."""
    def add(source: Domain, access: Access, root: Path, say: Say) -> Domain:
        def tell(reason: str) -> None:
            say(reason if options.offline else f"{source.name}: its texts without labels are not here yet: the run "
                "fetches them first, which is not in the estimate")

        return with_unlabelled(source, access, root, tell)

    return add


def _encoder_to_come(options: Options, say: Say) -> FindEncoder:
    """Finds an encoder if it is here; else assumes that the run fetches it."""
    def find(model: str, access: Access) -> Encoder:
        try:
            return find_encoder(model, access)
        except BenchError:
            if options.offline or not is_on_hub(model):
                raise
            say(f"the encoder {model} is not here yet: the run fetches it first, which is not in the estimate")
            return Encoder(model, model, model, "to be fetched")

    return find


def workload_of(draft: TargetPlan, part: BasePlan, measured: MeasuredCosts, options: Options) -> Workload:
    """What would be prepared for the trials of a plan on one base."""
    source, target, context = draft.inputs.source, draft.target, part.context
    return Workload(source.name, target.name, len(source.split.pool), len(target.data.corpus),
                    part.base_spec.recipe.epochs, (context.base,), measured, options.cache_dir, draft.inputs,
                    context.encoders, context)


def _from_data(draft: TargetPlan, measured: MeasuredCosts, options: Options) -> Forecast:
    """The forecast of a plan whose data have been read."""
    source, target = draft.inputs.source, draft.target
    steps: list[Step] = []
    counts: dict[tuple[str, Budget], list[int]] = {}
    for part in draft.parts:
        steps += needs.steps(part.needs, workload_of(draft, part, measured, options))
        todo = set(part.todo)
        for spec in part.specs:
            cell = counts.setdefault((spec.strategy.row, spec.budget), [0, 0])
            cell[0] += 1
            cell[1] += int(spec not in todo)
    cells = []
    for (name, budget), (trials, done) in counts.items():
        labels = labels_in(budget, len(target.split.pool))
        cells.append(ForecastCell(name, budget, labels, trials, done, measured.trial(name, labels)))
    return Forecast(target.name, source.name, recipe_text(options), True, tuple(steps), tuple(cells))


@dataclass(frozen=True)
class _Size:
    """The size of a task: as read, or as its card states it."""

    task: Task
    name: str  # task@edition
    rows: int
    pool: int  # texts to train on


def _size(name: str, read: bool, options: Options, access: Access, say: Say) -> _Size:
    if read:
        domain = inputs.load(name, options, access, say)
        return _Size(domain.task, domain.name, len(domain.data.corpus), len(domain.split.pool))
    card = inputs.card_of(name, options)
    assert card is not None, "a data file counts as read"
    task, edition = card
    first = task.edition(edition) if edition else task.editions[0]
    rows = first.rows or UNSTATED
    return _Size(task, str(TaskRef(task.name, first.name)), rows, round(rows * (1 - TEST_SHARE[first.test])))


def _from_cards(source: _Size, target: _Size, strategies: Sequence[Strategy], unread: Sequence[str],
                measured: MeasuredCosts, options: Options, say: Say) -> Forecast:
    """The forecast from the cards, where not all data have been read on this machine."""
    inputs.refuse_same(source.task, target.task)
    usable = applicable.applicable(strategies, source.task, target.task, True, say, inputs.device_for(options))
    recipe = recipe_for(architecture_named(options.net, options.preset).kind, source.pool)
    epochs = int(dict(options.base_recipe).get("epochs", options.epochs)) or recipe.epochs
    bases = tuple(f"{source.name} {seed}" for seed in range(options.base_seeds))
    steps = [Step(f"reading {size.task.name}", "", False, Cost(size.rows * costs.READ / 1000, STATED))
             for size in (target, source) if size.task.name in unread]
    work = Workload(source.name, target.name, source.pool, target.rows, epochs, bases, measured, options.cache_dir)
    steps += needs.steps(applicable.needs_of(usable), work)
    cells = []
    for strategy in usable:
        trials = options.seeds * options.head_seeds * (len(bases) if needs.use_base(strategy.needs()) else 1)
        for budget in options.budgets:
            labels = labels_in(budget, target.pool)
            if labels <= target.pool and runs_at(strategy, budget):
                cost = measured.trial(strategy.row, labels)
                cells.append(ForecastCell(strategy.row, budget, labels, trials, 0, cost))
    return Forecast(target.name, source.name, recipe_text(options), False, tuple(steps), tuple(cells))


def _is_read(name: str, options: Options, access: Access) -> bool:
    """Whether a task's data are in the cache, or quick to read: a data file, or a card without a content hash."""
    card = inputs.card_of(name, options)
    if card is None:
        if is_hub_name(name) and not _is_here(name, access):
            raise BenchError(f"{name} is not in the cache, and an estimate fetches nothing",
                             f"bench data pull {shell(name)} fetches it")
        return True
    task, edition = card
    for choice in _editions(task, edition):
        if choice.sha256 and corpus.load(options.cache_dir, choice.sha256, task.labels):
            return True
        if _delivered(task, choice, access):
            return not choice.sha256
    if options.offline or not any(r.kind != "directory" for e in _editions(task, edition) for r in e.routes):
        inputs.load(name, options, access, lambda text: None)  # raises with the reason why there is no data
    return False


def _is_here(name: str, access: Access) -> bool:
    """Whether a data set of the hub is in the cache."""
    offline = replace(access, offline=True)
    try:
        deliver(hub.find(name, offline).route, offline)
    except RouteError:
        return False
    return True


def _delivered(task: Task, edition: Edition, access: Access) -> bool:
    """Whether a route delivers without a network."""
    for folder in {access.data_dir, task.folder or access.data_dir}:
        for route in edition.routes:
            try:
                deliver(route, replace(access, data_dir=folder))
            except (RouteError, DataError):
                continue
            return True
    return False


def _editions(task: Task, edition: str) -> Iterator[Edition]:
    yield from (task.edition(edition),) if edition else task.editions
