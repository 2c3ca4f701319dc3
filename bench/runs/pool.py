"""Many trials at once on this machine: worker processes of one thread each, which share what they only read.

Our own strategies take turns in the workers, or run in this process if it is the only one. A trial of a strategy from
outside has a process of its own, so that nothing that it does there reaches another trial.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from bench.core import hardware
from bench.learning.networks.memory import release_freed_memory
from bench.results.record import Record
from bench.runs import isolation, processes
from bench.runs.runner import Predictions, begin_outside, record_of, run_trial, try_to_predict
from bench.runs.trials import TrialSpec, failed_record

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

PATIENCE = 2.0  # seconds that a worker without a trial has to end


def run(specs: Sequence[TrialSpec], workers: int, seconds: float | None = None,
        stopping: Callable[[], None] = lambda: None) -> Iterator[Record]:
    """Run the trials and yield each record as it is finished; a failed trial is a record too.

    A trial that takes longer than so many `seconds` is ended, and is a failed one. At Ctrl-C, `stopping` is called at
    once, the trials that are running are finished and yielded, and KeyboardInterrupt is raised then; a second Ctrl-C
    does not wait for them.
    """
    if (workers <= 1 or len(specs) <= 1) and seconds is None:
        yield from _run_here(specs, stopping)
        return
    gc.collect()
    release_freed_memory()  # this process only waits from here on
    processes.warm_up(specs[0].context.engine)
    idle: list[Worker] = []
    running: dict[AtWork, TrialSpec] = {}
    todo = deque(specs)
    with _ctrl_c_deferred(stopping) as interrupt:
        try:
            while (todo and not interrupt.asked) or running:
                while todo and not interrupt.asked and len(running) < workers:
                    spec = todo.popleft()
                    running[_begin(spec, idle, seconds)] = spec
                for at_work, record in _finished(running, interrupt, seconds):
                    del running[at_work]
                    if isinstance(at_work, Worker) and not at_work.connection.closed:
                        idle.append(at_work)
                    yield record
        finally:
            for at_work in running:
                at_work.kill()
            for worker in idle:
                worker.dismiss()


def _run_here(specs: Sequence[TrialSpec], stopping: Callable[[], None]) -> Iterator[Record]:
    """Run the trials one after the other: those of our own strategies in this process."""
    with _ctrl_c_deferred(stopping) as interrupt:
        for spec in specs:
            interrupt.here = not spec.strategy.outside
            record = run_apart(spec, None, interrupt) if spec.strategy.outside else run_trial(spec)
            interrupt.here = False
            yield record
            if interrupt.asked:
                return


def run_apart(spec: TrialSpec, seconds: float | None, interrupt: Interrupt | None = None) -> Record:
    """Run one trial in a process of its own, wherever this is; a trial that fails is a record too."""
    processes.warm_up(spec.context.engine)
    apart = _start_apart(spec, seconds)
    running: dict[AtWork, TrialSpec] = {apart: spec}
    try:
        return _finished(running, interrupt or Interrupt(), seconds)[0][1]
    finally:
        apart.kill()


@dataclass(eq=False)
class Worker:
    """A process that runs trials of our own strategies, one after the other."""

    process: BaseProcess
    connection: Connection
    deadline: float | None = None  # of its trial, on the monotonic clock

    @property
    def awaited(self) -> list[Any]:
        """What becomes ready when a trial is finished, or the process has ended."""
        return [self.connection, self.process.sentinel]

    def is_ready(self) -> bool:
        """Whether its trial is finished, or the process has ended."""
        return self.connection.poll() or processes.has_ended(self.process)

    def result(self) -> Record:
        """The record of its trial; `ProcessDied` where the process ended first."""
        try:
            record: Record = self.connection.recv()
        except (EOFError, OSError):
            self.kill()
            raise isolation.ProcessDied(isolation.why_it_died(self.process.exitcode)) from None
        return record

    def dismiss(self) -> None:
        """Let the process end: it has no trial."""
        self.connection.close()
        self.process.join(PATIENCE)
        processes.end(self.process)

    def kill(self) -> None:
        """End the process."""
        processes.end(self.process)
        self.connection.close()


AtWork = Worker | isolation.Apart


def _begin(spec: TrialSpec, idle: list[Worker], seconds: float | None) -> AtWork:
    """Begin a trial: in a process of its own, or in a worker that is idle or new."""
    if spec.strategy.outside:
        return _start_apart(spec, seconds)
    worker = idle.pop() if idle else _new_worker()
    worker.deadline = None if seconds is None else time.monotonic() + seconds
    with contextlib.suppress(OSError):  # it has died: `result` says so
        worker.connection.send(spec)
    return worker


def _start_apart(spec: TrialSpec, seconds: float | None) -> isolation.Apart:
    return isolation.start_apart(_predict_apart, spec.described(), seconds=seconds)


def _predict_apart(spec: TrialSpec) -> Predictions | Record:
    """What a strategy predicts, or a failed record. It is scored elsewhere: by code that the strategy cannot change."""
    if spec.strategy.outside:
        begin_outside(spec)
    return try_to_predict(spec)


def _new_worker() -> Worker:
    import multiprocessing

    here, there = multiprocessing.Pipe()
    try:
        return Worker(processes.start(_work, there), here)
    finally:
        there.close()


def _work(connection: Connection) -> None:
    """The process of a worker."""
    processes.begin()
    while True:
        try:
            spec = connection.recv()
        except EOFError:
            return
        connection.send(run_trial(spec))


def _finished(running: Mapping[AtWork, TrialSpec], interrupt: Interrupt,
              seconds: float | None) -> list[tuple[AtWork, Record]]:
    """Wait for at least one trial, and return the records of those that are done; Ctrl-C is noticed while it waits."""
    done: list[tuple[AtWork, Record]] = []
    while running and not done:
        interrupt.check()
        isolation.wait_for_any(running)
        for at_work, spec in running.items():
            try:
                if at_work.is_ready():
                    result = at_work.result()
                    record = record_of(spec, result) if isinstance(result, Predictions) else result
                    done.append((at_work, record))
                elif at_work.deadline is not None and time.monotonic() > at_work.deadline:
                    at_work.kill()
                    raise isolation.ProcessDied(isolation.too_long(seconds))
            except isolation.ProcessDied as error:
                done.append((at_work, failed_record(spec, str(error))))
    return done


@dataclass
class Interrupt:
    """How often Ctrl-C was pressed while trials ran."""

    asked: int = 0
    here: bool = False  # whether the trial runs in this thread, where the second Ctrl-C ends it

    def check(self) -> None:
        """Raise KeyboardInterrupt where it was pressed a second time."""
        if self.asked > 1:
            raise KeyboardInterrupt


@contextmanager
def _ctrl_c_deferred(stopping: Callable[[], None]) -> Iterator[Interrupt]:
    """Inside the block Ctrl-C is counted, and `stopping` called at the first; the block's end raises KeyboardInterrupt.

    Raised wherever the main thread happens to be, it can leave a future's lock taken, and the pool waits for ever.
    """
    interrupt = Interrupt()
    if not processes.interruptible():
        yield interrupt
        return

    def count(number: int, frame: Any) -> None:
        interrupt.asked += 1
        if interrupt.asked == 1:
            stopping()
        elif interrupt.here:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, count)
    try:
        yield interrupt
        if interrupt.asked:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def default_workers() -> int:
    """One worker per core and per 2 GB of memory, at most eight."""
    return max(1, min(hardware.cores(), 8, hardware.memory() // (2 << 30)))
