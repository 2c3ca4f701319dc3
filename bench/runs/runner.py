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
from bench.data import corpus
from bench.data.corpus import Dataset
from bench.learning.features import sentence_encoder
from bench.learning.networks.architectures import with_classes
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base, load_base
from bench.learning.resources import Resources
from bench.learning.source_linear import SourceLinear, fit_source_linear
from bench.protocol.metrics import score
from bench.protocol.split import Split, saved_split, without_test_texts
from bench.protocol.trial import Predictor, Trial, make_trial
from bench.results import stored_predictions
from bench.results.record import Record
from bench.runs.machine import host, peak_bytes, versions
from bench.runs.registry import Strategy
from bench.runs.trials import DataRef, TrialContext, TrialSpec, blank_record


def run_trial(job: TrialSpec) -> Record:
    """Run one trial on one thread; an error in it becomes a failed record."""
    record = blank_record(job)
    try:
        with one_thread(job.setting):
            return run_or_raise(job).record
    except BenchError as error:
        return replace(record, status="failed", error=str(error))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return replace(record, status="failed", error=text)


@contextmanager
def one_thread(setting: TrialContext) -> Iterator[None]:
    """How every trial is run: on one thread, so that the same trial gives the same bits everywhere."""
    limited = _libraries(len(sys.modules)).limit(limits=1)
    with warnings.catch_warnings(), limited, _scoring_threads(setting.engine, 1):
        warnings.filterwarnings("ignore", "The number of unique classes")  # 20 classes at 32 labels are meant
        yield


@lru_cache(1)
def _libraries(imported: int) -> Any:
    """The libraries that have threads of their own, looked for again only where modules were imported meanwhile."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@dataclass(frozen=True)
class TrialOutcome:
    """A trial that succeeded: its record, and what `bench fit` makes a model of."""

    record: Record
    trial: Trial
    predict: Predictor
    test: corpus.Examples  # without its labels
    raw: NDArray[np.float32]  # what was predicted for the test set, [n_test, classes]


def run_or_raise(job: TrialSpec) -> TrialOutcome:
    """Run one trial in this thread; raises where it fails."""
    setting, record = job.setting, blank_record(job)
    began = time.perf_counter()
    data, split = open_data(setting.root, setting.target)
    strategy = Strategy(job.baseline, job.module, job.function)
    needs = strategy.needs()
    resources = resources_for(job.setting, job.seed if job.head_seed is None else job.head_seed, needs)
    trial = make_trial(data, split, setting.source.name, setting.target.name, job.budget, job.seed, job.head_seed,
                     balanced=setting.target.leading == "balanced_accuracy")
    if "glove" in needs:
        assert resources.vectors is not None
        resources.mean_vectors(trial.labelled)
    if "counts" in needs:
        resources.counts(trial.labelled.part(np.arange(0)))
    encode = resources.feature_seconds(data.corpus) if "features" in needs else 0.0
    encode = sentence_encoder.corpus_vectors(data.corpus)[1] if "sentences" in needs else encode
    learned = resources.base or resources.source_linear
    loaded = time.perf_counter()
    predict = getattr(strategy.load(), job.function)(trial, resources)
    fitted = time.perf_counter()
    test, truth = corpus.Examples(data.corpus, split.test), data.y[split.test]
    raw = predict(test)
    done = time.perf_counter()
    if raw.shape != (len(test), len(data.labels)):
        raise BenchError(f"{job.baseline} predicted {raw.shape}, expected {(len(test), len(data.labels))}")
    if not np.isfinite(raw).all():
        raise BenchError(f"{job.baseline} predicted NaN or infinite values", "did its training diverge?")
    stored = stored_predictions.quantise(raw)
    result = score(truth, stored_predictions.probabilities(stored))
    seconds = {"load": loaded - began, "encode": encode, "adapt": fitted - loaded, "predict": done - fitted,
               "pretrain": learned.seconds if learned else 0.0}
    record = replace(record, n_train=len(trial.labelled), n_test=len(test), **result,  # type: ignore[arg-type]
                     seconds={k: round(v, 4) for k, v in seconds.items()}, peak_bytes=peak_bytes(),
                     versions=dict(versions(setting.engine)), host=dict(host()),
                     leaks={"duplicates": split.duplicates, "exact": split.leaked, "near": split.near,
                            "source": setting.source_leaks},
                     predictions=stored_predictions.pack(truth, stored))
    return TrialOutcome(record, trial, predict, test, raw)


@lru_cache(8)  # a run over many targets must not keep them all
def open_data(root: Path, side: DataRef) -> tuple[Dataset, Split]:
    """A side's data and split; read from the cache once while a process works on it."""
    data = corpus.load(root, side.sha256, side.labels)
    if data is None:
        raise BenchError(f"{side.name} is no longer in the cache {root}", "run again; it is fetched anew")
    return data, saved_split(data, side.test, side.split_by, side.name)


@lru_cache(2)
def _base(root: Path, key: str) -> Base:
    base = load_base(root, key)
    if base is None:
        raise BenchError(f"the base {key} is no longer in the cache {root}", "run again; it is trained anew")
    return base


@lru_cache(2)
def _source(root: Path, source: DataRef, target: DataRef) -> corpus.Examples:
    data, split = open_data(root, source)
    theirs, their_split = open_data(root, target)
    return data.examples(without_test_texts(data, split, theirs, their_split.test).pool)


@lru_cache(2)
def _source_linear(root: Path, source: DataRef, target: DataRef) -> SourceLinear:
    return fit_source_linear(_source(root, source, target))


def resources_for(setting: TrialContext, seed: int, needs: frozenset[str]) -> Resources:
    """The resources of a trial: only what its baseline said that it needs."""
    source = _source(setting.root, setting.source, setting.target) if "source" in needs else None
    linear = _source_linear(setting.root, setting.source, setting.target) if "source-linear" in needs else None
    return Resources(
        engine(setting.engine), with_classes(setting.net, len(setting.target.labels)), setting.device, seed,
        _base(setting.root, setting.base) if "base" in needs else None,
        setting.vectors if needs & {"glove", "base"} else None,
        source, setting.source.labels == setting.target.labels, linear)


def prepare(setting: TrialContext, needs: frozenset[str]) -> None:
    """Compute what many trials share, before the first of them starts: features, counts, word vectors."""
    data, _ = open_data(setting.root, setting.target)
    resources = resources_for(setting, 0, needs - {"source"})
    if resources.vectors and needs & {"glove", "base"}:
        resources.vectors.of(data.corpus)
        if "glove" in needs:
            resources.mean_vectors(data.examples(np.arange(0)))
    if "base" in needs:
        resources.base_params(data.corpus)
    if "features" in needs:
        resources.feature_seconds(data.corpus)
    if "counts" in needs:
        from bench.learning.features import ngrams

        ngrams.counts(data.corpus)
    if resources.source_linear:
        resources.source_linear.columns_in(data.corpus)
    if "sentences" in needs:
        sentence_encoder.corpus_vectors(data.corpus)


class _scoring_threads:
    """Score on so many threads inside the block."""

    def __init__(self, engine_name: str, threads: int) -> None:
        self.setting = getattr(engine(engine_name), "THREADS", [0])
        self.threads = threads

    def __enter__(self) -> None:
        self.before, self.setting[0] = self.setting[0], self.threads

    def __exit__(self, *error: object) -> None:
        self.setting[0] = self.before
