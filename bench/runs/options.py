"""What a run's options mean: targets, source, strategies, base, and who runs the trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.core import ranges, store
from bench.core.budget import DRAWS, FULL, Budget, Draw, parse_budget
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.core.places import home_expanded
from bench.data.cards import all_tasks
from bench.data.load import LoadedTask
from bench.data.table import TableFile

ALL = "all"  # as a source, target or baseline: every one there is
Say = Callable[[str], None]
Watch = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Options:
    """What the user asked for, on the command line or in Python."""

    targets: tuple[str, ...] = ("amazon",)
    source: str = "imdb"
    baselines: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = (32, 128, 512, FULL)
    draw: Draw = "stratified"  # how the labelled texts are drawn from the target's pool
    seeds: int = 3
    base_seeds: int = 1
    head_seeds: int = 1  # per label draw
    net: str = "gru"
    preset: str = "default"
    engine: str = "torch"
    device: str = "auto"
    jobs: int = 0  # worker processes; 0: one per core
    scheduler: str = ""  # address of a Dask cluster's; empty: this machine runs the trials
    trial_timeout: float | None = None  # seconds that a trial may take; None: as long as it takes
    data_dir: Path | None = None
    results_dir: Path = Path("results/runs")
    cache_dir: Path = field(default_factory=store.default_cache)
    tasks: tuple[Path, ...] = ()
    text_column: str | None = None  # of a file of the user's own; None: guessed
    label_column: str | None = None
    map_label: tuple[str, ...] = ()
    rating_threshold: float | None = None
    strict: bool = False  # a row that cannot be used is an error
    offline: bool = False
    all_labels: bool = False  # train on every text of the target; no test set is kept
    epochs: int = 0  # of the base; 0: the recipe's
    validation: float = 0.0  # share of the source's pool that the base is not trained on
    keep_checkpoints: bool = False  # of every epoch of the base
    settings: tuple[str, ...] = ()  # STRATEGY.SETTING=VALUE, chosen for strategies and for the base
    base_recipe: tuple[tuple[str, float], ...] = ()  # fields of the base's recipe that differ from the usual
    # Data in memory, by what targets and the source call them.
    in_memory: Mapping[str, TableFile | LoadedTask] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        for name in ("seeds", "base_seeds", "head_seeds", "jobs", "epochs", "validation"):
            ranges.check(name, getattr(self, name))
        for name in ("rating_threshold", "trial_timeout"):
            if (value := getattr(self, name)) is not None:
                ranges.check(name, value)
        if self.draw not in DRAWS:
            raise BenchError(f"--draw {self.draw!r} is no way to draw labels", " or ".join(DRAWS))
        for budget in self.budgets:
            if budget != FULL:
                parse_budget(str(budget))


def options_from(given: Mapping[str, Any]) -> Options:
    """The options of these values; None leaves a default, lists become tuples, and `~` is the home folder.

    The cache's path is made absolute, since a worker of a cluster has another working directory.
    Raises `BenchError` for a value that makes no sense.
    """
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value
                              for name, value in given.items() if value is not None}
    if "cache_dir" in values:
        values["cache_dir"] = values["cache_dir"].absolute()
    for name in ("targets", "source"):  # a task's name, or a file's
        if name in values:
            names = values[name]
            values[name] = home_expanded(names) if isinstance(names, str) else tuple(map(home_expanded, names))
    return Options(**values)


def options_per_source(sources: Sequence[str], options: Options) -> list[Options]:
    """One set of options per source.

    `all` as a source means all targets; `all` as a target means every task with the labels of the first source, or
    with IMDB's. A target that is the source itself is left out.
    """
    targets = list(options.targets)
    if ALL in targets:
        known = all_tasks(options.tasks)
        first = known.get(TaskRef.parse(sources[0]).task, known["imdb"])
        targets = [name for name, task in known.items() if task.labels == first.labels]
    chosen = targets if ALL in sources else sources
    several = len(chosen) > 1 or len(targets) > 1
    runs = []
    for source in dict.fromkeys(chosen):
        task = TaskRef.parse(source).task
        others = [t for t in targets if not several or TaskRef.parse(t).task != task]
        if others:
            runs.append(replace(options, source=source, targets=tuple(others)))
    return runs
