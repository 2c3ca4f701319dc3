"""What another machine needs of this one's cache: named here, looked for there, and sent where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core import store
from bench.core.errors import BenchError
from bench.data import corpus
from bench.runs.runner import open_data
from bench.runs.trials import TrialContext


@dataclass(frozen=True)
class CacheFiles:
    """One cache entry on its way."""

    entry: str  # its folder, relative to the cache
    files: Mapping[str, bytes]
    facts: Mapping[str, Any]


def entries(setting: TrialContext, needs: frozenset[str]) -> tuple[str, ...]:
    """The cache entries that the trials of a setting read, relative to the cache; after `runner.prepare`."""
    sides = [setting.target, *([setting.source] if any(n.startswith("source") for n in needs) else [])]
    folders = [setting.root / "bases" / setting.base] if "base" in needs else []
    for side in sides:
        folders += [corpus.folder_of(setting.root, side.sha256)]
        folders += corpus.derived_so_far(open_data(setting.root, side)[0].corpus)
    return tuple(folder.relative_to(setting.root).as_posix() for folder in folders)


def packed(root: Path, entry: str) -> CacheFiles:
    """An entry of this machine's cache; `BenchError` where it is gone."""
    found = store.load(root / entry)
    if found is None:
        raise BenchError(f"{entry} is no longer in the cache {root}", "run again; it is made anew")
    return CacheFiles(entry, {name: found.bytes(name) for name in found.facts["files"]}, found.facts)


def unpack(parcel: CacheFiles) -> None:
    """Keep an entry in this machine's own cache."""
    store.save(store.default_cache() / parcel.entry, parcel.files, parcel.facts)


def home(root: Path, wanted: Sequence[str]) -> Path | None:
    """The cache here that holds all the entries: `root`, if it is a shared disk, else this machine's own, else None."""
    return next((place for place in (root, store.default_cache()) if not lacking(place, wanted)), None)


def lacking(place: Path, wanted: Sequence[str]) -> list[str]:
    """The entries that a cache does not hold whole; each is read and checked once a process."""
    for entry in wanted:
        if (place, entry) not in _whole and store.load(place / entry):
            _whole.add((place, entry))
    return [entry for entry in wanted if (place, entry) not in _whole]


def lacking_here(wanted: Sequence[str]) -> list[str]:
    """The entries that this machine's own cache does not hold whole."""
    return lacking(store.default_cache(), wanted)


_whole: set[tuple[Path, str]] = set()
