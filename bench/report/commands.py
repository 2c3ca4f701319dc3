"""The commands behind a leaderboard: the one that makes its records again, and what `bench fit` needs for a row."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.analysis.boards import RowKey
from bench.core.budget import in_order
from bench.core.names import TaskRef
from bench.data.user_file import EDITION
from bench.learning.networks.architectures import ARCHITECTURES
from bench.results.record import Record
from bench.runs.options import Options

FILE_OPTIONS = {"text_column": "--text-column", "label_column": "--label-column",
                "rating_threshold": "--rating-threshold"}
DEFAULT = "default"  # as a value of `--set`: the strategy keeps its plain row too
FOLDERS = re.compile(r"(?<![\w.:/\\])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'\":;,()]+)+[/\\](?=[^\s/\\])")


def without_folders(text: str) -> str:
    """A text that leaves this machine: of each absolute path in it only the last part."""
    return FOLDERS.sub("", text)


def shown_folder(folder: Path) -> str:
    """A folder as a command on a page names it: seen from here, or by its name alone where it lies elsewhere."""
    if not folder.is_absolute():
        return str(folder)
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) and folder != here else folder.name or "."


def run_command(records: Sequence[Record], rows: Mapping[str, RowKey]) -> str:
    """The command that makes the records of a leaderboard; empty where no command can name their target.

    `rows` says which strategy and settings each row has. Predictions from elsewhere are left out.
    """
    own = [record for record in records if not record.imported]
    target = target_words(own)
    if not own or target is None:
        return ""
    of_rows = {name: rows[name] for name in dict.fromkeys(record.baseline for record in own)}
    seeds, bases = (1 + max(getattr(r, name) for r in own) for name in ("seed", "base_seed"))
    of_draw = Counter(seed for seed, _ in {(r.seed, r.head_seed) for r in own})
    heads = max(of_draw.values())
    words = ["bench", "run", *target, *source_words(own), *strategy_words(list(of_rows.values())),
             "--budgets", ",".join(map(str, in_order({r.budget for r in own}))), "--seeds", str(seeds),
             *(["--base-seeds", str(bases)] if bases > 1 else []),
             *(["--head-seeds", str(heads)] if heads > 1 else []),
             *_draw_words(own),
             *network_words(own), "--engine", own[0].engine, "--device", own[0].device, *_recipe_words(own)]
    return shlex.join(words)


def target_words(records: Sequence[Record]) -> list[str] | None:
    """`--target` and how its file is read; None for data in memory, and for a file whose name no record says."""
    if not records:
        return None
    options = recorded(records)
    name = options.get("target", str(records[0].target))
    if not name or (records[0].edition == EDITION and "target" not in options):
        return None
    words = ["--target", name]
    for option, flag in FILE_OPTIONS.items():
        if option in options:
            words += [flag, str(options[option])]
    return [*words, *(word for pair in options.get("map_label", ()) for word in ("--map-label", pair)),
            *(word for folder in options.get("tasks", ()) for word in ("--tasks", folder))]


def source_words(records: Sequence[Record]) -> list[str]:
    """`--source` with its edition, or its file's name."""
    return ["--source", recorded(records).get("source") or records[0].source]


def network_words(records: Sequence[Record]) -> list[str]:
    """`--net` and `--preset`, where they are not the usual ones."""
    net, preset = records[0].net.split("-")[0], recorded(records).get("preset")
    return [*(["--net", net] if net in ARCHITECTURES and net != Options.net else []),
            *(["--preset", preset] if preset else [])]


def base_words(records: Sequence[Record]) -> list[str]:
    """What a command on other data needs to train and use the same base, where that is not the usual one."""
    options = recorded(records)
    source = options.get("source") or records[0].source
    usual = TaskRef.parse(source).task == "imdb"
    return [*([] if usual else ["--source", source]), *network_words(records),
            *(["--engine", records[0].engine] if records[0].engine != "torch" else []),
            *_draw_words(records), *(["--epochs", str(options["epochs"])] if "epochs" in options else []),
            *_chosen_recipe(options)]


def strategy_words(rows: Sequence[RowKey]) -> list[str]:
    """`--baseline` for each strategy, and `--set` for the settings that were chosen for it."""
    words: list[str] = []
    chosen: dict[str, dict[str, list[str]]] = {}
    for name in dict.fromkeys(row.strategy for row in rows):
        words += ["--baseline", _named(name)]
        of_strategy = [row for row in rows if row.strategy == name]
        for setting in dict.fromkeys(key for row in of_strategy for key in row.chosen):
            values = [setting_text(json.loads(row.settings)[setting]) if setting in row.chosen else DEFAULT
                      for row in of_strategy]
            chosen.setdefault(name, {})[setting] = list(dict.fromkeys(values))
    return [*words, *(word for name, settings in chosen.items() for setting, values in settings.items()
                      for word in ("--set", f"{_named(name)}.{setting}={','.join(values)}"))]


def recorded(records: Sequence[Record]) -> dict[str, Any]:
    """The options of the runs that made the records, as far as records keep them."""
    options: dict[str, Any] = {}
    for record in records:
        options = {**record.options, **options}
    return options


def _named(strategy: str) -> str:
    """A strategy as `--baseline` takes it: one from a file whose name is no module's needs its ending."""
    stem, colon, function = strategy.partition(":")
    return f"{stem}.py:{function}" if colon and not all(map(str.isidentifier, stem.split("."))) else strategy


def setting_text(value: object) -> str:
    """The value of a setting as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _draw_words(records: Sequence[Record]) -> list[str]:
    return ["--draw", records[0].draw] if records[0].draw != "stratified" else []


def _recipe_words(records: Sequence[Record]) -> list[str]:
    options = recorded(records)
    recipes = [spec for r in records if isinstance(spec := r.base_spec.get("spec"), dict)]
    epochs = {str(recipe["epochs"]) for recipe in recipes if "epochs" in recipe}
    said = len(epochs) == 1 and "epochs" not in options.get("base_recipe", {})
    return [*(["--epochs", epochs.pop()] if said else []), *_chosen_recipe(options)]


def _chosen_recipe(options: Mapping[str, Any]) -> list[str]:
    recipe = options.get("base_recipe", {})
    return [word for name, value in recipe.items() for word in ("--set", f"base.{name}={setting_text(value)}")]
