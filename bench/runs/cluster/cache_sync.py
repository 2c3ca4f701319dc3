"""What another machine needs of this one's cache: named here, looked for there, and sent where it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core import store
from bench.core.errors import BenchError
from bench.core.names import inside
from bench.runs import needs
from bench.runs.inputs import TrialContext


@dataclass(frozen=True)
class CacheFiles:
    """One cache entry on its way to another machine."""

    entry: str  # its folder, relative to the cache
    files: Mapping[str, bytes]
    facts: Mapping[str, Any]


def entries(context: TrialContext, names: frozenset[str]) -> tuple[str, ...]:
    """The cache entries that trials with these needs read, relative to the cache; after `needs.prepare`."""
    folders = needs.cache_entries(names, context)
    return tuple(folder.relative_to(context.root).as_posix() for folder in folders)


def pack(root: Path, entry: str) -> CacheFiles:
    """An entry of the cache `root`; `BenchError` where it is gone."""
    saved = store.load(root / entry)
    if saved is None:
        raise BenchError(f"{entry} is no longer in the cache {root}", "run again; it is made anew")
    return CacheFiles(entry, {name: saved.bytes(name) for name in saved.facts["files"]}, saved.facts)


def unpack(sent: CacheFiles) -> None:
    """Save an entry that was sent in this machine's own cache."""
    store.save(inside(store.default_cache(), sent.entry), sent.files, sent.facts)


def cache_with(root: Path, wanted: Sequence[str]) -> Path | None:
    """The cache that holds all the entries: `root`, if it is a shared disk, or this machine's own; None if neither."""
    return next((cache for cache in (root, store.default_cache()) if not missing_from(cache, wanted)), None)


def missing_from(cache: Path, wanted: Sequence[str]) -> list[str]:
    """The entries that a cache does not hold whole; each is read and checked once per process."""
    for entry in wanted:
        if (cache, entry) not in _whole and store.load(cache / entry):
            _whole.add((cache, entry))
    return [entry for entry in wanted if (cache, entry) not in _whole]


def missing_here(wanted: Sequence[str]) -> list[str]:
    """The entries that this machine's own cache does not hold whole."""
    return missing_from(store.default_cache(), wanted)


_whole: set[tuple[Path, str]] = set()
