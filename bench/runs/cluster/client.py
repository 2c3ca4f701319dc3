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
from dataclasses import replace
from typing import Any

from bench.core.errors import BenchError, MissingExtra
from bench.results.record import Record
from bench.runs.cluster import cache_sync
from bench.runs.cluster.worker import ClusterTask, Lacking, Unfit, run_on_worker, versions_that_matter
from bench.runs.registry import Strategy
from bench.runs.trials import TrialSpec, blank_record

ANSWER = 10.0  # seconds in which a scheduler must answer
TICK = 5.0  # seconds after which a wait looks whether there still are a scheduler and workers
SENDINGS = 3  # times that a worker is sent what it lacks
GO_ON = "finished trials are kept; the same command goes on"

Say = Callable[[str], None]


@contextmanager
def connected(address: str, say: Say) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`; `BenchError` where none answers there in `ANSWER` seconds."""
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("Dask, which --scheduler needs,", "dask") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is said here, in one line
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared on the workers, and refused
            asyncio.run(_greeting(address))
            client = Client(address, timeout=ANSWER)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise BenchError(f"no Dask scheduler answers at {address}: {why}",
                         "`dask scheduler` starts one and says its address, such as tcp://10.0.0.1:8786") from None
    try:
        yield Cluster(client, address, say)
    finally:
        client.close(timeout=ANSWER)


async def _greeting(address: str) -> None:
    """Raises where no Dask process answers: `Client` waits for ever where something listens that never says a word."""
    from distributed import Security
    from distributed.comm.core import connect

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=ANSWER, **arguments), ANSWER + 1.0)
    comm.abort()


class Cluster:
    """A connection to a scheduler, and the way in which it carries out jobs."""

    def __init__(self, client: Any, address: str, say: Say) -> None:
        self.client, self.address, self.say = client, address, say
        self.said = ""
        self.sendings: Counter[tuple[str, str]] = Counter()  # (worker, entry)
        self.counted, self.places = -TICK, 0  # when the workers were counted, and how many there were

    def run(self, jobs: Sequence[TrialSpec]) -> Iterator[Record]:
        """Run the jobs and yield each record as it is finished; a job whose worker dies runs on another.

        Dask gives a job up when worker after worker died on it. Others may have died with it, so each such job runs
        once more with no other beside it, and is a failed record if that ends in the same way.
        """
        suspects: list[TrialSpec] = []
        yield from self._run(deque(jobs), suspects, alone=False)
        for suspect in suspects:
            killers: list[TrialSpec] = []
            yield from self._run(deque([suspect]), killers, alone=True)
            for job in killers:
                yield replace(
                    blank_record(job), status="failed", error="worker after worker died on it (out of memory?)"
                )

    def _run(self, todo: deque[TrialSpec], suspects: list[TrialSpec], *, alone: bool) -> Iterator[Record]:
        running: dict[Any, ClusterTask] = {}  # by future
        entries = cache_sync.entries(todo[0].setting, _needs(todo)) if todo else ()
        try:
            while todo or running:
                while todo and len(running) < (1 if alone else self._places(todo[0].setting.device) * 5 // 4 + 1):
                    job = todo.popleft()
                    ticket = ClusterTask(job, entries, versions_that_matter(job.setting.engine))
                    running[self._submit(ticket)] = ticket
                for future in self._finished(running):
                    ticket = running.pop(future)
                    answer = self._answer(future)
                    if isinstance(answer, Record):
                        yield answer
                    elif answer is None:
                        suspects.append(ticket.job)
                    else:
                        if isinstance(answer, Lacking):
                            self._send(answer.worker, ticket)
                        todo.appendleft(ticket.job)
        finally:
            if running and self.client.status == "running":
                self.client.cancel(list(running))

    def _submit(self, ticket: ClusterTask) -> Any:
        job = ticket.job
        return self.client.submit(
            run_on_worker,
            ticket,
            key=f"{job.baseline}-{job.budget}-{uuid.uuid4().hex}",
            pure=False,
            resources={"GPU": 1} if job.setting.device == "cuda" else None,
        )

    def _finished(self, running: dict[Any, ClusterTask]) -> list[Any]:
        """The futures that are done; waits for one."""
        from concurrent.futures import CancelledError

        from distributed import wait

        while True:
            try:
                wait(list(running), timeout=TICK, return_when="FIRST_COMPLETED")
            except (TimeoutError, CancelledError):
                self._places(next(iter(running.values())).job.setting.device)
            if done := [future for future in running if future.done()]:
                return done

    def _answer(self, future: Any) -> Record | Lacking | str | None:
        """A trial's record or what a worker lacks; None where worker after worker died, "" where it was cancelled."""
        from distributed.scheduler import KilledWorker

        error = future.exception(timeout=ANSWER) if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return None
        if isinstance(error, BenchError):
            raise BenchError(f"on a worker: {error.message}", error.hint)
        if error is not None:  # a trial's own errors are records: this is a worker that cannot even begin
            raise BenchError(f"a worker cannot run trials: {type(error).__name__}: {error}",
                             "install the same transferbench on every worker, and start it again")
        if future.status != "finished":
            return ""
        answer = future.result()
        if isinstance(answer, Unfit):
            raise BenchError(f"the worker {answer.worker} cannot take part: {answer.reason}", GO_ON)
        assert isinstance(answer, (Record, Lacking))
        return answer

    def _send(self, worker: str, ticket: ClusterTask) -> None:
        """Send a worker the entries that it still lacks, unless it has left meanwhile."""
        for entry in self._ask(worker, cache_sync.lacking_here, ticket.entries) or []:
            self.sendings[worker, entry] += 1
            if self.sendings[worker, entry] > SENDINGS:
                raise BenchError(f"the worker {worker} does not keep what it is sent", "is its disk full?")
            self._ask(worker, cache_sync.unpack, cache_sync.packed(ticket.job.setting.root, entry))

    def _ask(self, worker: str, function: Callable[[Any], Any], argument: Any) -> Any:
        found = self.client.run(function, argument, workers=[worker], on_error="return")
        answer = found.get(worker)
        if isinstance(answer, BenchError):
            raise BenchError(f"on the worker {worker}: {answer.message}", answer.hint)
        return None if isinstance(answer, Exception) else answer

    def _places(self, device: str) -> int:
        """How many workers can take a trial, at least 1; says so where there is none, and raises where no scheduler."""
        if self.client.status not in ("running", "connecting"):
            raise BenchError(f"the Dask scheduler at {self.address} no longer answers", GO_ON)
        if time.monotonic() - self.counted >= TICK and self.client.status == "running":
            workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
            self.places = len([w for w in workers if device != "cuda" or w.get("resources", {}).get("GPU", 0) >= 1])
            self.counted = time.monotonic()
            gpu = " with --resources GPU=1" if device == "cuda" else ""
            note = "" if self.places else (f"waiting for a worker{gpu}: dask worker {self.address} --nthreads 1"
                                           + (" --resources GPU=1" if gpu else ""))
            if note and note != self.said:
                self.say(note)
            self.said = note
        return max(self.places, 1)


def _needs(jobs: Sequence[TrialSpec]) -> frozenset[str]:
    chosen = {Strategy(job.baseline, job.module, job.function) for job in jobs}
    return frozenset().union(*(s.needs() for s in chosen))
