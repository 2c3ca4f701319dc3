"""The user's cache: entries are folders that appear whole or not at all and are checked when they are read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.files import NEW, clear_unfinished, recover, replacing_folder, writing

FACTS = "facts.json"


@dataclass(frozen=True)
class Entry:
    """A cache entry: facts (JSON values) and files, read as bytes or as memory-mapped arrays."""

    folder: Path
    facts: Mapping[str, Any]

    def array(self, name: str) -> NDArray[Any]:
        """The array saved as `name`, memory-mapped and read-only."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]

    def bytes(self, name: str) -> bytes:
        """The content of the file `name`."""
        return (self.folder / name).read_bytes()


def default_cache() -> Path:
    """The cache folder: `TRANSFERBENCH_CACHE`, else the platform's cache folder of this user."""
    import platformdirs

    if named := os.environ.get("TRANSFERBENCH_CACHE"):
        return _home_expanded(named)
    try:
        folder = platformdirs.user_cache_path("transferbench")
    except RuntimeError:
        folder = Path("~")
    if not folder.is_absolute():  # older versions of platformdirs return "~" where the user has no home folder
        raise BenchError("this user has no home folder for the cache",
                         "name another folder with --cache-dir or TRANSFERBENCH_CACHE")
    return folder


def _home_expanded(named: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise BenchError(f"TRANSFERBENCH_CACHE={named}: there is no such home folder", "name a whole path") from None


def save(folder: Path, files: Mapping[str, NDArray[Any] | bytes], facts: Mapping[str, Any]) -> Entry:
    """Write an entry, whole or not at all.

    An array becomes `NAME.npy`, bytes the file NAME. `facts.json` holds the facts, the digest of every file, and the
    entry's place. An entry that holds the same already is left as it is, since others may be reading it.
    Raises `BenchError` where the disk is full or the folder cannot be written.
    """
    try:
        with writing(folder.parent), replacing_folder(folder) as temporary:
            digests = {}
            for name, value in files.items():
                path = temporary / (name if isinstance(value, bytes) else f"{name}.npy")
                with path.open("wb") as file:
                    if isinstance(value, bytes):
                        file.write(value)
                    else:
                        _write_array(file, value)
                digests[path.name] = _digest(path)
            body = {**facts, "files": digests, "entry": _place(folder)}
            text = json.dumps({**body, "check": _check(body)}, indent=1)
            (temporary / FACTS).write_text(text, encoding="utf-8")
            if _facts(folder) == json.loads(json.dumps(body)):
                shutil.rmtree(temporary)
    except OSError as error:
        raise BenchError(f"cannot write the cache {folder.parent}: {error.strerror or error}",
                         "free some space, or set TRANSFERBENCH_CACHE to another folder") from None
    return Entry(folder, facts)


def load(folder: Path) -> Entry | None:
    """The entry at `folder`, its digests checked; None where it is missing, or damaged and therefore removed."""
    recover(folder)
    facts = _facts(folder)
    if facts is not None:
        return Entry(folder, facts)
    if folder.exists():
        discard(folder)
    return None


def discard(folder: Path) -> None:
    """Remove a damaged entry, unless another process has replaced it by a sound one meanwhile."""
    try:
        with writing(folder.parent):
            if folder.exists() and _facts(folder) is None:
                folder.rename(folder.with_name(f".{folder.name}{NEW}"))  # unfinished, so that it is cleared
            clear_unfinished(folder.parent)
    except OSError:  # the cache cannot be written; nobody uses the entry all the same
        return


def _facts(folder: Path) -> dict[str, Any] | None:
    """The facts of an entry; None where something is missing or damaged, or was moved here from another place."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        body = {k: v for k, v in facts.items() if k != "check"}
        sound = facts["check"] == _check(body) and facts["entry"] == _place(folder)
        sound = sound and all(Path(name).name == name and _digest(folder / name) == digest
                              for name, digest in facts["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return body if sound else None


def _place(folder: Path) -> str:
    """The last two parts of an entry's path, which it holds too: so an entry that was moved here is noticed."""
    return f"{folder.parent.name}/{folder.name}"


def key_of(value: object) -> str:
    """A key of 24 hexadecimal digits for a JSON value; the order of an object's keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _write_array(file: IO[bytes], array: NDArray[Any]) -> None:
    """Write as `np.save` does, whose message on a full disk is "25600 requested and 18400 written"."""
    array = np.ascontiguousarray(array)
    form: Any = np.lib.format  # typed from NumPy 2 on
    form.write_array_header_1_0(file, form.header_data_from_array_1_0(array))
    file.write(array.data if array.size else b"")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
