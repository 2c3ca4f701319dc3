"""Files of the download cache: each written whole under a lock, and sealed with its checksum."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.files import replacing
from bench.core.locks import held

if TYPE_CHECKING:
    from bench.data.http import Access

CHECKSUM = re.compile(r"(sha256):[0-9a-f]{64}|(md5):[0-9a-f]{32}")


def intact(path: Path, checksum: str = "") -> bool:
    """Whether `path` exists and its bytes agree with `checksum`, or with its seal where no checksum is given."""
    if not path.is_file():
        return False
    if not checksum:
        try:
            checksum = _seal_path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return False
    return CHECKSUM.fullmatch(checksum) is not None and digest(path, checksum.split(":")[0]) == checksum


def seal(path: Path) -> None:
    """Write the SHA-256 of a finished file beside it, for `intact`."""
    with replacing(_seal_path(path)) as temporary:
        temporary.write_text(digest(path) + "\n", encoding="ascii")


def digest(path: Path, algorithm: str = "sha256") -> str:
    """`sha256:…` of a file."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """An empty temporary folder beside `path`; what a killed process left in it is removed first.

    The caller holds the lock of `path`: the folder's name is the same in every process.
    """
    folder = path.with_name(f".{path.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, as from `replacing`; at the end `path` is sealed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        yield temporary
    seal(path)


@contextlib.contextmanager
def lock(path: Path, access: Access) -> Iterator[None]:
    """Only one process at a time makes `path`."""
    name = os.path.relpath(path, access.cache)  # relative, so that a moved cache keeps the names of its locks
    place = access.cache / ".locks" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
    with held(place, lambda: access.note(f"waiting for another process that fetches {path.name}"), writes=False):
        yield


def _seal_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.seal")
