"""A trial on a worker of a cluster: run as this process would run it, or an answer that says why it cannot be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache as remember

from bench.core import places
from bench.results.record import Record
from bench.runs.cluster import cache_sync
from bench.runs.machine import versions
from bench.runs.runner import run_trial
from bench.runs.trials import TrialSpec


@dataclass(frozen=True)
class ClusterTask:
    """One trial as a worker gets it."""

    job: TrialSpec
    entries: tuple[str, ...]  # of the cache, that the trial reads
    versions: Mapping[str, str]  # that the scores depend on


@dataclass(frozen=True)
class Unfit:
    """A worker's answer that it would not get the same scores."""

    worker: str
    reason: str


@dataclass(frozen=True)
class Lacking:
    """A worker's answer that no cache there holds what the trial reads."""

    worker: str


def run_on_worker(ticket: ClusterTask) -> Record | Unfit | Lacking:
    """A trial on a worker, if that is fit for it."""
    from distributed import get_worker

    worker, setting = get_worker(), ticket.job.setting
    if worker.state.nthreads != 1:
        return Unfit(worker.address, f"it has {worker.state.nthreads} threads, and a trial needs a process of its own; "
                                     "dask worker ADDRESS --nthreads 1 --nworkers N")
    mine = versions_that_matter(setting.engine)
    for name, theirs in ticket.versions.items():
        if mine.get(name) != theirs:
            return Unfit(worker.address, f"its {name} is {mine.get(name)}, here it is {theirs}; install the same on "
                                         "every worker, and start it again")
    root = cache_sync.home(setting.root, ticket.entries)
    if root is None:
        return Lacking(worker.address)
    return run_trial(replace(ticket.job, setting=replace(setting, root=root)))


@remember
def versions_that_matter(engine_name: str) -> Mapping[str, str]:
    """Versions that must be the same everywhere; that of transferbench holds a digest of its code."""
    found = {name: version.partition("+")[0] for name, version in versions(engine_name).items() if name != "commit"}
    digest = hashlib.sha256()
    for package in ("bench", "baselines"):
        folder = places.ROOT / package
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return {**found, "transferbench": f"{found['transferbench']} (code {digest.hexdigest()[:12]})"}
