"""Run one trial from its data to its predictions, in whatever process that is, and from these to its record."""

from __future__ import annotations

import os
import random
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.brief import shown
from bench.core.errors import BenchError
from bench.core.seeds import seed_for
from bench.data.corpus import Examples
from bench.learning.class_shares import fit_class_shares
from bench.learning.models.model import Fitted
from bench.learning.networks.engines import engine
from bench.protocol.metrics import score
from bench.protocol.outputs import checked_probabilities
from bench.protocol.trial import Predictor, Trial, make_trial
from bench.results import stored_predictions
from bench.results.record import Fallback, Record
from bench.runs import failures, needs
from bench.runs.inputs import TrialContext, open_data
from bench.runs.machine import encoder_versions, host, peak_bytes, versions
from bench.runs.shared_arrays import unchanged
from bench.runs.trials import TrialSpec, blank_record, failed_record

THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Predictions:
    """What a trial predicts for the test set, without the true classes: all that its record is made from."""

    probabilities: NDArray[np.floating[Any]]  # [n_test, classes]
    n_train: int
    seconds: Mapping[str, float]  # by phase
    peak_bytes: int
    fallback: Fallback = ""  # as in a record
    members: Mapping[str, float] = field(default_factory=dict)  # as in a record


@dataclass(frozen=True)
class FittedTrial:
    """A trial that has predicted: what `bench fit` makes a model of."""

    trial: Trial
    predict: Predictor
    test: Examples  # without labels
    predictions: Predictions


def run_trial(spec: TrialSpec) -> Record:
    """Run one trial on one thread; an error in it becomes a failed record."""
    predictions = try_to_predict(spec)
    return predictions if isinstance(predictions, Record) else record_of(spec, predictions)


def try_to_predict(spec: TrialSpec) -> Predictions | Record:
    """The predictions of a trial on one thread; a failed record where it raises anything, `sys.exit()` included.

    KeyboardInterrupt is an error of the trial only where no Ctrl-C can have caused it: in the process of a strategy
    from outside.
    """
    try:
        with one_thread(spec.context):
            return fit_and_predict(spec).predictions
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not spec.strategy.outside:
            raise
        return failed_record(spec, failures.reason_of(error, spec.strategy.code()),
                             "" if isinstance(error, BenchError) and not error.__cause__ else failures.full(error))


def begin_outside(spec: TrialSpec) -> None:
    """Prepare this process for the trial of a strategy from outside: the same state for each, whatever started it."""
    seed = seed_for("outside", spec.context.target.name, spec.budget, spec.seed, spec.fitting_seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 what strategies may use
    for name in THREAD_COUNTS:
        os.environ[name] = "1"
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
        torch.set_num_threads(1)


def fit_and_predict(spec: TrialSpec) -> FittedTrial:
    """Run one trial in this thread: load, fit, predict. Raises where it fails."""
    context, needed, name = spec.context, spec.strategy.needs(), spec.strategy.name
    began = time.perf_counter()
    data, split = open_data(context.root, context.target)
    resources = needs.resources_for(needed, context, spec.fitting_seed)
    trial = make_trial(data, split, context.source.name, context.target.name, spec.budget, spec.seed, spec.head_seed,
                       balanced=context.target.leading == "balanced_accuracy", draw=spec.draw)
    shares = trial.has_one_class and not needs.can_use_one_class(needed)
    prepared = needs.open_shared(needed, resources, data.corpus)
    fit, test = spec.strategy.fit(), Examples(data.corpus, split.test)
    loaded = time.perf_counter()

    with unchanged(name, trial=trial, resources=resources, test=test) if spec.strategy.outside else nullcontext():
        began_fit = time.perf_counter()
        predict = fit_class_shares(trial) if shares else fit(trial, resources)
        fitted = time.perf_counter()
        if not callable(predict):
            raise BenchError(f"{name}: its {spec.strategy.function} returned {shown(predict)}, no predictor",
                             "return a function from examples to probabilities")
        predicted = predict(test)
        ended = time.perf_counter()
        probabilities = checked_probabilities(predicted, (len(test), len(data.labels)), name)

    members = predict.members if isinstance(predict, Fitted) and not spec.strategy.outside else {}
    seconds = {"load": loaded - began, "encode": prepared["encode"], "adapt": fitted - began_fit,
               "predict": ended - fitted, "pretrain": prepared["pretrain"]}
    return FittedTrial(trial, predict, test, Predictions(probabilities, len(trial.labelled), seconds, peak_bytes(),
                                                           "class-shares" if shares else "", members))


def record_of(spec: TrialSpec, predictions: Predictions) -> Record:
    """The record of a trial: its predictions, scored against the true classes."""
    context = spec.context
    data, split = open_data(context.root, context.target)
    truth = data.y[split.test]
    uses_encoder = bool(needs.models(spec.strategy.needs()))
    stored = stored_predictions.quantise(predictions.probabilities)
    scores = score(truth, stored_predictions.probabilities(stored))
    return replace(blank_record(spec), n_train=predictions.n_train, n_test=len(truth), **scores,  # type: ignore[arg-type]
                   seconds={phase: round(value, 4) for phase, value in predictions.seconds.items()},
                   peak_bytes=predictions.peak_bytes, fallback=predictions.fallback,
                   members={name: round(weight, 4) for name, weight in predictions.members.items()},
                   versions={**versions(context.engine), **(encoder_versions() if uses_encoder else {})},
                   host=dict(host(context.device)),
                   leaks={"duplicates": split.duplicates, "exact": split.leaked, "near": split.near,
                          "source": context.source_leaks},
                   predictions=stored_predictions.pack(truth, stored, data.group[split.test]))


@contextmanager
def one_thread(context: TrialContext) -> Iterator[None]:
    """Inside the block everything runs on one thread, so that a trial gives the same bits in every process."""
    # What a trial itself imports first would have threads of its own in that trial, and they wait for each other.
    import scipy.linalg  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401

    with (_engine_threads(context.engine, 1), _threaded_libraries(len(sys.modules)).limit(limits=1),
          warnings.catch_warnings()):
        warnings.filterwarnings("ignore", "The number of unique classes")  # 20 classes at 32 labels are meant
        yield


@lru_cache(1)
def _threaded_libraries(imported: int) -> Any:
    """The libraries with threads of their own; looked for again only when more modules have been imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def _engine_threads(engine_name: str, threads: int) -> Iterator[None]:
    """Inside the block the engine scores texts on so many threads."""
    setting = getattr(engine(engine_name), "THREADS", [0])
    before, setting[0] = setting[0], threads
    try:
        yield
    finally:
        setting[0] = before
