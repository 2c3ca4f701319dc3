"""Tasks and baselines of other installed packages, found through entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

from bench.core.brief import brief, text_of
from bench.core.errors import BenchError

Say = Callable[[str], None]


def task_folders() -> list[Path]:
    """The folders of cards in the entry-point group `bench.tasks`, whose entries name packages that hold cards."""
    from importlib.resources import files

    folders = []
    for entry in _entries("bench.tasks", lambda text: None):
        try:
            folder = Path(str(files(entry.module)))
        except Exception as error:  # of a package from outside
            raise BenchError(f"entry point {entry.name!r} of the group bench.tasks: {text_of(error)}",
                             "uninstall or update the package that brings it") from None
        if not folder.is_dir():
            raise BenchError(f"entry point {entry.name!r} of the group bench.tasks: there is no folder {folder}",
                             "uninstall or update the package that brings it")
        folders.append(folder)
    return folders


def baseline_entries(say: Say) -> dict[str, tuple[str, str]]:
    """The module and the function of the entry points in the group `bench.baselines`, by the name of the baseline.

    The function is empty where an entry names none. `say` hears of what cannot be read.
    """
    places: dict[str, tuple[str, str]] = {}
    for entry in _entries("bench.baselines", say):
        places.setdefault(entry.name, (entry.module, entry.attr or ""))
    return places


def _entries(group: str, say: Say) -> Iterator[EntryPoint]:
    """The entry points of a group that can be read, those of the same name and value once."""
    seen = set()
    for distribution in distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == group]
        except Exception as error:  # whatever a package of others wrote there
            say(f"the entry points of an installed package cannot be read: {text_of(error)}")
            continue
        for entry in entries:
            if entry.pattern.match(entry.value) is None or not entry.name or set("/\\\0") & set(entry.name):
                say(f"{brief(entry.name)} left out: its entry point {brief(entry.value)!r} is no module:function")
            elif (entry.name, entry.value) not in seen:
                seen.add((entry.name, entry.value))
                yield entry
