"""Fit one baseline on one target at one budget, and keep it as a folder that predicts new texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.core.errors import BenchError
from bench.data.user_file import columns_of, label_words
from bench.learning.models import folder
from bench.learning.models.model import Fitted
from bench.protocol.domain import Domain
from bench.protocol.split import NO_TEST
from bench.results.record import Record
from bench.runs import runner
from bench.runs.plan import TargetPlan
from bench.runs.trials import TrialSpec

AGREE = 1e-5  # at most so far a model's probabilities may lie from its predictor's on the test set
# What of a record stands in a model's card.
FACTS = ("task", "edition", "content_sha256", "source", "baseline", "settings", "net", "engine", "device", "budget",
         "seed", "base", "n_train", "n_test", "accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss", "seconds",
         "versions")


@dataclass(frozen=True)
class FitResult:
    """A model that was kept, and how it did on the test set."""

    folder: Path
    record: Record
    files: Mapping[str, int]  # bytes
    difference: float  # the largest between the model's and the predictor's probabilities on the test set


def trial_spec_for(found: TargetPlan, seed: int) -> TrialSpec:
    """The plan's one trial, at a seed; `BenchError` where the baseline cannot be used on this target."""
    if not found.jobs:
        raise BenchError(f"nothing to fit on {found.target.name}", "the reason stands above")
    return replace(found.jobs[0], seed=seed)


def fit(job: TrialSpec, out: Path, *, force: bool, target: Domain | None = None) -> FitResult:
    """Run the trial, score it, make its model, see that it agrees with the predictor, and keep it.

    The model of a user's file (`target`) answers in the file's own words and knows the columns that it was made from.
    """
    folder.check_free(out, force=force)
    with runner.one_thread(job.setting):
        done = runner.run_or_raise(job)
        if not isinstance(done.predict, Fitted):
            raise BenchError(f"{job.baseline} returns a predictor without a model, so it cannot be kept",
                             "its fit must return bench.model.Fitted (docs/adding-a-baseline.md)")
        model = done.predict.model()
        again = model.probabilities(done.test.texts())
    difference = float(np.abs(again - done.raw).max())
    if not difference <= AGREE:
        raise BenchError(f"{job.baseline}: its model's probabilities lie up to {difference:.2g} from its predictor's",
                         "it is not kept; the model must give what the predictor gives")
    record = without_scores(done.record) if job.setting.target.test == NO_TEST else done.record
    facts = {name: getattr(record, name) for name in FACTS}
    words = label_words(target.edition.routes[0]) if target else ()
    if target and (columns := columns_of(target.edition.routes[0])):
        facts |= {"columns": columns, "classes": list(done.trial.labels)}
    names = tuple(words[label] for label in done.trial.labels) if words else done.trial.labels
    folder.save(out, model, names, facts, force=force)
    return FitResult(out, record, {p.name: p.stat().st_size for p in sorted(out.iterdir())}, difference)


def without_scores(record: Record) -> Record:
    """The record of a trial that trained on every text: what it scored on some of them means nothing."""
    return replace(record, n_test=0, accuracy=None, balanced_accuracy=None, macro_f1=None, auc=None, log_loss=None)


def summary(record: Record) -> str:
    """One line: what was fitted on what, and how good it is."""
    if not record.n_test:
        return (f"{record.baseline} on {record.task}@{record.edition}, every one of {record.n_train:,} labels: no test "
                f"set was kept, so no score is known; fitted in {record.seconds['adapt']:.1f} s")
    auc = "" if record.auc is None else f", AUC {record.auc:.3f}"
    many = f"all {record.n_train:,}" if record.budget == "full" else f"{record.n_train:,}"
    return (f"{record.baseline} on {record.task}@{record.edition}, {many} labels, seed {record.seed}: accuracy "
            f"{record.accuracy:.3f}{auc} on the test set of {record.n_test:,} texts; fitted in "
            f"{record.seconds['adapt']:.1f} s")
