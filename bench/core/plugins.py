"""Tasks and baselines of other installed packages, found through entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from bench.core.errors import BenchError


def task_folders() -> list[Path]:
    """The folders of cards in the entry-point group `bench.tasks`, whose entries name packages that hold cards."""
    from importlib.resources import files

    folders = []
    for entry in entry_points(group="bench.tasks"):
        folder = Path(str(files(entry.module)))
        if not folder.is_dir():
            raise BenchError(f"entry point {entry.name!r} of the group bench.tasks: there is no folder {folder}",
                             "uninstall or update the package that brings it")
        folders.append(folder)
    return folders


def baseline_entries() -> dict[str, EntryPoint]:
    """The entry points in the group `bench.baselines`, by the name of the baseline."""
    return {entry.name: entry for entry in entry_points(group="bench.baselines")}
