"""Fit one baseline on one target at one budget, and save it as a folder that predicts new texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.core.budget import budget_in_words
from bench.core.errors import BenchError
from bench.learning.models import folder
from bench.learning.models.model import Fitted
from bench.results.record import Record
from bench.runs import runner
from bench.runs.plan import TargetPlan
from bench.runs.trials import TrialSpec

TOLERANCE = 1e-5  # largest difference between a model's probabilities and its predictor's on the test set
# Fields of the record that stand in the model's card.
FACTS = ("task", "edition", "content_sha256", "source", "baseline", "settings", "net", "engine", "device", "budget",
         "seed", "base", "n_train", "n_test", "accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss", "seconds",
         "versions")


@dataclass(frozen=True)
class FitResult:
    """A model that was saved, and how good it is on the test set."""

    folder: Path
    record: Record
    files: Mapping[str, int]  # bytes
    difference: float  # the largest between the model's and the predictor's probabilities on the test set


def trial_spec_for(target_plan: TargetPlan, seed: int) -> TrialSpec:
    """The plan's one trial, at a seed; `BenchError` where the baseline cannot be used on this target."""
    if not target_plan.specs:
        raise BenchError(f"nothing to fit on {target_plan.target.name}", "see the reason above")
    return replace(target_plan.specs[0], seed=seed)


def fit(spec: TrialSpec, out: Path, *, force: bool) -> FitResult:
    """Run a trial, make its model, check that the model agrees with the trial's predictions, and save it."""
    folder.check_free(out, force=force)
    with runner.one_thread(spec.context):
        outcome = runner.run_or_raise(spec)
        if not isinstance(outcome.predict, Fitted):
            raise BenchError(f"{spec.strategy.name} returns a predictor without a model, so it cannot be saved",
                             "its fit must return bench.api.Fitted (docs/adding-a-baseline.md)")
        model = outcome.predict.model()
        probabilities = model.probabilities(outcome.test.texts())
    difference = float(np.abs(probabilities - outcome.probabilities).max())
    if not difference <= TOLERANCE:
        raise BenchError(f"{spec.strategy.name}: its model's probabilities differ from its predictor's by up to "
                         f"{difference:.2g}", "it is not saved; the model must predict what the predictor predicts")
    facts = asdict(outcome.record)
    folder.save(out, model, outcome.trial.labels, {name: facts[name] for name in FACTS}, force=force)
    sizes = {path.name: path.stat().st_size for path in sorted(out.iterdir())}
    return FitResult(out, outcome.record, sizes, difference)


def summary(record: Record) -> str:
    """One line: what was fitted on what, and how good it is."""
    auc = "" if record.auc is None else f", AUC {record.auc:.3f}"
    labels = budget_in_words(record.budget, record.n_train)
    return (f"{record.baseline} on {record.target}, {labels}, seed {record.seed}: accuracy "
            f"{record.accuracy:.3f}{auc} on the test set of {record.n_test:,} texts; fitted in "
            f"{record.seconds['adapt']:.1f} s")
