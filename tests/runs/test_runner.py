"""Trials run here or in worker processes: the same records, and no failure stops the others or is lost."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import outcomes
from conftest import Prepare, World

from bench.core import places
from bench.core.budget import FULL
from bench.core.errors import BenchError, MissingExtra
from bench.protocol.split import Split
from bench.results import stored_predictions
from bench.runs import isolation, needs, pool
from bench.runs.inputs import TrialContext
from bench.runs.pool import run
from bench.runs.registry import Strategy, describe
from bench.runs.trials import TrialSpec, blank_record, feasible_budgets, trial_specs

MAJORITY, TFIDF = Strategy("majority", "bench.baselines.majority"), Strategy("tfidf", "bench.baselines.tfidf")
FLOOR = """
import os
import numpy as np
NEEDS = frozenset()
def fit(trial, resources):
    return lambda examples: np.full((len(examples), 2), 0.5, np.float32)
def raises(trial, resources):
    if trial.seed == 1:
        raise ZeroDivisionError("of my own")
    return fit(trial, resources)
def dies(trial, resources):
    if trial.seed == 1:
        os._exit(3)
    return fit(trial, resources)
def nan(trial, resources):
    return lambda examples: np.full((len(examples), 2), np.nan, np.float32)
def thin(trial, resources):
    return lambda examples: np.full((len(examples), 1), 1.0, np.float32)
def tuned(trial, resources, *, strength=3.0):
    return fit(trial, resources)
"""


@pytest.fixture
def floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of baselines outside the project, for this process and its workers."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "floor_baselines.py").write_text(FLOOR)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{places.ROOT}")
    yield "floor_baselines"
    sys.modules.pop("floor_baselines", None)


def test_one_process_and_two_workers_give_the_same_records(context: TrialContext, prepare: Prepare):
    strategies = [MAJORITY, TFIDF, *(Strategy(n, f"bench.baselines.{n}") for n in ("frozen", "scratch"))]
    prepare(context, "features", "base", "counts")
    specs = trial_specs(context, strategies, (16,), 1)
    one, two = list(run(specs, 1)), list(run(specs, 2))
    assert len(one) == 4
    assert {r.status for r in one} == {"ok"}, [r.error for r in one]
    assert outcomes(one) == outcomes(two)
    truth, p = stored_predictions.unpack(one[0].predictions)
    assert p.shape == (one[0].n_test, 2)
    assert one[0].accuracy == pytest.approx(float((p.argmax(1) == truth).mean()))


def test_a_record_says_what_was_run_where_and_for_how_long(context: TrialContext):
    record = next(run(trial_specs(context, [Strategy("frozen", "bench.baselines.frozen")], (8,), 1), 1))
    assert (record.task, record.edition, record.source) == ("target", "toy", "source@toy")
    assert (record.n_train, record.n_test, record.base) == (8, 80, context.base)
    assert {"load", "encode", "adapt", "predict", "pretrain"} == record.seconds.keys()
    assert {"numpy", "torch", "python", "scikit-learn", "commit"} <= record.versions.keys()
    assert record.host["threads"] == 1
    assert record.peak_bytes > 1_000_000
    assert next(run(trial_specs(context, [MAJORITY], (8,), 1), 1)).base == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_baseline_is_a_failed_record_and_the_others_go_on(context: TrialContext, floor: str, workers: int):
    specs = trial_specs(context, [MAJORITY, Strategy(f"{floor}:raises", floor, "raises")], (8,), 2)
    found = list(run(specs, workers))
    failed = [r for r in found if r.status != "ok"]
    assert len(found) == 4
    assert [(r.baseline, r.seed) for r in failed] == [(f"{floor}:raises", 1)]
    assert failed[0].error.startswith("ZeroDivisionError: of my own (floor_baselines.py:")
    assert failed[0].accuracy is None


def test_a_worker_that_dies_costs_its_own_trial_alone(context: TrialContext, floor: str):
    specs = trial_specs(context, [MAJORITY, Strategy(f"{floor}:dies", floor, "dies")], (8,), 2)
    found = list(run(specs, 2))
    assert len(found) == 4
    failed = [r for r in found if r.status != "ok"]
    assert [(r.baseline, r.seed) for r in failed] == [(f"{floor}:dies", 1)]
    assert "worker process died" in failed[0].error


@pytest.mark.parametrize(("function", "said"), [("nan", "predicted NaN"),
                                                ("thin", "predicted (80, 1), expected (80, 2)")])
def test_predictions_that_are_none_fail_with_a_reason(context: TrialContext, floor: str, function: str, said: str):
    record = next(run(trial_specs(context, [Strategy("bad", floor, function)], (8,), 1), 1))
    assert record.status == "failed"
    assert said in record.error


def test_a_baselines_settings_are_its_keyword_defaults(context: TrialContext, floor: str):
    job = trial_specs(context, [Strategy("tuned", floor, "tuned")], (8,), 1)[0]
    assert blank_record(job).settings == {"strength": 3.0}


def test_a_baseline_that_is_not_there_is_the_users_error(floor: str):
    with pytest.raises(BenchError, match="cannot import no_such_module"):
        Strategy("x", "no_such_module").load()
    with pytest.raises(BenchError, match="has no function 'nothing'"):
        Strategy("x", floor, "nothing").load()


def test_a_need_that_nobody_knows_is_the_users_error(floor: str, monkeypatch: pytest.MonkeyPatch):
    module = Strategy("x", floor).load()
    monkeypatch.setattr(module, "NEEDS", frozenset({"magic"}))
    with pytest.raises(BenchError, match=r"needs \['magic'\].*known: base, features"):
        describe(Strategy("x", floor))
    monkeypatch.setattr(module, "NEEDS", frozenset({"features"}))
    assert describe(Strategy("x", floor)).needs == {"features", "base"}


def test_a_plan_holds_each_trial_once_the_longest_first(context: TrialContext):
    specs = trial_specs(context, [MAJORITY, TFIDF], (8, FULL), 2)
    assert len(set(specs)) == len(specs) == 8
    assert [(s.seed, s.budget, s.strategy.name) for s in specs[:3]] == [(0, FULL, "majority"), (0, FULL, "tfidf"),
                                                                   (0, 8, "majority")]


def test_budgets_beyond_the_pool_are_set_apart():
    split = Split(np.arange(100), np.arange(100, 120), 0, 0)
    assert feasible_budgets(split, (8, 100, 101, FULL)) == ([8, 100, FULL], [101])


def test_a_base_that_left_the_cache_is_a_failed_record(context: TrialContext):
    specs: list[TrialSpec] = trial_specs(
        replace(context, base="0" * 24), [Strategy("finetune", "bench.baselines.finetune")], (8,), 1
    )
    record = next(run(specs, 1))
    assert record.status == "failed"
    assert "is no longer in the cache" in record.error


def test_resources_hold_only_what_was_asked_for(context: TrialContext, world: World):
    bare = needs.resources_for(frozenset(), context, 0)
    assert (bare.base, bare.vectors, bare.source) == (None, None, None)
    full = needs.resources_for(frozenset({"base", "source"}), context, 0)
    assert full.base is not None
    assert full.source is not None
    assert len(full.source) == len(world.source.split.pool)
    assert full.same_labels


def test_an_error_of_the_users_comes_back_from_another_process_as_it_was():
    for error in (BenchError("what", "do this"), MissingExtra("Dask", "dask")):
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert (str(copy), copy.message, copy.hint) == (str(error), error.message, error.hint)


def test_what_trials_share_is_computed_before_the_first_of_them(
        context: TrialContext, monkeypatch: pytest.MonkeyPatch, prepare: Prepare):
    prepare(context, "features", "base", "counts", "glove")
    monkeypatch.setattr("bench.core.store.save", lambda *a: pytest.fail("a trial computed what all share"))
    names = ("frozen", "finetune", "tfidf", "glove_forest")
    specs = trial_specs(context, [Strategy(n, f"bench.baselines.{n}") for n in names], (8,), 1)
    assert [r.status for r in run(specs, 1)] == ["ok"] * 4


def test_workers_are_never_more_than_cores_or_memory():
    assert 1 <= pool.default_workers() <= 8


def test_ctrl_c_is_kept_until_it_can_do_no_harm_and_never_lost(context: TrialContext):
    reached = []
    spec = trial_specs(context, [MAJORITY], (8,), 1)[0]
    asleep = isolation.start_apart(time.sleep, 60)

    def interrupted() -> None:
        with pool._ctrl_c_deferred(lambda: reached.append("said at once")) as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            interrupt.check()  # what runs may end
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                interrupt.check()
            with pytest.raises(KeyboardInterrupt):
                pool._finished({asleep: spec}, interrupt, None)
            reached.append("the end, which raises it again")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert len(reached) == 2
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
        with pool._ctrl_c_deferred(lambda: reached.append("heard")) as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            interrupt.check()
        assert reached[-1] != "heard"
    finally:
        signal.signal(signal.SIGINT, before)
        asleep.kill()


def test_what_the_first_trial_imports_has_one_thread_too():
    code = ("import types; from bench.runs import runner\n"
            "with runner.one_thread(types.SimpleNamespace(engine='torch')):\n"
            "    import scipy.optimize, sklearn.ensemble, sklearn.linear_model, threadpoolctl\n"
            "    found = threadpoolctl.threadpool_info()\n"
            "assert {'blas', 'openmp'} <= {library['user_api'] for library in found}, found\n"
            "assert all(library['num_threads'] == 1 for library in found), found\n")
    two = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env={**os.environ, **two})
