"""Who runs the trials: worker processes on this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.core.errors import BenchError
from bench.results.record import Record
from bench.runs import pool
from bench.runs.options import Options, Say
from bench.runs.trials import TrialSpec

Executor = Callable[[Sequence[TrialSpec]], Iterator[Record]]  # runs trials; yields each record when it is finished


@contextmanager
def executor(options: Options, say: Say, stopping: Callable[[], None] = lambda: None) -> Iterator[Executor]:
    """The executor that the options ask for; on this machine `stopping` is called at the first Ctrl-C."""
    workers = worker_count(options)
    if options.scheduler:
        from bench.runs.cluster import client

        with client.connected(options.scheduler, say) as cluster:
            yield lambda specs: cluster.run(specs, options.trial_timeout)
        return
    yield lambda specs: pool.run(specs, workers, options.trial_timeout, stopping)


def worker_count(options: Options) -> int:
    """Worker processes on this machine; 0 where a cluster runs the trials."""
    if options.scheduler and options.jobs:
        raise BenchError("--jobs and --scheduler exclude each other", "a cluster has as many workers as it has")
    return 0 if options.scheduler else options.jobs or pool.default_workers()
