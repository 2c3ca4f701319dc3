"""The user's cache: folders that appear whole or not at all, and are checked when read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

FACTS = "facts.json"


@dataclass(frozen=True)
class Kept:
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
    return Path(named) if named else platformdirs.user_cache_path("transferbench")


def keep(folder: Path, files: Mapping[str, NDArray[Any] | bytes], facts: Mapping[str, Any]) -> Kept:
    """Write an entry: all files into a temporary folder beside it, then one rename.

    Arrays become `NAME.npy`, bytes the file NAME. The digests of all files stand in `facts.json`.
    Raises `BenchError` where the disk is full or the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            digests = {}
            for name, value in files.items():
                path = temporary / (name if isinstance(value, bytes) else f"{name}.npy")
                with path.open("wb") as file:
                    if isinstance(value, bytes):
                        file.write(value)
                    else:
                        np.save(file, value, allow_pickle=False)
                    file.flush()
                    os.fsync(file.fileno())
                digests[path.name] = _digest(path)
            body = {**facts, "files": digests}
            text = json.dumps({**body, "check": _check(body)}, indent=1)
            (temporary / FACTS).write_text(text, encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.exists():  # another process was first: its entry is as good
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise BenchError(f"cannot write the cache {folder.parent}: {error.strerror or error}",
                         "free some space, or set TRANSFERBENCH_CACHE to another folder") from None
    return Kept(folder, facts)


def kept(folder: Path) -> Kept | None:
    """The entry at `folder`, its digests checked; a damaged one is removed and is None, as is a missing one."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        whole = facts.pop("check") == _check(facts)
        whole = whole and all(_digest(folder / name) == digest for name, digest in facts["files"].items())
    except FileNotFoundError:
        whole = not folder.exists()
        facts = None
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        whole = False
    if not whole:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return Kept(folder, facts) if facts is not None else None


def key_of(value: object) -> str:
    """24 hexadecimal digits that depend on a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:24]


@contextmanager
def locked(path: Path, say: str = "") -> Iterator[None]:
    """Hold the lock file `path`; a dead process's lock does not block. `say` is shown on stderr when it must wait."""
    import sys

    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            if say:
                sys.stderr.write(f"{say}\n")
            lock.acquire()
    except OSError as error:
        raise BenchError(f"cannot lock {path}: {error.strerror or error}", "is the folder writable?") from None
    try:
        yield
    finally:
        lock.release()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
