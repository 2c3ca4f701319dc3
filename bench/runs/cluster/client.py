"""The same plan on a Dask cluster: its workers run the trials, and this process alone writes the records."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.core.errors import BenchError, MissingExtra
from bench.results.record import Record
from bench.runs.applicable import needs_of
from bench.runs.cluster import cache_sync
from bench.runs.cluster.worker import ClusterTask, MissingEntries, UnfitWorker, run_on_worker, versions_that_matter
from bench.runs.options import Say
from bench.runs.trials import TrialSpec, failed_record

TIMEOUT = 10.0  # seconds in which a scheduler must answer
POLL = 5.0  # seconds after which a wait checks whether the scheduler and workers are still there
SENDS = 3  # times that a worker is sent the same entry
RESUMES = "finished trials are kept; the same command goes on"


@contextmanager
def connected(address: str, say: Say) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`; `BenchError` where none answers there in `TIMEOUT` seconds."""
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("Dask, which --scheduler needs,", "dask") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said here, in one line
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the workers compare the versions, and refuse
            asyncio.run(_greet(address))
            client = Client(address, timeout=TIMEOUT)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise BenchError(f"no Dask scheduler answers at {address}: {why}",
                         "`dask scheduler` starts one and prints its address, such as tcp://10.0.0.1:8786") from None
    try:
        yield Cluster(client, address, say)
    finally:
        client.close(timeout=TIMEOUT)


async def _greet(address: str) -> None:
    """Raise where no Dask process answers: `Client` waits for ever for something that listens and never answers."""
    from distributed import Security
    from distributed.comm.core import connect

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=TIMEOUT, **arguments), TIMEOUT + 1.0)
    comm.abort()


class Cluster:
    """A connection to a scheduler, which runs trials."""

    def __init__(self, client: Any, address: str, say: Say) -> None:
        self.client, self.address, self.say = client, address, say
        self.last_note = ""
        self.sends: Counter[tuple[str, str]] = Counter()  # by worker and entry
        self.counted, self.workers = -POLL, 0  # when the workers were counted, and how many there were

    def run(self, specs: Sequence[TrialSpec], seconds: float | None = None) -> Iterator[Record]:
        """Run the trials and yield each record as it is finished; a trial whose worker dies runs on another.

        A trial that takes longer than so many `seconds` is a failed record.

        Dask gives a trial up when worker after worker died on it. Others may have died with it, so each such trial
        runs once more alone, and is a failed record if that ends in the same way.
        """
        suspects: list[TrialSpec] = []
        yield from self._run(deque(specs), suspects, seconds, alone=False)
        for suspect in suspects:
            killers: list[TrialSpec] = []
            yield from self._run(deque([suspect]), killers, seconds, alone=True)
            for spec in killers:
                yield failed_record(spec, "worker after worker died on it (out of memory?)")

    def _run(self, todo: deque[TrialSpec], suspects: list[TrialSpec], seconds: float | None, *,
             alone: bool) -> Iterator[Record]:
        running: dict[Any, ClusterTask] = {}  # by future
        entries = cache_sync.entries(todo[0].context, needs_of({spec.strategy for spec in todo})) if todo else ()
        try:
            while todo or running:
                while todo and len(running) < (1 if alone else self._usable(todo[0].context.device) * 5 // 4 + 1):
                    spec = todo.popleft()
                    task = ClusterTask(spec.described(), entries, versions_that_matter(spec.context.engine), seconds)
                    running[self._submit(task)] = task
                for future in self._finished(running):
                    task = running.pop(future)
                    answer = self._answer(future)
                    if isinstance(answer, Record):
                        yield answer
                    elif answer is None:
                        suspects.append(task.spec)
                    else:
                        if isinstance(answer, MissingEntries):
                            self._send(answer.worker, task)
                        todo.appendleft(task.spec)
        finally:
            if running and self.client.status == "running":
                self.client.cancel(list(running))

    def _submit(self, task: ClusterTask) -> Any:
        spec = task.spec
        return self.client.submit(
            run_on_worker,
            task,
            key=f"{spec.strategy.name}-{spec.budget}-{uuid.uuid4().hex}",
            pure=False,
            resources={"GPU": 1} if spec.context.device == "cuda" else None,
        )

    def _finished(self, running: dict[Any, ClusterTask]) -> list[Any]:
        """The futures that are done; waits for one."""
        from concurrent.futures import CancelledError

        from distributed import wait

        while True:
            try:
                wait(list(running), timeout=POLL, return_when="FIRST_COMPLETED")
            except (TimeoutError, CancelledError):
                self._usable(next(iter(running.values())).spec.context.device)
            if done := [future for future in running if future.done()]:
                return done

    def _answer(self, future: Any) -> Record | MissingEntries | str | None:
        """A record or what a worker is missing; None where worker after worker died, "" where it was cancelled."""
        from distributed.scheduler import KilledWorker

        error = future.exception(timeout=TIMEOUT) if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return None
        if isinstance(error, BenchError):
            raise BenchError(f"on a worker: {error.message}", error.hint)
        if error is not None:  # a trial's own errors are records: this worker cannot even begin
            raise BenchError(f"a worker cannot run trials: {type(error).__name__}: {error}",
                             "install the same transferbench on every worker, and start it again")
        if future.status != "finished":
            return ""
        answer = future.result()
        if isinstance(answer, UnfitWorker):
            raise BenchError(f"the worker {answer.worker} cannot take part: {answer.reason}", RESUMES)
        assert isinstance(answer, (Record, MissingEntries))
        return answer

    def _send(self, worker: str, task: ClusterTask) -> None:
        """Send a worker the entries that it still misses, unless it has left meanwhile."""
        for entry in self._ask(worker, cache_sync.missing_here, task.entries) or []:
            self.sends[worker, entry] += 1
            if self.sends[worker, entry] > SENDS:
                raise BenchError(f"the worker {worker} does not keep what it is sent", "is its disk full?")
            self._ask(worker, cache_sync.unpack, cache_sync.pack(task.spec.context.root, entry))

    def _ask(self, worker: str, function: Callable[[Any], Any], argument: Any) -> Any:
        """What a function returns on a worker; None where the worker has left."""
        answers = self.client.run(function, argument, workers=[worker], on_error="return")
        answer = answers.get(worker)
        if isinstance(answer, BenchError):
            raise BenchError(f"on the worker {worker}: {answer.message}", answer.hint)
        return None if isinstance(answer, Exception) else answer

    def _usable(self, device: str) -> int:
        """How many workers can take a trial, at least 1; `say` hears where there is none.

        Raises `BenchError` where the scheduler is gone.
        """
        if self.client.status not in ("running", "connecting"):
            raise BenchError(f"the Dask scheduler at {self.address} no longer answers", RESUMES)
        if time.monotonic() - self.counted >= POLL and self.client.status == "running":
            workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
            self.workers = len([w for w in workers if device != "cuda" or w.get("resources", {}).get("GPU", 0) >= 1])
            self.counted = time.monotonic()
            gpu = " with --resources GPU=1" if device == "cuda" else ""
            note = "" if self.workers else (f"waiting for a worker{gpu}: dask worker {self.address} --nthreads 1"
                                            + (" --resources GPU=1" if gpu else ""))
            if note and note != self.last_note:
                self.say(note)
            self.last_note = note
        return max(self.workers, 1)
