"""Writing files and folders whole or not at all, and the locks that go with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.core.errors import BenchError

NEW, OLD = ".new", ".old"  # endings of what is being written, and of what is being removed


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, whoever else writes it at the same time; raises `OSError`."""
    with writing(path.parent):
        temporary = path.with_name(f".{path.name}{NEW}")
        temporary.write_text(text, encoding="utf-8", errors="replace")
        temporary.replace(path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """One process at a time writes the entries of `folder`; so what is unfinished there was left by a dead one."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".writing.lock"):
        clear_unfinished(folder)
        yield


def clear_unfinished(folder: Path) -> None:
    """Remove what a writer of this folder left unfinished."""
    for suffix in (NEW, OLD):
        for rest in folder.glob(f".*{suffix}"):
            if rest.is_dir():
                shutil.rmtree(rest, ignore_errors=True)
            else:
                rest.unlink(missing_ok=True)


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


def save_text(path: Path, text: str) -> Path:
    """Write a text file whole, or not at all."""
    try:
        write_text(path, text)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}", "choose --results-dir") from None
    return path
