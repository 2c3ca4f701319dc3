"""What a run's options mean: targets, source, strategies, base, and who runs the trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.core import store
from bench.core.errors import BenchError
from bench.data.cards import Task, all_tasks, nearest
from bench.data.load import Loaded, obtain
from bench.data.routes import Access
from bench.data.user_file import looks_like_file, task_of
from bench.learning.features.glove import Vectors, find
from bench.learning.networks.architectures import Net, named
from bench.learning.networks.engines import devices
from bench.learning.pretrain import Base, Order, pretrain, recipe_for
from bench.protocol.trial import FULL, Budget
from bench.results.record_files import Record
from bench.runs import pool
from bench.runs.trials import Job, Strategy

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
    cache_dir: Path = field(default_factory=store.default_cache)
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
    from bench.core.plugins import baseline_entries

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
    found = card_of(name, options)
    if found is None:
        return _own(Path(name), options, access, say)
    return obtain(found[0], access, options.cache_dir, found[1], say)


def card_of(name: str, options: Options) -> tuple[Task, str] | None:
    """The task and the edition (empty: any) that `name` or `name@edition` means; None for a file of one's own."""
    known = all_tasks(options.tasks)
    task_name, _, edition = name.partition("@")
    if task_name in known:
        return known[task_name], edition
    if looks_like_file(name):
        return None
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


@contextmanager
def hands(options: Options, say: Say) -> Iterator[Carry]:
    """Who runs the trials: worker processes here, or the workers of a cluster."""
    count = workers(options)
    if options.scheduler:
        from bench.runs.cluster import client

        with client.connected(options.scheduler, say) as connection:
            yield connection.run
        return
    yield lambda jobs: pool.run(jobs, count)


def workers(options: Options) -> int:
    """Worker processes of this machine; 0 where a cluster's run the trials."""
    if options.scheduler and options.jobs:
        raise BenchError("--jobs and --scheduler exclude each other", "a cluster has the workers that it has")
    return 0 if options.scheduler else options.jobs or pool.default_jobs()


def known_tasks(options: Options) -> dict[str, Task]:
    """Every card at hand."""
    return all_tasks(options.tasks)
