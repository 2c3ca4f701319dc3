"""What a shell offers after an option: tasks, strategies, nets, engines. Where nothing fits it offers files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from bench.core.errors import BenchError
from bench.core.names import TaskRef


def _fitting(names: Iterable[str], begun: str) -> list[str]:
    return [name for name in names if name.startswith(begun)]


def tasks(context: typer.Context, incomplete: str) -> list[str]:
    """Tasks, those in the folders of `--tasks` too; their editions once a name is followed by @."""
    from bench.data.cards import all_tasks

    try:
        found = all_tasks(Path(folder) for folder in context.params.get("tasks") or ())
    except BenchError:  # a wrong card is said when the command runs; here it would land between the offers
        found = all_tasks()
    if "@" in incomplete:
        return _fitting((str(TaskRef(task.name, e.name)) for task in found.values() for e in task.editions), incomplete)
    return _fitting(sorted(found), incomplete)


def tasks_or_all(context: typer.Context, incomplete: str) -> list[str]:
    """The same where `all` can be said too."""
    return [*tasks(context, incomplete), *_fitting(["all"], incomplete)]


def strategies(incomplete: str) -> list[str]:
    """The baselines that come with the suite."""
    from baselines import BASELINES

    return _fitting(BASELINES, incomplete)


def strategies_or_all(incomplete: str) -> list[str]:
    """The same where `all` can be said too."""
    return [*strategies(incomplete), *_fitting(["all"], incomplete)]


def nets(incomplete: str) -> list[str]:
    """The base networks."""
    from bench.learning.networks.architectures import ARCHITECTURES

    return _fitting(ARCHITECTURES, incomplete)


def engines(incomplete: str) -> list[str]:
    """The training engines."""
    from bench.learning.networks.engines import ENGINES

    return _fitting(ENGINES, incomplete)
