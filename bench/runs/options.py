"""What a run's options mean: targets, source, strategies, base, and who runs the trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core import store
from bench.core.budget import FULL, Budget
from bench.core.errors import BenchError

Say = Callable[[str], None]
Watch = Callable[[dict[str, Any]], None]


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


