"""A plan on a real Dask cluster of processes: the same records as here, whoever dies meanwhile."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import toy
from commands import outcomes
from conftest import Prepare, World
from dask_cluster import Dask, free_port, until
from typer.testing import CliRunner

from bench.cli.app import app
from bench.core.errors import BenchError, MissingExtra
from bench.learning.features.glove import WordVectors
from bench.learning.networks import architectures
from bench.results import record_files
from bench.results.record import Record
from bench.runs import pool, registry
from bench.runs.cluster import client
from bench.runs.inputs import TrialContext
from bench.runs.options import Options
from bench.runs.registry import Strategy
from bench.runs.trials import trial_specs

PLUGIN = """
import os, pathlib, time
import numpy as np
NEEDS = frozenset()
NOTES = pathlib.Path(__file__).with_name("notes")
def slow(trial, resources):
    with NOTES.open("a") as file:
        file.write(f"{os.environ.get('WORKER')} {trial.budget} {trial.seed}\\n")
    time.sleep(0.3)
    p = [0.4 + trial.seed / 100, 0.6 - trial.seed / 100]
    return lambda examples: np.full((len(examples), 2), p, np.float32)
def deadly(trial, resources):
    if trial.seed == 1:  # not its own process, which costs its trial alone, but the worker that started it
        server = pathlib.Path(f"/proc/{os.getppid()}/stat").read_text()
        os.kill(int(server.rpartition(")")[2].split()[1]), 9)
        time.sleep(60)
    return lambda examples: np.full((len(examples), 2), 0.5, np.float32)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "cluster_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "cluster_plugin"
    sys.modules.pop("cluster_plugin", None)


def test_a_cluster_gives_the_records_of_one_process_though_a_worker_is_killed(
        dask: Dask, context: TrialContext, plugin: str, tmp_path: Path, prepare: Prepare):
    strategies = [Strategy("slow", plugin, "slow"), Strategy("frozen", "bench.baselines.frozen"),
                  Strategy("tfidf", "bench.baselines.tfidf"), Strategy("scratch", "bench.baselines.scratch")]
    specs = trial_specs(context, strategies, (8,), 3)
    prepare(context, "features", "base", "counts")
    victim = dask.worker("--no-nanny")
    found: list[Record] = []
    notes = tmp_path / "notes"

    with client.connected(dask.address, pytest.fail) as here:
        until(lambda: len(here.client.scheduler_info()["workers"]) == 1, "the first worker")
        for record in here.run(specs):
            found.append(record)
            if len(found) == 1:
                dask.worker("--no-nanny", cache="second")
                until(lambda: len(here.client.scheduler_info()["workers"]) == 2, "the second worker")
            if victim.poll() is None and notes.exists() and "cache " in notes.read_text():
                victim.send_signal(signal.SIGKILL)
                victim.wait()

    assert victim.returncode == -signal.SIGKILL, "the worker was killed while trials were left"
    assert {r.status for r in found} == {"ok"}, [r.error for r in found]
    assert outcomes(found) == outcomes(list(pool.run(specs, 1)))


def test_a_worker_runs_an_edited_strategy_anew_and_refuses_what_was_not_planned(
        dask: Dask, context: TrialContext, plugin: str, tmp_path: Path):
    file = tmp_path / f"{plugin}.py"
    mine = Strategy("mine", plugin, "mine")

    def edited(column: int) -> Strategy:
        file.write_text("import numpy as np\nNEEDS = frozenset()\ndef mine(trial, resources):\n"
                        f"    return lambda examples: np.eye(2, dtype=np.float32)[[{column}] * len(examples)]\n")
        described = registry.describe_all([mine])[0]
        assert isinstance(described, Strategy), described
        return described

    dask.worker("--no-nanny")
    with client.connected(dask.address, lambda text: None) as here:
        first, second = (next(here.run(trial_specs(context, [edited(column)], (8,), 1))) for column in (0, 1))
        planned = edited(0)
        edited(1)
        refused = next(here.run(trial_specs(context, [planned], (8,), 1)))
    assert first.status == second.status == "ok"
    assert (first.accuracy or 0.0) + (second.accuracy or 0.0) == pytest.approx(1.0)
    assert first.strategy_sha256 != second.strategy_sha256
    assert refused.status == "failed"
    assert "the code of 'mine' has changed" in refused.error
    assert refused.identity() == first.identity()


def test_a_worker_that_does_not_see_the_cache_is_sent_what_it_lacks(
        dask: Dask, context: TrialContext, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        prepare: Prepare):
    monkeypatch.chdir(world.root.parent)
    elsewhere = replace(context, root=Path(world.root.name), vectors=None)  # means nothing in the worker's folder
    prepare(elsewhere, "features", "base", "counts")
    strategies = [Strategy(name, f"bench.baselines.{name}") for name in ("frozen", "finetune", "tfidf")]
    specs = trial_specs(elsewhere, strategies, (8,), 1)
    dask.worker("--no-nanny", cache="bare")
    with client.connected(dask.address, lambda text: None) as here:
        found = list(here.run(specs))
    assert outcomes(found) == outcomes(list(pool.run(specs, 1)))
    assert {r.status for r in found} == {"ok"}, [r.error for r in found]
    assert (tmp_path / "bare" / "bases" / context.base / "params.safetensors").exists()


@pytest.mark.parametrize("dask", [0], indirect=True)
def test_a_trial_that_kills_every_worker_is_the_only_one_that_fails(dask: Dask, context: TrialContext, plugin: str):
    specs = trial_specs(
        context, [Strategy("deadly", plugin, "deadly"), Strategy("majority", "bench.baselines.majority")], (8,), 2
    )
    dask.worker("--nanny")  # which starts another worker for one that died
    with client.connected(dask.address, lambda text: None) as here:
        found = list(here.run(specs))
    assert len(found) == 4
    failed = [r for r in found if r.status != "ok"]
    assert [(r.baseline, r.seed) for r in failed] == [("deadly", 1)]
    assert "worker after worker died" in failed[0].error


def test_bench_run_on_a_cluster_writes_the_records_that_it_writes_here(
        dask: Dask, workshop: Path, monkeypatch: pytest.MonkeyPatch):
    data = workshop / "data"
    glove = WordVectors(data / "glove_6B_50d_emb.npy", data / "glove_6B_index.parquet", "toy")
    monkeypatch.setattr("bench.runs.inputs.find_glove", lambda access: glove)
    monkeypatch.setitem(architectures.ARCHITECTURES, Options.net, toy.NET)  # type: ignore[arg-type]
    monkeypatch.chdir(workshop)
    dask.worker("--no-nanny")
    asked = ["run", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
             "--epochs", "1", "--seeds", "2", "--budgets", "8", "--offline", "--device", "cpu", "--cache-dir", "kept",
             "--baseline", "frozen", "--baseline", "tfidf", "--baseline", "glove-forest"]
    far = CliRunner().invoke(app, [*asked, "--results-dir", "far", "--scheduler", dask.address])
    here = CliRunner().invoke(app, [*asked, "--results-dir", "here", "--jobs", "1"])
    assert (far.exit_code, here.exit_code) == (0, 0), far.output + here.output
    found, expected = (record_files.read(workshop / name / "records" / "toy-target.jsonl") for name in ("far", "here"))
    assert len(found) == 6
    assert outcomes(found) == outcomes(expected)


def test_a_trial_for_a_gpu_waits_for_a_worker_that_offers_one(dask: Dask, context: TrialContext):
    specs = trial_specs(replace(context, device="cuda"), [Strategy("majority", "bench.baselines.majority")], (8,), 1)
    said: list[str] = []
    dask.worker("--no-nanny")
    with client.connected(dask.address, said.append) as here:
        until(lambda: len(here.client.scheduler_info()["workers"]) == 1, "the worker without a GPU")
        trials = here.run(specs)
        dask.worker("--no-nanny", "--resources", "GPU=1", cache="gpu")
        record = next(trials)
    assert record.status == "ok"
    assert said == [f"waiting for a worker with --resources GPU=1: dask worker {dask.address} --nthreads 1 "
                    "--resources GPU=1"]


def test_workers_of_many_threads_or_other_versions_are_refused(
        dask: Dask, context: TrialContext, monkeypatch: pytest.MonkeyPatch):
    specs = trial_specs(context, [Strategy("majority", "bench.baselines.majority")], (8,), 1)
    first = dask.worker("--no-nanny", "--nthreads", 2)
    with (client.connected(dask.address, lambda text: None) as here,
          pytest.raises(BenchError, match=r"cannot take part: it has 2 threads.*finished trials are kept")):
        list(here.run(specs))
    first.kill()
    dask.worker("--no-nanny")
    monkeypatch.setattr(client, "versions_that_matter", lambda engine: {"transferbench": "99.0 (code 0)"})
    with (client.connected(dask.address, lambda text: None) as here,
          pytest.raises(BenchError, match=r"its transferbench is .*, here it is 99\.0 \(code 0\); install the same")):
        list(here.run(specs))


def test_a_scheduler_that_dies_ends_the_run_with_a_word(dask: Dask, context: TrialContext, plugin: str,
                                                        monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 2.0)
    monkeypatch.setattr(client, "POLL", 0.5)
    dask.worker("--no-nanny")
    specs = trial_specs(context, [Strategy("slow", plugin, "slow")], (8,), 40)
    with client.connected(dask.address, lambda text: None) as here:
        trials = here.run(specs)
        assert next(trials).status == "ok"
        dask.processes[0].kill()
        with pytest.raises(BenchError, match=r"no longer answers \(finished trials are kept"):
            list(trials)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{}", "nonsense://x:{}", "tcp://no-such-host.invalid:{}"])
def test_a_scheduler_that_does_not_answer_is_one_clear_line_in_bounded_time(
        address: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    monkeypatch.setattr(client, "TIMEOUT", 2.0)
    began = time.monotonic()
    result = CliRunner().invoke(app, ["run", "--scheduler", address.format(free_port())])
    assert result.exit_code == 2, result.output
    assert time.monotonic() - began < 20
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, lines
    assert "no Dask scheduler answers at" in lines[0]
    assert "dask scheduler" in lines[0]


def test_something_else_that_listens_there_is_no_scheduler(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    monkeypatch.setattr(client, "TIMEOUT", 2.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with (pytest.raises(BenchError, match="no Dask scheduler answers"),
              client.connected(f"tcp://127.0.0.1:{mute.getsockname()[1]}", pytest.fail)):
            pytest.fail("it connected")


def test_without_the_extra_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (pytest.raises(MissingExtra, match=r"Dask.*is not installed.*transferbench\[dask\]"),
          client.connected("tcp://127.0.0.1:1", pytest.fail)):
        pytest.fail("it connected")


def test_jobs_and_a_scheduler_exclude_each_other():
    result = CliRunner().invoke(app, ["run", "--scheduler", "tcp://127.0.0.1:1", "--jobs", "2"])
    assert result.exit_code == 2
    assert "--jobs and --scheduler exclude each other" in result.stderr
