"""Locks between processes: the operating system's, so that they end with their process."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.core.errors import BenchError
from bench.core.printable import one_line

# A file system that has no locks, and a place where no lock file can be made: errors of `open` and `flock`.
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
NOT_WRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT})
_told: set[Path] = set()  # folders without locks that the user was told of


@contextmanager
def locked(path: Path, message: str = "") -> Iterator[None]:
    """Holds the lock file `path`; a dead process's lock does not block. Shows `message` on stderr if it must wait.

    For reading what another process may be making: where no file can be written, the caller goes on without, since all
    that it needs may be there. Raises `BenchError`.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(path, (lambda: _stderr(message)) if message else None, writes=False))
        except OSError as error:
            raise BenchError(f"cannot lock {path}: {error.strerror or error}", "is the folder writable?") from None
        yield


@contextmanager
def held(path: Path, waiting: Callable[[], object] | None = None, *, writes: bool = True) -> Iterator[bool]:
    """Holds the lock file `path`; yields whether other machines respect it too. Calls `waiting` if it must wait.

    On a file system without locks, the lock is a file in a folder of this machine, and the user is told once. So it is
    where no file can be made, unless the caller `writes` there anyway. Raises `OSError`.
    """
    from filelock import FileLock, Timeout

    place, everywhere = _place(path, writes=writes)
    if place is None:
        yield everywhere
        return
    lock = FileLock(place)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        if waiting:
            waiting()
        lock.acquire()
    try:
        yield everywhere
    finally:
        lock.release()


def _place(path: Path, *, writes: bool) -> tuple[Path | None, bool]:
    """Where the lock file of `path` can be, None where there is no need of one; and whether all machines see it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _try(path)
        return path, True
    except OSError as error:
        if error.errno not in NO_LOCKS and (writes or error.errno not in NOT_WRITABLE):
            raise
        own = _own_folder()
        if own is not None:
            if error.errno in NO_LOCKS:
                _tell(path.parent, error)
            return own / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]}.lock", False
        if error.errno in NO_LOCKS:
            raise
        return None, False  # nobody of this machine can write there


def _try(path: Path) -> None:
    """Raises `OSError` where `path` cannot be a lock file; filelock would wait for ever for some of these."""
    try:
        import fcntl
    except ImportError:  # Windows, where every file can be locked
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        pass  # another process holds it
    finally:
        os.close(descriptor)


def _own_folder() -> Path | None:
    """A folder of this user on this machine that has locks; None where there is none."""
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/tmp", "/dev/shm"):
        folder = Path(parent or "/tmp") / f"transferbench-locks-{os.geteuid()}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
            # Of anybody's making, it could be a link to somewhere else.
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
                _try(folder / ".try")
                return folder
        except OSError:
            continue
    return None


def _tell(folder: Path, error: OSError) -> None:
    import multiprocessing

    if folder not in _told and multiprocessing.parent_process() is None:
        _told.add(folder)
        _stderr(f"{folder} is on a file system without locks ({error.strerror}): only processes of this machine wait "
                "for each other; let no other machine use it at the same time")


def _stderr(message: str) -> None:
    sys.stderr.write(f"{one_line(message)}\n")  # noqa: TID251  # core knows no command
