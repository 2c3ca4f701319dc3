"""A trial on a worker of a cluster: run as this process would run it, or an answer that says why it cannot be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from bench.core import places
from bench.results.record import Record
from bench.runs import pool
from bench.runs.cluster import cache_sync
from bench.runs.machine import versions
from bench.runs.runner import run_trial
from bench.runs.trials import TrialSpec


@dataclass(frozen=True)
class ClusterTask:
    """One trial as a worker gets it."""

    spec: TrialSpec
    entries: tuple[str, ...]  # of the cache, that the trial reads
    versions: Mapping[str, str]  # that the scores depend on
    seconds: float | None = None  # that it may take


@dataclass(frozen=True)
class UnfitWorker:
    """A worker's answer that it would not get the same scores."""

    worker: str
    reason: str


@dataclass(frozen=True)
class MissingEntries:
    """A worker's answer that no cache there holds all that the trial reads."""

    worker: str


def run_on_worker(task: ClusterTask) -> Record | UnfitWorker | MissingEntries:
    """Run a trial on a worker, if the worker is fit for it."""
    from distributed import get_worker

    worker, context = get_worker(), task.spec.context
    if worker.state.nthreads != 1:
        reason = (f"it has {worker.state.nthreads} threads, and a trial needs a process of its own; "
                  "dask worker ADDRESS --nthreads 1 --nworkers N")
        return UnfitWorker(worker.address, reason)
    installed = versions_that_matter(context.engine)
    for name, expected in task.versions.items():
        if installed.get(name) != expected:
            reason = (f"its {name} is {installed.get(name)}, here it is {expected}; install the same on every worker, "
                      "and start it again")
            return UnfitWorker(worker.address, reason)
    root = cache_sync.cache_with(context.root, task.entries)
    if root is None:
        return MissingEntries(worker.address)
    spec = replace(task.spec, context=replace(context, root=root))
    if spec.strategy.outside or task.seconds is not None:
        return pool.run_apart(spec, task.seconds)
    return run_trial(spec)


@cache
def versions_that_matter(engine_name: str) -> Mapping[str, str]:
    """Versions that must be the same everywhere; that of transferbench includes a digest of its code."""
    matter = {name: version.partition("+")[0] for name, version in versions(engine_name).items() if name != "commit"}
    digest = hashlib.sha256()
    for folder in (places.PACKAGE, places.shipped("baselines")):
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            if not name.startswith("baselines"):  # where these are differs between a checkout and a wheel
                digest.update(name.encode() + b"\0" + path.read_bytes())
    return {**matter, "transferbench": f"{matter['transferbench']} (code {digest.hexdigest()[:12]})"}
