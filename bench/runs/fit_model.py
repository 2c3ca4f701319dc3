"""Fit one baseline on one target at one budget, and save it as a folder that predicts new texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.core.budget import FULL, budget_in_words
from bench.core.errors import BenchError
from bench.data.cards import Route
from bench.data.user_file import columns_of, label_words
from bench.learning.models import folder
from bench.learning.models.model import Fitted
from bench.protocol.domain import Domain
from bench.protocol.split import NO_TEST
from bench.results.members import in_words, listed
from bench.results.record import Record
from bench.runs import failures, isolation, runner
from bench.runs.plan import TargetPlan
from bench.runs.trials import TrialSpec

TOLERANCE = 1e-5  # largest difference between a model's probabilities and its predictor's on the test set
# Fields of the record that stand in the model's card.
FACTS = ("task", "edition", "content_sha256", "source", "baseline", "settings", "net", "engine", "device", "budget",
         "draw", "seed", "base", "members", "without", "n_train",
         "n_test", "accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss",
         "seconds", "versions")


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
    if len(rows := dict.fromkeys(spec.strategy.row for spec in target_plan.specs)) > 1:
        raise BenchError(f"--set makes several strategies: {', '.join(rows)}", "a model is of one; bench run compares "
                         "them")
    return replace(target_plan.specs[0], seed=seed)


def fit(spec: TrialSpec, out: Path, *, force: bool, target: Domain | None = None) -> FitResult:
    """Run a trial, make its model, check that the model agrees with the trial's predictions, and save it.

    The model of a user's file (`target`) answers in the file's own words and knows the columns that it was made from.
    """
    folder.check_free(out, force=force)
    route = target.edition.routes[0] if target else None
    if not spec.strategy.outside:
        return _fit(spec, out, route, force=force)
    try:
        result: FitResult = isolation.call(_fit_outside, spec, out, route, force)
    except isolation.ProcessDied as error:
        raise BenchError(f"{spec.strategy.name}: {error}") from None
    return result


def _fit_outside(spec: TrialSpec, out: Path, route: Route | None, force: bool) -> FitResult:
    runner.begin_outside(spec)
    try:
        return _fit(spec, out, route, force=force)
    except BenchError:
        raise
    except BaseException as error:  # of code from outside
        refusal = BenchError(f"{spec.strategy.name}: {failures.reason_of(error, spec.strategy.code())}")
        refusal.details = failures.full(error)
        raise refusal from None


def _fit(spec: TrialSpec, out: Path, route: Route | None, *, force: bool) -> FitResult:
    with runner.one_thread(spec.context):
        fitted = runner.fit_and_predict(spec)
        if not isinstance(fitted.predict, Fitted):
            raise BenchError(f"{spec.strategy.name} returns a predictor without a model, so it cannot be saved",
                             "its fit must return bench.api.Fitted (docs/adding-a-baseline.md)")
        model = fitted.predict.model()
        probabilities = model.probabilities(fitted.test.texts())
        record = runner.record_of(spec, fitted.predictions)
    difference = float(np.abs(probabilities - fitted.predictions.probabilities).max())
    if not difference <= TOLERANCE:
        raise BenchError(f"{spec.strategy.name}: its model's probabilities differ from its predictor's by up to "
                         f"{difference:.2g}", "it is not saved; the model must predict what the predictor predicts")
    record = without_scores(record) if spec.context.target.test == NO_TEST else record
    facts = {name: getattr(record, name) for name in FACTS}
    words = label_words(route) if route else ()
    if route and (columns := columns_of(route)):
        facts |= {"columns": columns, "classes": list(fitted.trial.labels)}
    labels = tuple(words[label] for label in fitted.trial.labels) if words else fitted.trial.labels
    folder.save(out, model, labels, facts, force=force)
    sizes = {path.name: path.stat().st_size for path in sorted(out.iterdir())}
    return FitResult(out, record, sizes, difference)


def without_scores(record: Record) -> Record:
    """The record of a trial that trained on every text: what it scored on some of them means nothing."""
    return replace(record, n_test=0, accuracy=None, balanced_accuracy=None, macro_f1=None, auc=None, log_loss=None)


def summary(record: Record) -> str:
    """One line: what was fitted on what, and how good it is."""
    if not record.n_test:
        return (f"{record.row} on {record.target}, every one of {record.n_train:,} labels: no test "
                f"set was kept, so no score is known; fitted in {record.seconds['adapt']:.1f} s{_made_of(record)}")
    auc = "" if record.auc is None else f", AUC {record.auc:.3f}"
    drawn = " drawn at random" if record.draw == "random" and record.budget != FULL else ""
    shares = "; all of them are of one class, so the class shares are predicted" if record.fallback else ""
    labels = f"{budget_in_words(record.budget, record.n_train)}{drawn}{shares}"
    return (f"{record.row} on {record.target}, {labels}, seed {record.seed}: accuracy "
            f"{record.accuracy:.3f}{auc} on the test set of {record.n_test:,} texts; fitted in "
            f"{record.seconds['adapt']:.1f} s{_made_of(record)}")


def _made_of(record: Record) -> str:
    """What a strategy that combines others is made of, as the rest of a sentence."""
    lacks = f", without {listed(record.without)}, which needs what is not installed or found here" \
        if record.without else ""
    return f"; {record.baseline} is {in_words(record.members)}{lacks}" if record.members else ""
