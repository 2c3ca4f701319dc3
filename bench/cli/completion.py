"""What a shell offers after an option: tasks, strategies, nets, engines. Where none fits, the shell offers files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from bench.core.errors import BenchError
from bench.core.names import TaskRef


def _beginning_with(incomplete: str, names: Iterable[str]) -> list[str]:
    """The names that a text may become; in a list, `tfidf,fro`, the name after the last comma."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in names if name.startswith(last)]


def tasks(context: typer.Context, incomplete: str) -> list[str]:
    """Tasks, with those in the folders of `--tasks`; a task's editions once its name is followed by @."""
    from bench.data.cards import all_tasks

    try:
        known = all_tasks(Path(folder) for folder in context.params.get("tasks") or ())
    except BenchError:  # the command reports a broken card; here its message would mix with the offers
        known = all_tasks()
    if "@" in incomplete.rpartition(",")[2]:
        return _beginning_with(incomplete, (str(TaskRef(task.name, edition.name)) for task in known.values()
                                            for edition in task.editions))
    return _beginning_with(incomplete, sorted(known))


def tasks_or_all(context: typer.Context, incomplete: str) -> list[str]:
    """The same, and `all`."""
    return [*tasks(context, incomplete), *_beginning_with(incomplete, ["all"])]


def strategies(incomplete: str) -> list[str]:
    """The built-in strategies."""
    from bench.baselines import BASELINES

    return _beginning_with(incomplete, BASELINES)


def strategies_or_all(incomplete: str) -> list[str]:
    """The same, and `all`."""
    return [*strategies(incomplete), *_beginning_with(incomplete, ["all"])]


def nets(incomplete: str) -> list[str]:
    """The base networks."""
    from bench.learning.networks.architectures import ARCHITECTURES

    return _beginning_with(incomplete, ARCHITECTURES)


def engines(incomplete: str) -> list[str]:
    """The training engines."""
    from bench.learning.networks.engines import ENGINES

    return _beginning_with(incomplete, ENGINES)
