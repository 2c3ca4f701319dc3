"""Run one trial from its data to its record, in whatever process it is."""

from __future__ import annotations

import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.learning.networks.engines import engine
from bench.protocol.metrics import score
from bench.protocol.trial import Predictor, Trial, make_trial
from bench.results import stored_predictions
from bench.results.record import Record
from bench.runs import needs
from bench.runs.inputs import TrialContext, open_data
from bench.runs.machine import host, peak_bytes, versions
from bench.runs.trials import TrialSpec, blank_record, failed_record


@dataclass(frozen=True)
class TrialOutcome:
    """A trial that succeeded: its record, and what `bench fit` makes a model of."""

    record: Record
    trial: Trial
    predict: Predictor
    test: Examples  # without labels
    probabilities: NDArray[np.float32]  # as predicted for the test set, [n_test, classes]


def run_trial(spec: TrialSpec) -> Record:
    """Run one trial on one thread; an error in it becomes a failed record."""
    try:
        with one_thread(spec.context):
            return run_or_raise(spec).record
    except BenchError as error:
        return failed_record(spec, str(error))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return failed_record(spec, f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")


def run_or_raise(spec: TrialSpec) -> TrialOutcome:
    """Run one trial in this thread: load, fit, predict, score, record. Raises where it fails."""
    context, needed = spec.context, spec.strategy.needs()
    began = time.perf_counter()
    data, split = open_data(context.root, context.target)
    resources = needs.resources_for(needed, context, spec.fitting_seed)
    trial = make_trial(data, split, context.source.name, context.target.name, spec.budget, spec.seed, spec.head_seed,
                       balanced=context.target.leading == "balanced_accuracy")
    prepared = needs.open_shared(needed, resources, data.corpus)
    loaded = time.perf_counter()

    predict = spec.strategy.fit()(trial, resources)
    fitted = time.perf_counter()

    test, truth = Examples(data.corpus, split.test), data.y[split.test]
    probabilities = predict(test)
    predicted = time.perf_counter()

    _check(probabilities, (len(test), len(data.labels)), spec.strategy.name)
    stored = stored_predictions.quantise(probabilities)
    scores = score(truth, stored_predictions.probabilities(stored))
    seconds = {"load": loaded - began, "encode": prepared["encode"], "adapt": fitted - loaded,
               "predict": predicted - fitted, "pretrain": prepared["pretrain"]}
    record = replace(blank_record(spec), n_train=len(trial.labelled), n_test=len(test), **scores,  # type: ignore[arg-type]
                     seconds={phase: round(value, 4) for phase, value in seconds.items()}, peak_bytes=peak_bytes(),
                     versions=dict(versions(context.engine)), host=dict(host()),
                     leaks={"duplicates": split.duplicates, "exact": split.leaked, "near": split.near,
                            "source": context.source_leaks},
                     predictions=stored_predictions.pack(truth, stored, data.group[split.test]))
    return TrialOutcome(record, trial, predict, test, probabilities)


def _check(probabilities: NDArray[np.float32], shape: tuple[int, int], strategy: str) -> None:
    """Raise `BenchError` where a strategy's predictions are not [texts, classes] finite numbers."""
    if probabilities.shape != shape:
        raise BenchError(f"{strategy} predicted {probabilities.shape}, expected {shape}")
    if not np.isfinite(probabilities).all():
        raise BenchError(f"{strategy} predicted NaN or infinite values", "did its training diverge?")


@contextmanager
def one_thread(context: TrialContext) -> Iterator[None]:
    """Inside the block everything runs on one thread, so that a trial gives the same bits in every process."""
    limited = _threaded_libraries(len(sys.modules)).limit(limits=1)
    with warnings.catch_warnings(), limited, _engine_threads(context.engine, 1):
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
