"""Tasks and baselines that other installed packages bring, found through entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from bench.core.errors import BenchError


def task_folders() -> list[Path]:
    """Folders of cards from the group `bench.tasks`; an entry names a package that holds them."""
    from importlib.resources import files

    folders = []
    for entry in entry_points(group="bench.tasks"):
        folder = Path(str(files(entry.module)))
        if not folder.is_dir():
            raise BenchError(f"entry point {entry.name!r} of group bench.tasks: no folder {folder}")
        folders.append(folder)
    return folders


def baseline_entries() -> dict[str, EntryPoint]:
    """The entry points of the group `bench.baselines`, by baseline name."""
    return {entry.name: entry for entry in entry_points(group="bench.baselines")}
