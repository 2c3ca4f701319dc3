"""What the arguments of the Python functions mean: the same `Options` that the command line makes of its flags."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.core.budget import Budget, parse_budgets
from bench.core.errors import InputError
from bench.core.places import home_expanded
from bench.data.frames import UNNAMED, is_frame, table_of
from bench.data.load import LoadedTask
from bench.data.table import TableFile
from bench.runs.options import Options, options_from

if TYPE_CHECKING:
    import pandas as pd

    Folder: TypeAlias = str | os.PathLike[str]
    OneTarget: TypeAlias = "Folder | pd.DataFrame"
    Targets: TypeAlias = "OneTarget | Mapping[str, pd.DataFrame] | Iterable[OneTarget]"
    Budgets: TypeAlias = Budget | str | Iterable[Budget]

IN_MEMORY = " (DataFrame)"  # what the name of one ends in: no task is called so, and no file
FOLDERS = ("data_dir", "cache_dir", "results_dir")


def options(*, targets: Any, source: Any, in_memory: Mapping[str, LoadedTask] | None = None,
            **given: Any) -> tuple[Options, list[str]]:
    """The options of keyword arguments, and the sources' names; None leaves a default.

    `targets` and `source` are names, paths or DataFrames, one or several; `in_memory` are targets too, loaded already.
    The first source is that of the options.

    Raises `BenchError` for a value that makes no sense.
    """
    frames: dict[str, TableFile | LoadedTask] = {}
    frames.update(in_memory or {})
    known = [*frames, *names(targets, frames)]
    sources = [home_expanded(name) for name in names(source, frames)]
    if not known or not sources:
        raise InputError(f"no {'source' if known else 'target'}", "name one, such as 'amazon'")
    values: dict[str, Any] = {**given, "targets": known, "source": sources[0]}
    if values.get("data_dir") is None:
        values["data_dir"] = os.environ.get("BENCH_DATA") or None
    for name in FOLDERS:
        if values.get(name) is not None:
            values[name] = Path(values[name]).expanduser()
    if values.get("tasks") is not None:
        values["tasks"] = [Path(folder).expanduser() for folder in several(values["tasks"], "tasks")]
    if values.get("baselines") is not None:
        values["baselines"] = several(values["baselines"], "baselines")
    if values.get("budgets") is not None:
        values["budgets"] = budgets(values["budgets"])
    if isinstance(labels := values.get("map_label"), Mapping):
        values["map_label"] = [f"{raw}={'' if label is None else label}" for raw, label in labels.items()]
    return options_from({**values, "in_memory": frames}), sources


def budgets(given: Budgets) -> tuple[Budget, ...]:
    """The budgets of a number, of "full", of a list of these, or of a text such as "32,128,full"."""
    alone = isinstance(given, str) or not isinstance(given, Iterable)
    return parse_budgets(str(given) if alone else ",".join(map(str, given)))  # type: ignore[arg-type]


def several(given: Any, what: str) -> list[str]:
    """The names or paths of one or of several; `InputError` for anything else."""
    values = [given] if isinstance(given, str | os.PathLike) or not isinstance(given, Iterable) else list(given)
    if wrong := [value for value in values if not isinstance(value, str | os.PathLike)]:
        raise InputError(f"{what} holds a {type(wrong[0]).__name__}", "names are expected, such as 'tfidf'"
                         if what == "baselines" else "names or paths are expected")
    return [os.fspath(value) for value in values]


def names(given: Any, frames: dict[str, TableFile | LoadedTask]) -> list[str]:
    """The names under which `Options` knows sources or targets; what is in memory is added to `frames`."""
    if is_frame(given):
        return [_frame(given, "", frames)]
    if isinstance(given, Mapping):
        return [_frame(value, str(name), frames) for name, value in given.items()]
    if isinstance(given, str | os.PathLike):
        return [os.fspath(given)]
    if isinstance(given, Iterable):
        return [name for value in given for name in names(value, frames)]
    raise InputError(f"a target cannot be a {type(given).__name__}", "a task's name, a file's path or a DataFrame")


def _frame(value: Any, name: str, frames: dict[str, TableFile | LoadedTask]) -> str:
    if not is_frame(value):
        raise InputError(f"the target {name!r} is a {type(value).__name__}, not a DataFrame",
                         "{'reviews': frame} names a DataFrame; pandas.DataFrame({'text': …, 'label': …}) makes one")
    table = table_of(value, name)
    known = f"{table.path}{IN_MEMORY}"
    if known in frames:
        raise InputError(f"two DataFrames are called {table.path}",
                         f"name them: target={{'reviews': frame, 'posts': other}}; {UNNAMED} is one without a name")
    frames[known] = table
    return known
