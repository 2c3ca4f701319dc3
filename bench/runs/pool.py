"""Many trials at once on this machine: worker processes of one thread each, which share what they only read."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from bench.core import environment, hardware
from bench.learning.networks.engines import ENGINES
from bench.learning.networks.memory import release_freed_memory
from bench.results.record import Record
from bench.runs.runner import run_trial
from bench.runs.trials import TrialSpec, failed_record

FORKS = sys.platform == "linux"  # a copy of a process that has loaded Apple's or Windows' libraries may not run on
PRELOADED = ("bench.runs.runner", "sklearn.ensemble", "sklearn.feature_extraction.text", "sklearn.linear_model",
             "sklearn.model_selection")
POLL = 0.2  # seconds between two checks for Ctrl-C


def run(specs: Sequence[TrialSpec], workers: int) -> Iterator[Record]:
    """Run the trials and yield each record as it is finished; a failed trial is a record too."""
    if workers <= 1 or len(specs) <= 1:
        for spec in specs:
            yield run_trial(spec)
        return
    gc.collect()
    release_freed_memory()  # this process only waits from here on
    warm_up(specs[0].context.engine)
    todo = deque(specs)
    while todo:
        suspects = yield from _run_pooled(todo, workers)
        yield from _run_alone(deque(suspects))


def _run_pooled(todo: deque[TrialSpec], workers: int) -> Generator[Record, None, list[TrialSpec]]:
    """Run trials off the front of `todo` in a pool of processes; when one process dies, return what was running.

    A worker that dies takes its pool with it, and nothing says whose trial it ran: each of these must run alone.
    """
    with _pool(min(workers, len(todo))) as pool, _ctrl_c_deferred() as interrupt:
        running: dict[Future[Record], TrialSpec] = {}
        try:
            while todo or running:
                while todo and len(running) < workers + 1:
                    running[pool.submit(run_trial, todo[0])] = todo[0]
                    todo.popleft()
                for future in _finished(running, interrupt):
                    record = future.result()
                    del running[future]
                    yield record
        except BrokenProcessPool:
            return list(running.values())
        finally:
            for future in running:
                future.cancel()
    return []


def _run_alone(todo: deque[TrialSpec]) -> Iterator[Record]:
    """Run each trial alone in a process: a process that dies was killed by its own trial."""
    while todo:
        with _pool(1) as pool, _ctrl_c_deferred() as interrupt:
            try:
                while todo:
                    future = pool.submit(run_trial, todo[0])
                    _finished([future], interrupt)
                    record = future.result()
                    todo.popleft()
                    yield record
            except BrokenProcessPool:
                yield failed_record(todo.popleft(), "its worker process died (out of memory?)")


def _finished(running: Iterable[Future[Record]], interrupt: Callable[[], None]) -> set[Future[Record]]:
    """Wait for at least one future, and return those that are done; Ctrl-C is noticed while it waits."""
    done: set[Future[Record]] = set()
    while not done:
        interrupt()
        done = wait(running, POLL, FIRST_COMPLETED).done
    return done


def _interruptible() -> bool:
    """Whether Ctrl-C would raise KeyboardInterrupt in this thread."""
    return (threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler)


@contextmanager
def _ctrl_c_deferred() -> Iterator[Callable[[], None]]:
    """Inside the block Ctrl-C waits; calling what is yielded, or the block's end, then raises KeyboardInterrupt.

    Raised wherever the main thread happens to be, it can leave a future's lock taken, and the pool waits for ever.
    """
    def nothing() -> None:
        pass

    if not _interruptible():
        yield nothing
        return
    asked = threading.Event()

    def remember(number: int, frame: Any) -> None:
        asked.set()

    def interrupt() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield interrupt
        interrupt()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _pool(workers: int) -> ProcessPoolExecutor:
    import multiprocessing

    context = multiprocessing.get_context("forkserver" if FORKS else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)


def warm_up(engine_name: str) -> None:
    """Start to import what workers need, in the process that they will be copies of; returns at once.

    A worker then starts in hundredths of a second instead of seconds, and all share one copy of the libraries. MXNet
    is left out: it starts threads at import, which a copy of its process does not have.
    """
    if FORKS:
        import multiprocessing
        from multiprocessing import forkserver

        # PyTorch's first optimiser of a process imports torch._dynamo, more than a second's work.
        framework = [ENGINES[engine_name], "torch._dynamo"] if engine_name == "torch" else []
        multiprocessing.get_context("forkserver").set_forkserver_preload([*PRELOADED, *framework])
        with environment.passed_on(), environment.short_temporary_folder():
            if not _interruptible():
                forkserver.ensure_running()
                return
            # Inherited: a worker that has just begun leaves Ctrl-C to us too.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                forkserver.ensure_running()
            finally:
                signal.signal(signal.SIGINT, signal.default_int_handler)


def impossible() -> str:
    """Why this machine can run no worker processes; empty where it can."""
    import multiprocessing

    try:
        multiprocessing.get_context("forkserver" if FORKS else "spawn").Lock()  # lies in shared memory
    except (OSError, ImportError) as error:
        return f"processes have no shared memory here, /dev/shm ({getattr(error, 'strerror', None) or error})"
    return ""


def default_workers() -> int:
    """One worker per core and per 2 GB of memory, at most eight."""
    return max(1, min(hardware.cores(), 8, hardware.memory() // (2 << 30)))


def _begin_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and ends when the parent is gone, killed or not."""
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
