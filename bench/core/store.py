"""The user's cache: folders that appear whole or not at all, and are checked when read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.files import NEW, OLD, clear_unfinished, writing

FACTS = "facts.json"


@dataclass(frozen=True)
class Entry:
    """A cache entry: facts, and files as paths or memory-mapped arrays."""

    folder: Path
    facts: Mapping[str, Any]

    def array(self, name: str) -> NDArray[Any]:
        """The array `name`, memory-mapped and read-only."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]

    def bytes(self, name: str) -> bytes:
        """The file `name`."""
        return (self.folder / name).read_bytes()


def default_cache() -> Path:
    """The cache folder: `TRANSFERBENCH_CACHE`, else the platform's own for this user."""
    import platformdirs

    named = os.environ.get("TRANSFERBENCH_CACHE")
    if named:
        return Path(named)
    try:
        folder = platformdirs.user_cache_path("transferbench")
    except RuntimeError:
        folder = Path("~")
    if not folder.is_absolute():  # older versions leave "~" as it is where nobody knows this user's home
        raise BenchError("this user has no home folder for the cache", "--cache-dir or TRANSFERBENCH_CACHE")
    return folder


def save(folder: Path, files: Mapping[str, NDArray[Any] | bytes], facts: Mapping[str, Any]) -> Entry:
    """Write an entry: all files into a temporary folder beside it, then one rename.

    Arrays become `NAME.npy`, bytes the file NAME. `facts.json` has the digests of all files, and whose entry it is.
    An entry that says the same is left as it is, since others may be reading it.
    Raises `BenchError` where the disk is full or the folder cannot be written.
    """
    try:
        with writing(folder.parent):
            temporary = folder.with_name(f".{folder.name}{NEW}")
            temporary.mkdir()
            try:
                digests = {}
                for name, value in files.items():
                    path = temporary / (name if isinstance(value, bytes) else f"{name}.npy")
                    with path.open("wb") as file:
                        if isinstance(value, bytes):
                            file.write(value)
                        else:
                            _save(file, value)
                        file.flush()
                        os.fsync(file.fileno())
                    digests[path.name] = _digest(path)
                body = {**facts, "files": digests, "entry": _place(folder)}
                text = json.dumps({**body, "check": _check(body)}, indent=1)
                (temporary / FACTS).write_text(text, encoding="utf-8")
                if _facts(folder) != json.loads(json.dumps(body)):
                    if folder.exists():  # renamed and not removed in place: half an entry is never seen
                        folder.rename(folder.with_name(f".{folder.name}{OLD}"))
                    temporary.rename(folder)
            finally:
                clear_unfinished(folder.parent)
    except OSError as error:
        raise BenchError(f"cannot write the cache {folder.parent}: {error.strerror or error}",
                         "free some space, or set TRANSFERBENCH_CACHE to another folder") from None
    return Entry(folder, facts)


def load(folder: Path) -> Entry | None:
    """The entry at `folder`, its digests checked; a damaged one is removed and is None, as is a missing one."""
    facts = _facts(folder)
    if facts is not None:
        return Entry(folder, facts)
    if folder.exists():
        discard(folder)
    return None




def discard(folder: Path) -> None:
    """Remove an entry that is damaged; one that another process has put right meanwhile stays."""
    try:
        with writing(folder.parent):
            if folder.exists() and _facts(folder) is None:
                folder.rename(folder.with_name(f".{folder.name}{OLD}"))
            clear_unfinished(folder.parent)
    except OSError:  # a cache that cannot be written: the entry is not used, which is what counts
        return


def _facts(folder: Path) -> dict[str, Any] | None:
    """What an entry says of itself, if it is whole and in its own place."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        body = {k: v for k, v in facts.items() if k != "check"}
        whole = facts["check"] == _check(body) and facts["entry"] == _place(folder)
        whole = whole and all(_digest(folder / name) == digest for name, digest in facts["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return body if whole else None


def _place(folder: Path) -> str:
    """An entry's name and its folder's: another's entry, moved here, is noticed."""
    return f"{folder.parent.name}/{folder.name}"






def key_of(value: object) -> str:
    """24 hexadecimal digits that depend on a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:24]




def _save(file: IO[bytes], array: NDArray[Any]) -> None:
    """As `np.save`, which says "25600 requested and 18400 written" where the disk is full."""
    array = np.ascontiguousarray(array)
    form: Any = np.lib.format  # typed from NumPy 2 on
    form.write_array_header_1_0(file, form.header_data_from_array_1_0(array))
    file.write(array.data if array.size else b"")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
