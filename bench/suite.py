"""One run from its options: targets and source found, the base trained, the trials planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench import cache, pool, records, runner
from bench.base import Base, Order, base_key, pretrain, recipe_for
from bench.data import Loaded, obtain
from bench.engines import devices
from bench.errors import BenchError
from bench.nets import Net, named
from bench.own import looks_like_file, task_of
from bench.records import Record
from bench.runner import Job, Setting, Side, Strategy
from bench.sources import Access
from bench.task import Task, all_tasks, nearest
from bench.trial import FULL, Budget, without_exam
from bench.vectors import Vectors, find

Say = Callable[[str], None]
Watch = Callable[[dict[str, Any]], None]
Carry = Callable[[Sequence[Job]], Iterator[Record]]  # runs jobs


@dataclass(frozen=True)
class Options:
    """What the user asked for, as given on the command line."""

    targets: tuple[str, ...] = ("amazon",)
    source: str = "imdb"
    baselines: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = (32, 128, 512, FULL)
    seeds: int = 3
    base_seeds: int = 1
    head_seeds: int = 1  # for each label draw
    net: str = "gru"
    preset: str = "default"
    engine: str = "torch"
    device: str = "auto"
    jobs: int = 0  # 0: one a core
    scheduler: str = ""  # of a Dask cluster; empty: this machine
    data_dir: Path | None = None
    results_dir: Path = Path("results/runs")
    cache_dir: Path = field(default_factory=cache.default_cache)
    tasks: tuple[Path, ...] = ()
    text_column: str = ""
    label_column: str = ""
    map_label: tuple[str, ...] = ()
    offline: bool = False
    epochs: int = 0  # of the base; 0: the recipe's
    validation: float = 0.0  # share of the source's pool that the base is not trained on
    keep_checkpoints: bool = False  # of every epoch of the base


ALL = "all"


def pairs(sources: Sequence[str], options: Options) -> list[Options]:
    """One set of options a source: `all` sources are all targets, and `all` targets all tasks with IMDB's labels.

    A target that is the source itself is left out.
    """
    known = all_tasks(options.tasks)
    targets = list(options.targets)
    if ALL in targets:
        first = known[sources[0].partition("@")[0]] if sources[0].partition("@")[0] in known else known["imdb"]
        targets = [name for name, task in known.items() if task.labels == first.labels]
    chosen = list(targets) if ALL in sources else list(sources)
    many = len(chosen) > 1 or len(targets) > 1
    found = []
    for source in dict.fromkeys(chosen):
        own = [t for t in targets if not many or t.partition("@")[0] != source.partition("@")[0]]
        if own:
            found.append(replace(options, source=source, targets=tuple(own)))
    return found


def parse_budgets(text: str) -> tuple[Budget, ...]:
    """`32,128,full` as budgets, ascending; `BenchError` for anything else."""
    out: list[Budget] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        if part in (FULL, "all"):
            out.append(FULL)
        elif part.isdigit() and part.isascii() and 2 <= int(part) <= 10**9:
            out.append(int(part))
        else:
            raise BenchError(f"budget {part!r} is not a number of labels", "such as --budgets 32,128,512,full")
    if not out:
        raise BenchError("no budgets", "such as --budgets 32,128,512,full")
    return tuple(sorted(set(out), key=lambda b: float("inf") if b == FULL else int(b)))


def strategies(names: Sequence[str], table: Mapping[str, str]) -> list[Strategy]:
    """The baselines named: by name, entry point, or `package.module:function`; `all` is every one that is known."""
    from bench.plugins import baseline_entries

    entries = baseline_entries()
    known = {name: Strategy(name, *place.split(":")) for name, place in table.items()}
    for name, entry in entries.items():
        known.setdefault(name, Strategy(name, entry.module, entry.attr or "fit"))
    out: list[Strategy] = []
    for name in names:
        if name == ALL:
            out += known.values()
        elif name in known:
            out.append(known[name])
        elif ":" in name:
            module, _, function = name.partition(":")
            out.append(Strategy(name, module, function))
        else:
            raise nearest("baseline", name, known, "bench list baselines")
    return list(dict.fromkeys(out))


def access_for(options: Options, say: Say, *, progress: bool) -> Access:
    """How data may be fetched under these options."""
    if options.data_dir is not None and not options.data_dir.is_dir():
        raise BenchError(f"no such folder: {options.data_dir}", "--data-dir takes a folder of data files")
    return Access(data_dir=options.data_dir, cache=options.cache_dir / "raw", offline=options.offline,
                  progress=progress, note=say)


def load(name: str, options: Options, access: Access, say: Say) -> Loaded:
    """A task by name, `name@edition` or file."""
    known = all_tasks(options.tasks)
    task_name, _, edition = name.partition("@")
    if task_name in known:
        return obtain(known[task_name], access, options.cache_dir, edition, say)
    if looks_like_file(name):
        return _own(Path(name), options, access, say)
    raise nearest("target", name, known, "bench list tasks; a data file needs its ending, such as .csv")


def _own(path: Path, options: Options, access: Access, say: Say) -> Loaded:
    task, told = task_of(path, options.text_column, options.label_column, label_map(options))
    if task.name in all_tasks(options.tasks):
        task = replace(task, name=f"my-{task.name}")
    say(told)
    return obtain(task, replace(access, data_dir=path.resolve().parent), options.cache_dir, "", say)


def label_map(options: Options) -> dict[str, str]:
    """`--map-label` pairs as raw value → label."""
    mapping = {}
    for pair in options.map_label:
        raw, equals, label = pair.partition("=")
        if not equals or not raw or not label:
            raise BenchError(f"--map-label {pair!r} is not RAW=LABEL", "such as --map-label good=positive")
        mapping[raw] = label
    return mapping


def device_for(options: Options) -> str:
    """The device asked for, or the best that the engine has."""
    have = devices(options.engine)
    if options.device == "auto":
        return have[0]
    if options.device not in ("cpu", "cuda"):
        raise BenchError(f"unknown device {options.device!r}", "auto, cpu or cuda")
    if options.device not in have:
        raise BenchError(f"device {options.device!r} does not answer to {options.engine}",
                         f"there is: {', '.join(have)}")
    return options.device


def glove(access: Access, say: Say) -> Vectors | None:
    """GloVe if it can be had; says so where it cannot."""
    try:
        return find(access)
    except BenchError as error:
        say(f"without GloVe: {error}")
        return None


def base_order(options: Options, source: Loaded, net: Net, vectors: Vectors | None) -> Order:
    """What base the options ask for."""
    spec = recipe_for(net.kind, len(source.division.pool))
    spec = replace(spec, epochs=options.epochs) if options.epochs else spec
    return Order(source.name, source.data, source.division, net, options.engine,
                 device_for(options), vectors, spec, validation=options.validation,
                 every_epoch=options.keep_checkpoints)


def train_base(options: Options, say: Say, watch: Watch, *, progress: bool) -> Base:
    """`bench pretrain`: the base alone."""
    if not 0.0 <= options.validation <= 0.5:
        raise BenchError(f"--validation {options.validation:g} is not a share", "from 0 to 0.5, such as 0.2")
    access = access_for(options, say, progress=progress)
    net = named(options.net, options.preset)
    source = load(options.source, options, access, say)
    vectors = glove(access, say) if net.glove != "no" else None
    return pretrain(base_order(options, source, net, vectors), options.cache_dir, watch)


@dataclass(frozen=True)
class Plan:
    """The trials of one target: all of them, and those not done yet."""

    target: Loaded
    path: Path  # of the records
    jobs: tuple[Job, ...]
    todo: tuple[Job, ...]
    base: Base | None


def plan(options: Options, table: Mapping[str, str], say: Say, watch: Watch, *, progress: bool,
         again: bool = False) -> Iterator[Plan]:
    """A plan for each target, the base trained first where a trial still needs it.

    `again` plans finished trials too.
    """
    for flag, count in (("--seeds", options.seeds), ("--base-seeds", options.base_seeds),
                        ("--head-seeds", options.head_seeds)):
        if count < 1:
            raise BenchError(f"{flag} {count}", "one or more")
    access = access_for(options, say, progress=progress)
    chosen = _installed(strategies(options.baselines, table), options.baselines, say)
    needs = {s: s.needs() for s in chosen}
    net = named(options.net, options.preset)
    every = frozenset().union(*needs.values())
    targets = [load(name, options, access, say) for name in options.targets]
    source = load(options.source, options, access, say)
    if any(target.task.name == source.task.name for target in targets):
        raise BenchError(f"{source.task.name} is both source and target", "choose another --source")
    vectors = glove(access, say) if every & {"base", "glove", "features"} else None
    for target in targets:
        clean = without_exam(source.data, source.division, target.data, target.division.exam)
        if clean.leaked_to_target:
            say(f"{source.name}: {clean.leaked_to_target} of its texts are in the exam of {target.name}: left out")
        order = base_order(options, replace(source, division=clean), net, vectors)
        usable = _usable(chosen, needs, source, target, vectors, say)
        budgets, dropped = runner.budgets_for(target.division, options.budgets)
        for budget in dropped:
            say(f"{target.name}: budget {budget} left out: only {len(target.division.pool):,} texts to train on")
        if not budgets:
            raise BenchError(f"{target.name} has {len(target.division.pool)} texts to train on, too few for any budget",
                             "--budgets full takes all there are")
        path = options.results_dir / "records" / f"{target.task.name}.jsonl"
        done = set() if again else {r.identity() for r in records.read(path, say) if r.status == "ok"}
        jobs: list[Job] = []
        todo: list[Job] = []
        base = None
        for seed in range(options.base_seeds):
            one = replace(order, seed=seed)
            own = [s for s in usable if seed == 0 or "base" in needs[s]]
            setting = Setting(options.cache_dir, Side.of(source), Side.of(target), net, options.engine, order.device,
                              base_key(one) if "base" in every else "", vectors, clean.leaked_to_target, seed)
            mine = runner.plan(setting, own, budgets, options.seeds, options.head_seeds)
            left = [job for job in mine if runner.blank(job).identity() not in done]
            still = frozenset().union(*(needs[s] for s in own if any(j.baseline == s.name for j in left)))
            if left and "base" in still:
                trained = pretrain(one, options.cache_dir, watch)
                base = base or trained
            if left:
                runner.prepare(setting, still)
            jobs += mine
            todo += left
        yield Plan(target, path, tuple(jobs), tuple(todo), base)


def _installed(chosen: Sequence[Strategy], asked: Sequence[str], say: Say) -> list[Strategy]:
    """Those whose extra is installed; `MissingExtra` for one that was asked for by its own name."""
    out = []
    for s in chosen:
        error = s.missing()
        if error is None:
            out.append(s)
        elif s.name in asked:
            raise error
        else:
            say(f"{s.name} left out: {error}")
    return out


def _usable(chosen: Sequence[Strategy], needs: Mapping[Strategy, frozenset[str]], source: Loaded, target: Loaded,
            vectors: Vectors | None, say: Say) -> list[Strategy]:
    out = []
    for s in chosen:
        if "same-labels" in needs[s] and source.task.labels != target.task.labels:
            labels = ", ".join(target.task.labels[:4]) + (", …" if len(target.task.labels) > 4 else "")
            say(f"{s.name} is not applicable: the labels of {target.task.name} ({labels}) are not those of "
                f"{source.task.name}")
        elif "glove" in needs[s] and vectors is None:
            say(f"{s.name} left out: it needs GloVe vectors")
        else:
            out.append(s)
    return out


@contextmanager
def hands(options: Options, say: Say) -> Iterator[Carry]:
    """Who runs the trials: worker processes here, or the workers of a cluster."""
    if options.scheduler:
        from bench import cluster

        if options.jobs:
            raise BenchError("--jobs and --scheduler exclude each other", "a cluster has the workers that it has")
        with cluster.connected(options.scheduler, say) as connection:
            yield connection.run
        return
    workers = options.jobs or pool.default_jobs()
    yield lambda jobs: pool.run(jobs, workers)


def carry_out(found: Plan, carry: Carry) -> Iterator[Record]:
    """Run what is left of a plan and yield each record once it is on disk."""
    with cache.locked(found.path.with_name(f".{found.path.stem}.lock"),
                      f"waiting for another bench run that writes {found.path}"):
        done = {r.identity() for r in records.read(found.path) if r.status == "ok"}
        todo = [job for job in found.todo if runner.blank(job).identity() not in done]
        for record in carry(todo):
            records.append(found.path, record)
            yield record


def known_tasks(options: Options) -> dict[str, Task]:
    """Every card at hand."""
    return all_tasks(options.tasks)
