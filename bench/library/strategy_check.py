"""A strategy tried on made-up texts: what it can do, and what it lacks of what a run asks of it, in plain words."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.baselines import BASELINES
from bench.core.budget import FULL, NO_LABELS, Budget, Draw, budget_in_words
from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.library import made_up_texts
from bench.library.fit import fit_one
from bench.library.made_up_texts import EVEN, NEW, SOURCE, UNEVEN
from bench.library.model import load
from bench.library.progress import Progress, progress_for
from bench.protocol.domain import Domain
from bench.results import stored_predictions
from bench.results.record import Record
from bench.runs import executor, needs, plan, processes, registry
from bench.runs.options import Options
from bench.runs.registry import Strategy

FEW = 16  # labels
TOO_FEW = 6  # labels of a draw that misses a class
SAME = 1e-3  # the largest difference between two probabilities that are taken as equal
GUESSING = 0.5  # the score of guessing on the even task
BACKWARDS = 0.35  # a lower one comes from columns in another order
KINDS = {EVEN: "two classes of equal size", UNEVEN: "one text in ten is negative",
         NEW: "three labels that the source does not have, one of them rare"}


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: whether it is right, and what was seen."""

    name: str
    passed: bool
    text: str
    optional: bool = False  # a run works without it


@dataclass(frozen=True)
class OnTarget:
    """The trials of the strategy on one made-up task."""

    target: Domain
    records: tuple[Record, ...]


class Trials:
    """Runs of one strategy on the made-up tasks; each run has a results folder of its own."""

    def __init__(self, options: Options, folder: Path, progress: Progress) -> None:
        self.options, self.folder, self.progress = options, folder, progress
        self.runs = 0

    def run(self, targets: Sequence[str], budgets: Sequence[Budget], draw: Draw = "stratified",
            variant: int = 0) -> list[OnTarget]:
        """The results of the targets on which the strategy can run."""
        self.runs += 1
        cards = made_up_texts.write(self.folder / f"tasks-{variant}", variant)
        options = replace(self.options, targets=tuple(targets), budgets=tuple(budgets), draw=draw, tasks=(cards,),
                          data_dir=cards, results_dir=self.folder / f"results-{self.runs}")
        say, training = self.progress.say, self.progress.training
        with executor.executor(options, say) as execute:
            return [OnTarget(planned.target, tuple(plan.execute(planned, execute)))
                    for planned in plan.plan(options, BASELINES, say, training, progress=False) if planned.specs]


def check(name: str, options: Options, settings: Sequence[str] = ()) -> tuple[Strategy, list[Finding]]:
    """Try the strategy of this name, file or module on made-up texts, with the cache and machine of `options`.

    Raises `BenchError` where it cannot be imported, or asks for what the suite does not know or cannot find here.
    """
    (strategy, *others) = registry.installed((name,), BASELINES, lambda text: None, options.engine, settings)
    if others:
        raise BenchError(f"{name!r} names several strategies", "check one after the other")
    with tempfile.TemporaryDirectory(prefix="bench-check-") as folder, processes.no_server_left(), \
            progress_for(False) as progress:
        trials = Trials(replace(options, baselines=(name,), source=SOURCE, seeds=1, epochs=1,
                                settings=tuple(settings)), Path(folder), progress)
        return strategy, _findings(strategy, trials)


def _findings(strategy: Strategy, trials: Trials) -> list[Finding]:
    no_labels = needs.can_use_no_labels(strategy.needs())
    budgets: list[Budget] = [*([NO_LABELS] if no_labels else []), FEW, FULL]
    first = trials.run(list(KINDS), budgets)
    if not first:
        raise BenchError(f"{strategy.name} can run on none of the made-up tasks", "; ".join(trials.progress.notes[-3:]))
    records = {(record.task, record.budget): record for result in first for record in result.records}
    findings = [_learned(records, task, budgets) for task in KINDS if any(of == task for of, _ in records)]
    if not no_labels:
        findings.append(Finding("no labels", True, "left out of --budgets 0; put no-labels into NEEDS if it can do "
                                                   "without labels", optional=True))
    if any(not finding.passed for finding in findings):
        return [*findings, Finding("the rest", False, "not tried, since trials failed: mend these first")]
    tasks = [result.target.task.name for result in first]
    repeats = _repeats(trials, tasks, records)
    findings += [_order(records), _missing_class(trials, tasks), repeats]
    if repeats.passed:  # else any two runs differ
        findings.append(_test_texts(trials, tasks, first))
    return [*findings, _model(strategy, trials, tasks)]


def _learned(records: dict[tuple[str, Budget], Record], task: str, budgets: Sequence[Budget]) -> Finding:
    """Whether every budget gave probabilities of every class for every test text."""
    of_task = [records[task, budget] for budget in budgets if (task, budget) in records]
    failed = [record for record in of_task if record.status != "ok"]
    if failed:
        return Finding(KINDS[task], False, f"with {budget_in_words(failed[0].budget, 0)}: {failed[0].error}")
    scores = ", ".join(f"{getattr(record, record.leading):.2f} with {budget_in_words(record.budget, record.n_train)}"
                       for record in of_task)
    return Finding(KINDS[task], True, f"score {scores}")


def _order(records: dict[tuple[str, Budget], Record]) -> Finding:
    """Whether the columns can be those of the classes in order: on these easy texts nothing learns to be wrong."""
    scores = {task: record.balanced_accuracy or 0.0 for (task, budget), record in records.items() if budget == FULL}
    worst = min(scores, key=lambda task: scores[task])
    if scores[worst] < BACKWARDS * (2 / 3 if worst == NEW else 1):
        return Finding("columns in the order of trial.labels", False,
                       f"balanced accuracy {scores[worst]:.2f} on {KINDS[worst]}, far worse than guessing: column i of "
                       "what predict returns must be class i of trial.labels")
    learned = max(scores.values()) > GUESSING + 0.1
    return Finding("columns in the order of trial.labels", True,
                   "yes" if learned else "it learns nothing on texts that TF-IDF tells apart; is that meant?")


def _missing_class(trials: Trials, tasks: Sequence[str]) -> Finding:
    """Whether it copes with labelled texts that lack a class, or have one text of it."""
    name = "labels drawn at random, a class missing"
    results = trials.run([task for task in (UNEVEN, NEW) if task in tasks] or tasks, [TOO_FEW, FEW], "random")
    failed = [record for result in results for record in result.records if record.status != "ok"]
    return Finding(name, not failed, f"with labelled texts that lack a class, or have one text of it: {failed[0].error}"
                   if failed else "yes")


def _repeats(trials: Trials, tasks: Sequence[str], before: dict[tuple[str, Budget], Record]) -> Finding:
    """Whether the same trial gives the same bits again, in another process."""
    name = "the same seed gives the same predictions"
    for result in trials.run(tasks, [FEW]):
        for record in result.records:
            if record.predictions != before[record.task, FEW].predictions:
                return Finding(name, False, f"two runs of one trial differ ({KINDS[record.task]}): derive all "
                                            "randomness from trial.seed, such as random_state=trial.seed")
    return Finding(name, True, "yes, in another process too")


def _test_texts(trials: Trials, tasks: Sequence[str], before: Sequence[OnTarget]) -> Finding:
    """Whether a prediction stays the same where half of the other test texts are others."""
    name = "no look at other test texts"
    task = EVEN if EVEN in tasks else tasks[0]
    (again,) = trials.run([task], [FEW], variant=1)
    first, other = (_by_text(result, FEW) for result in (next(r for r in before if r.target.task.name == task), again))
    shared = [text for text in first if text in other]
    difference = max(float(np.abs(first[text] - other[text]).max()) for text in shared)
    return Finding(name, difference <= SAME, "yes" if difference <= SAME else
                   f"with other test texts beside it, the probability of a text changes by up to {difference:.2f}: "
                   "fit must learn from trial.labelled and trial.unlabelled alone, not from the whole corpus, and "
                   "predict must not depend on the texts beside one")


def _by_text(result: OnTarget, budget: Budget) -> dict[str, NDArray[np.float32]]:
    """The probabilities of each test text, by the text."""
    record = next(record for record in result.records if record.budget == budget)
    _, probabilities = stored_predictions.unpack(record.predictions)
    domain = result.target
    return dict(zip(Examples(domain.data.corpus, domain.split.test).texts(), probabilities, strict=True))


def _model(strategy: Strategy, trials: Trials, tasks: Sequence[str]) -> Finding:
    """Whether it makes a model that `bench fit` can save, and that predicts the same when it is loaded again."""
    name, task = "a model for bench fit", EVEN if EVEN in tasks else tasks[0]
    cards = trials.folder / "tasks-0"
    options = replace(trials.options, targets=(task,), budgets=(FULL,), tasks=(cards,), data_dir=cards)
    out = trials.folder / "model"
    try:
        fit_one(options, out, trials.progress, seed=0, force=False)
        load(out).predict_proba(["the room was wonderful and clean"])
    except BenchError as error:
        without = "without a model" in error.message
        told = "none: bench run works without; to save it, fit returns bench.api.Fitted" if without else str(error)
        return Finding(name, without, told, optional=without)
    return Finding(name, True, "saved, loaded, and it predicts the same")
