"""All misbehaving strategies beside two honest ones: the honest scores are the same bits, whoever runs the trials."""

from __future__ import annotations

import misbehaving
import pytest
from dask_cluster import Dask
from strangers import mixed, scores, wrong

from bench.runs import pool
from bench.runs.cluster import client
from bench.runs.inputs import TrialContext

NAMES = [*misbehaving.FAIL, *misbehaving.DISTURB, *misbehaving.HANG]
SECONDS = 30.0  # for a trial, while other programs use the machine


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("who", ["one job", "two jobs", "a cluster"])
def test_no_strategy_changes_the_scores_of_another(strangers: TrialContext, who: str, request: pytest.FixtureRequest):
    alone = scores(pool.run(mixed(strangers, []), 1))
    specs = mixed(strangers, NAMES)
    if who == "a cluster":
        dask: Dask = request.getfixturevalue("dask")
        dask.worker("--no-nanny")
        dask.worker("--nanny")
        notes: list[str] = []
        with client.connected(dask.address, notes.append) as here:
            records = list(here.run(specs, SECONDS))
        assert all(note.startswith("waiting for a worker") for note in notes)  # a nanny starts another in its place
    else:
        records = list(pool.run(specs, 1 if who == "one job" else 2, SECONDS))
    assert len(records) == len(specs)
    assert scores(records) == alone
    assert wrong(records) == []


@pytest.mark.timeout(3000)
def test_one_job_in_this_process(strangers: TrialContext):
    names = [name for name in NAMES if name not in misbehaving.HANG]
    specs = mixed(strangers, names)
    alone = scores(pool.run(mixed(strangers, []), 1))
    records = list(pool.run(specs, 1))
    assert scores(records) == alone
    assert wrong(records) == []
