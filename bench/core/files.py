"""Files and folders that are written whole or not at all, and the locks that go with it."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from bench.core.errors import BenchError
from bench.core.printable import one_line

NEW, OLD = ".new", ".old"  # endings of what is being written, and of what is being removed
ABANDONED = 3600  # seconds since its last change after which nobody is writing a temporary file any more


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`. What is written there becomes `path` at the end; after an error it is removed.

    Several processes may write the same path: each has a temporary path of its own, and the last one wins. Also
    removes what a killed process left of `path` more than an hour ago. Raises `OSError`.
    """
    for rest in path.parent.glob(f".{glob.escape(path.name)}.????????{NEW}"):
        with suppress(FileNotFoundError):  # another process removed it first
            if time.time() - rest.stat().st_mtime > ABANDONED:
                rest.unlink()
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}{NEW}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place at the end; after an error it is removed.

    An older folder is renamed before it is removed, so that nobody sees half of one. `folder` stays as it is where the
    caller has removed the new one. Raises `OSError`.
    """
    token = os.urandom(4).hex()
    temporary, old = (folder.with_name(f".{folder.name}.{token}{ending}") for ending in (NEW, OLD))
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if temporary.exists():
            for path in temporary.rglob("*"):
                _sync(path)
            if folder.exists():
                folder.rename(old)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def read_plain(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises `OSError` also for a pipe or a device, which may never end, and for a larger file.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    if status.st_size > most:
        raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, at most {most:,} are read", str(path))
    with path.open("rb") as file:
        return file.read(most)


def save_text(path: Path, text: str, hint: str = "choose --results-dir", *, shared: bool = True) -> Path:
    """Write a text file, as `save_bytes` does."""
    return save_bytes(path, text.encode("utf-8", "replace"), hint, shared=shared)


def save_bytes(path: Path, data: bytes, hint: str = "choose --results-dir", *, shared: bool = True) -> Path:
    """Write a file whole or not at all, its folder too where it is missing; `BenchError` with `hint` where that fails.

    `shared` is for folders of ours, which other processes write too: they are locked, and cleared of what a killed
    process left. False is for a path that the user chose: nothing else in its folder is touched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path.parent) if shared else nullcontext(), replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}", hint) from None
    return path


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Lets one process at a time write to `folder`. What is unfinished there was left by a dead one, and is removed."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".writing.lock"):
        clear_unfinished(folder)
        yield


def clear_unfinished(folder: Path) -> None:
    """Remove what writers of this folder left unfinished. The caller holds its lock, see `writing`."""
    for ending in (NEW, OLD):
        for rest in folder.glob(f".*{ending}"):
            if rest.is_dir():
                shutil.rmtree(rest, ignore_errors=True)
            else:
                rest.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, message: str = "") -> Iterator[None]:
    """Holds the lock file `path`; a dead process's lock does not block. Shows `message` on stderr if it must wait."""
    import sys

    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            if message:
                sys.stderr.write(f"{one_line(message)}\n")  # noqa: TID251  # core knows no command
            lock.acquire()
    except OSError as error:
        raise BenchError(f"cannot lock {path}: {error.strerror or error}", "is the folder writable?") from None
    try:
        yield
    finally:
        lock.release()


def _sync(path: Path) -> None:
    """Wait until a file's bytes are on the disk: a rename must not overtake them."""
    if path.is_file():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
