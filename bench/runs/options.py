"""What a run's options mean: targets, source, strategies, base, and who runs the trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core import store
from bench.core.budget import FULL, Budget

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
    text_column: str = ""
    label_column: str = ""
    map_label: tuple[str, ...] = ()
    offline: bool = False
    epochs: int = 0  # of the base; 0: the recipe's
    validation: float = 0.0  # share of the source's pool that the base is not trained on
    keep_checkpoints: bool = False  # of every epoch of the base
