"""Files and folders that are written whole or not at all, and put right after a kill."""

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
from bench.core.locks import held

NEW, OLD = ".new", ".old"  # endings of what is being written, and of what was moved aside for it
TOKEN = "[0-9a-f]" * 8  # before the ending: another one in each process
ABANDONED = 3600  # seconds since its last change after which nobody is writing a temporary file any more


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`. What is written there becomes `path` at the end; after an error it is removed.

    Several processes may write the same path: each has a temporary path of its own, and the last one wins. Also
    removes what a killed process left of `path` more than an hour ago. Raises `OSError`.
    """
    for rest in path.parent.glob(f".{glob.escape(path.name)}.{TOKEN}{NEW}"):
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

    The two change places in one step where the system can do that. Else the older one is moved aside first; whoever
    opens `folder` calls `recover`, which brings it back if the process was killed in between. `folder` stays as it is
    where the caller has removed the new one. Raises `OSError`.
    """
    recover(folder)
    _clear_beside(folder)
    token = os.urandom(4).hex()
    temporary, old = (folder.with_name(f".{folder.name}.{token}{ending}") for ending in (NEW, OLD))
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if temporary.exists():
            for path in temporary.rglob("*"):
                _sync(path)
            if not folder.exists():
                temporary.rename(folder)
            elif not exchange(temporary, folder):
                folder.rename(old)
                try:
                    temporary.rename(folder)
                except OSError:
                    old.rename(folder)
                    raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if folder.exists():  # else the older one is all there is
            shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Bring back the folder that a killed process had moved aside in order to replace it."""
    if not folder.exists():
        for old in folder.parent.glob(f".{glob.escape(folder.name)}.{TOKEN}{OLD}"):
            with suppress(OSError):  # another process brought it back first, or the disk is read-only
                old.rename(folder)
                return


def _clear_beside(folder: Path) -> None:
    """Remove what killed processes left of `folder`; not what another one may still be writing."""
    for ending in (NEW, OLD):
        for rest in folder.parent.glob(f".{glob.escape(folder.name)}.{TOKEN}{ending}"):
            with suppress(OSError):
                if folder.exists() if ending == OLD else time.time() - rest.stat().st_mtime > ABANDONED:
                    shutil.rmtree(rest)


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; False, and nothing is changed, where the system cannot do that."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):  # not Linux, or an old C library
        return False
    here, swap = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of <linux/fs.h>
    done: int = rename(here, os.fsencode(one), here, os.fsencode(other), ctypes.c_uint(swap))
    return done == 0


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
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".writing.lock") as everywhere:
        clear_unfinished(folder, 0.0 if everywhere else ABANDONED)
        yield


def clear_unfinished(folder: Path, age: float = 0.0) -> None:
    """Remove what writers of this folder left unfinished; a folder that one had moved aside is brought back.

    The caller holds its lock, see `writing`. Where another machine may be writing all the same, `age` is the number of
    seconds for which nobody changed what is removed.
    """
    for old in folder.glob(f".*.{TOKEN}{OLD}"):
        place = old.with_name(old.name[1:].removesuffix(OLD)[:-9])
        if not place.exists():
            old.rename(place)
    for ending in (NEW, OLD):
        for rest in folder.glob(f".*{ending}"):
            with suppress(FileNotFoundError):
                if age and time.time() - rest.stat().st_mtime <= age:
                    continue
                if rest.is_dir():
                    shutil.rmtree(rest, ignore_errors=True)
                else:
                    rest.unlink()


def _sync(path: Path) -> None:
    """Wait until a file's bytes are on the disk: a rename must not overtake them."""
    if path.is_file():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
