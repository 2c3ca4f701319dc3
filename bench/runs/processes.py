"""Processes that run trials: how they are started, how they end with all that they have started, and how they begin."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import environment
from bench.core.errors import BenchError
from bench.learning.networks import engines

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

FORKS = sys.platform == "linux"  # a copy of a process that has loaded Apple's or Windows' libraries may not run on
PRELOADED = ("bench.runs.pool", "sklearn.ensemble", "sklearn.feature_extraction.text", "sklearn.linear_model",
             "sklearn.model_selection")
SERVER_GONE = 255  # what multiprocessing takes for the exit status of processes whose server is gone
ATTEMPTS = 5  # to start a process
BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux' prctl: orphans of the process become its own children


def context() -> BaseContext:
    """How processes are started: as copies of a server that has loaded the libraries, where that is safe."""
    return multiprocessing.get_context("forkserver" if FORKS else "spawn")


def interruptible() -> bool:
    """Whether Ctrl-C would raise KeyboardInterrupt in this thread."""
    return (threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler)


def warm_up(engine_name: str) -> None:
    """Start to import what workers need, in the process that they will be copies of; returns at once.

    A worker then starts in hundredths of a second instead of seconds, and all share one copy of the libraries. MXNet
    is left out: it starts threads at import, which a copy of its process does not have.
    """
    if FORKS:
        from multiprocessing import forkserver

        # With the kernels loaded too, which are compiled there where they never were, while this process reads data.
        framework = [f"{engines.__name__}.preloaded"] if engine_name == "torch" else []
        multiprocessing.get_context("forkserver").set_forkserver_preload([*PRELOADED, *framework])
        with environment.passed_on(), environment.short_temporary_folder():
            if not interruptible():
                forkserver.ensure_running()
                return
            # Inherited: a worker that has just begun leaves Ctrl-C to us too.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                forkserver.ensure_running()
            finally:
                signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def no_server_left() -> Iterator[None]:
    """Ends with the block the server that was started in it, and forgets what it should have loaded.

    For a process that goes on: a notebook would keep a server of a few hundred megabytes, and a user's own processes
    would be copies of it.
    """
    if not FORKS:
        yield
        return
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver  # there is no public way to end it
    was_there, preloaded = server._forkserver_pid is not None, list(server._preload_modules)
    try:
        yield
    finally:
        server._preload_modules = preloaded
        if not was_there:
            with contextlib.suppress(OSError):  # it is gone already
                server._stop()


def start(function: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process, which may have children; one that may have none, as Dask's workers, may start it.

    Raises `BenchError` where the server that starts processes is gone, and does not come back.
    """
    process: BaseProcess
    for attempt in range(ATTEMPTS):
        process = context().Process(target=function, args=arguments, daemon=False)  # type: ignore[attr-defined]
        here = multiprocessing.current_process()
        daemonic = here.daemon
        try:
            if daemonic:
                here.daemon = False
            # A server that is gone starts again.
            with environment.passed_on(), environment.short_temporary_folder(), environment.without_script():
                process.start()
            return process
        except (EOFError, ConnectionError, FileNotFoundError) as error:
            if attempt == ATTEMPTS - 1:
                why = f"{type(error).__name__}: {error}".rstrip(": ")
                raise BenchError(f"the process that starts the workers died: killed, or out of memory? ({why})",
                                 "finished trials are saved, and the same command continues; --jobs 1 needs no such "
                                 "process for our own strategies") from None
            time.sleep(0.1 * 2**attempt)  # until the system has noticed that the server is gone
        finally:
            if daemonic:
                here.daemon = True
    raise AssertionError


def has_ended(process: BaseProcess) -> bool:
    """Whether a process has ended; multiprocessing believes so too where the server that started it is gone."""
    code = process.exitcode
    return code is not None and (code != SERVER_GONE or not is_running(process.pid))


def is_running(pid: int | None) -> bool:
    """Whether there is a process that has not ended, as far as the system says."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX"
    return False


def end(process: BaseProcess) -> None:
    """End a process, if it has not ended, and all that it has started."""
    pid = process.pid
    if pid is None:
        return
    running = not has_ended(process)
    others = descendants(pid) if running else []
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    kill(others)
    if running:
        process.kill()
        if process.exitcode == SERVER_GONE:
            kill([pid])
    process.join()


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have; none where the system does not say."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    reached = [pid]
    for parent in reached:
        reached += children.get(parent, [])
    return reached[1:]


def kill(pids: Iterable[int]) -> None:
    """End processes at once, as far as they are there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def begin() -> None:
    """Make this process one that cannot disturb others: it leaves Ctrl-C to its parent and ends with it.

    What it prints, from C too, goes to standard error; there is nothing to read on standard input.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        with contextlib.suppress(PermissionError):
            os.setsid()
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        os.fstat(2)
    except OSError:  # closed where the command was started
        os.dup2(nothing, 2)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 for as long as the process lives
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    _end_with_parent()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    own = os.getpid()

    def watch() -> None:
        parent.join()
        kill(descendants(own))
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
