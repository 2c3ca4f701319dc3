"""Who runs the trials: worker processes on this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.core.errors import BenchError
from bench.results.record import Record
from bench.runs import pool
from bench.runs.options import Options, Say
from bench.runs.trials import TrialSpec

Executor = Callable[[Sequence[TrialSpec]], Iterator[Record]]  # runs jobs


@contextmanager
def executor(options: Options, say: Say) -> Iterator[Executor]:
    """Who runs the trials: worker processes here, or the workers of a cluster."""
    count = worker_count(options)
    if options.scheduler:
        from bench.runs.cluster import client

        with client.connected(options.scheduler, say) as connection:
            yield connection.run
        return
    yield lambda jobs: pool.run(jobs, count)


def worker_count(options: Options) -> int:
    """Worker processes of this machine; 0 where a cluster's run the trials."""
    if options.scheduler and options.jobs:
        raise BenchError("--jobs and --scheduler exclude each other", "a cluster has the workers that it has")
    return 0 if options.scheduler else options.jobs or pool.default_jobs()
