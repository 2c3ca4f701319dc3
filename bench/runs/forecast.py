"""What a run would do, and about how long that takes; nothing is fetched, trained or recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core import store
from bench.core.budget import Budget, labels_in
from bench.core.errors import BenchError, RouteError
from bench.core.names import TaskRef
from bench.data.cards import Edition, Task
from bench.data.corpus import is_derived
from bench.data.corpus import load as kept_corpus
from bench.data.routes import Access, deliver
from bench.learning.features import sentence_encoder
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import architecture_named
from bench.learning.pretrain import recipe_for
from bench.learning.resources import features_entry
from bench.learning.source_linear import is_source_linear_cached
from bench.results import record_files
from bench.runs import costs, inputs, plan
from bench.runs.costs import STATED, UNKNOWN, Cost, Measured
from bench.runs.options import Options, Say
from bench.runs.plan import PlanDraft
from bench.runs.registry import Strategy

EXAM = {"official": 0.5, "quarter": 0.25, "fifth": 0.2}  # share of a card's rows; the official one is not known before
UNSTATED = 8_000  # rows, where a card does not say


@dataclass(frozen=True)
class Step:
    """What all trials of a target wait for."""

    what: str  # reading TASK, base, features, source's linear model, sentence vectors
    key: str  # of what is kept: the same for two targets that share it
    cached: bool
    cost: Cost  # of what is left to do


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
        """Trials that a run would still make."""
        return self.trials - self.done


@dataclass(frozen=True)
class Forecast:
    """The plan of one target, with its estimate."""

    target: str  # task@edition
    source: str
    read: bool  # whether the data have been read: else sizes are the card's, and nothing counts as done
    steps: tuple[Step, ...]
    cells: tuple[ForecastCell, ...]

    @property
    def trials(self) -> int:
        """All of them."""
        return sum(c.trials for c in self.cells)

    @property
    def todo(self) -> int:
        """Those that a run would still make."""
        return sum(c.todo for c in self.cells)

    @property
    def bases(self) -> set[str]:
        """Where the estimate is from."""
        made = [s.cost for s in self.steps if not s.cached] + [c.each for c in self.cells if c.todo]
        return {cost.basis for cost in made}


def forecasts(options: Options, table: Mapping[str, str], say: Say) -> list[Forecast]:
    """One a target, in their order.

    Raises `BenchError` for what the run would refuse too, as far as that can be told without fetching anything.
    """
    access = replace(inputs.access_for(options, say, progress=False), offline=True)
    read = {name: _is_read(name, options, access) for name in (*options.targets, options.source)}
    known = record_files.read_all(options.results_dir)
    net = architecture_named(options.net, options.preset)
    past = costs.measured(known, options.cache_dir, net, options.engine, inputs.device_for(options))
    own = tuple(name for name in options.targets if read[name] and read[options.source])
    found: dict[str, Forecast] = {}
    if own:
        made = plan.drafts(replace(options, targets=own), table, access, say, glove=_glove(options))
        found = {name: _of(draft, past, options) for name, draft in zip(own, made, strict=True)}
    if len(found) < len(set(options.targets)):
        chosen = plan.strategies(options, table, say)
        unread = [TaskRef.parse(name).task for name in read if not read[name]]
        source = _size(options.source, read[options.source], options, access, say)
        for name in options.targets:
            if name not in found:
                size = _size(name, read[name], options, access, say)
                found[name] = _by_card(size, source, chosen, unread, past, options, say)
    return [found[name] for name in dict.fromkeys(options.targets)]


def total(found: Sequence[Forecast], workers: int) -> float:
    """Seconds until the last of the targets is finished; a base or corpus that two of them need is counted once."""
    todo = [f for f in found if f.todo]
    once = {(s.what, s.key): s.cost.seconds for f in todo for s in f.steps if not s.cached}
    trials = sum(max(sum(c.todo * c.each.seconds for c in f.cells) / max(workers, 1),
                     max((c.each.seconds for c in f.cells if c.todo), default=0.0)) for f in todo)
    return sum(once.values()) + trials + (costs.START if todo else 0.0)


def _glove(options: Options) -> Callable[[Access, Say], WordVectors | None]:
    """GloVe if it is here; else a run that may use the network is taken to fetch it."""
    def here(access: Access, say: Say) -> WordVectors | None:
        try:
            return find_glove(access)
        except BenchError:
            if options.offline:
                return inputs.find_vectors(access, say)
            say("GloVe vectors are not here yet: the run fetches them first, which is not in the estimate")
            return WordVectors(Path(), Path(), "to be fetched")

    return here


def _of(draft: PlanDraft, past: Measured, options: Options) -> Forecast:
    """From data that are at hand."""
    target = draft.target
    steps = []
    for part in draft.parts:
        key = part.setting.base
        if "base" in part.needs:
            trained = store.load(options.cache_dir / "bases" / key) is not None
            cost = past.training(len(part.order.split.pool), part.order.recipe.epochs)
            steps.append(Step("base", key, trained, cost))
        if "features" in part.needs:
            done = is_derived(target.data.corpus, *features_entry(key, part.setting.vectors is not None))
            steps.append(Step("features", f"{target.name} {key}", done, past.encoding(len(target.data.corpus))))
        if "source-linear" in part.needs:
            pool = part.order.data.examples(part.order.split.pool)
            steps.append(Step("source's linear model", store.key_of(pool.rows.tolist()), is_source_linear_cached(pool),
                              _linear(len(pool))))
        if "sentences" in part.needs:
            done = is_derived(target.data.corpus, *sentence_encoder.ENTRY)
            steps.append(Step("sentence vectors", target.name, done, Cost(0.0, UNKNOWN)))
    counts: dict[tuple[str, Budget], list[int]] = {}
    for part in draft.parts:
        left = set(part.todo)
        for job in part.jobs:
            cell = counts.setdefault((job.baseline, job.budget), [0, 0])
            cell[0] += 1
            cell[1] += int(job not in left)
    cells = []
    for (name, budget), (trials, finished) in counts.items():
        labels = labels_in(budget, len(target.split.pool))
        cells.append(ForecastCell(name, budget, labels, trials, finished, past.trial(name, labels)))
    source = draft.parts[0].setting.source.name
    return Forecast(target.name, source, True, tuple(steps), tuple(cells))


@dataclass(frozen=True)
class _Size:
    """A task as its card, or its own file, has it."""

    task: Task
    name: str  # task@edition
    rows: int
    pool: int  # texts to train on


def _size(name: str, read: bool, options: Options, access: Access, say: Say) -> _Size:
    if read:
        found = inputs.load(name, options, access, say)
        return _Size(found.task, found.name, len(found.data.corpus), len(found.split.pool))
    card = inputs.card_of(name, options)
    assert card is not None, "a file of one's own is read"
    task, edition = card
    first = task.edition(edition) if edition else task.editions[0]
    rows = first.rows or UNSTATED
    return _Size(task, str(TaskRef(task.name, first.name)), rows, round(rows * (1 - EXAM[first.test])))


def _by_card(target: _Size, source: _Size, chosen: Sequence[Strategy], unread: Sequence[str], past: Measured,
             options: Options, say: Say) -> Forecast:
    """From the cards, where data have not been read on this machine yet."""
    if target.task.name == source.task.name:
        raise BenchError(f"{target.task.name} is both source and target", "choose another --source")
    own = plan.usable(chosen, source.task.labels == target.task.labels, True, say,
                       f"the labels of {target.task.name} are not those of {source.task.name}")
    epochs = options.epochs or recipe_for(architecture_named(options.net, options.preset).kind, source.pool).epochs
    needs = frozenset().union(*(s.needs() for s in own))
    steps = [Step(f"reading {size.task.name}", "", False, Cost(size.rows * costs.READ / 1000, STATED))
             for size in (target, source) if size.task.name in unread]
    bases = range(options.base_seeds)
    steps += [Step("base", f"{source.name} {b}", False, past.training(source.pool, epochs)) for b in bases
              if "base" in needs]
    steps += [Step("features", f"{target.name} {b}", False, past.encoding(target.rows)) for b in bases
              if "features" in needs]
    if "source-linear" in needs:
        steps.append(Step("source's linear model", source.name, False, _linear(source.pool)))
    if "sentences" in needs:
        steps.append(Step("sentence vectors", target.name, False, Cost(0.0, UNKNOWN)))
    cells = []
    for s in own:
        trials = options.seeds * options.head_seeds * (len(bases) if "base" in s.needs() else 1)
        for b in options.budgets:
            labels = labels_in(b, target.pool)
            if labels <= target.pool:
                cells.append(ForecastCell(s.name, b, labels, trials, 0, past.trial(s.name, labels)))
    return Forecast(target.name, source.name, False, tuple(steps), tuple(cells))


def _linear(texts: int) -> Cost:
    return Cost(texts * costs.LINEAR / 1000, STATED)


def _is_read(name: str, options: Options, access: Access) -> bool:
    """Whether a task's data are in the cache, or small work: a file of one's own, a card without a content hash."""
    found = inputs.card_of(name, options)
    if found is None:
        return True
    for e in _choices(*found):
        if e.sha256 and kept_corpus(options.cache_dir, e.sha256, found[0].labels):
            return True
        if _delivered(found[0], e, access):
            return not e.sha256
    if options.offline or not any(r.kind != "directory" for e in _choices(*found) for r in e.routes):
        inputs.load(name, options, access, lambda text: None)  # says why it cannot be had
    return False


def _delivered(task: Task, edition: Edition, access: Access) -> bool:
    """Whether a route delivers without a network."""
    for folder in {access.data_dir, task.folder or access.data_dir}:
        for route in edition.routes:
            try:
                deliver(route, replace(access, data_dir=folder))
            except RouteError:
                continue
            return True
    return False


def _choices(task: Task, edition: str) -> Iterator[Edition]:
    yield from (task.edition(edition),) if edition else task.editions
