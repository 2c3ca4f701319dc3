"""All statistics of one leaderboard in one value, from which the report makes its tables, charts and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.boards import BoardRecords, boards_of
from bench.analysis.calibration import Calibration, calibration
from bench.analysis.curve_summary import CurveSummary, curve_summary
from bench.analysis.label_free import label_free_rows
from bench.analysis.leaderboard import Leaderboard, leaderboard_of
from bench.analysis.learning_curves import LabelEquivalent, Leader, label_equivalents, leaders
from bench.analysis.pairwise import differences_by_budget
from bench.analysis.predictions import TestPredictions, test_predictions
from bench.analysis.rankings import Ranking, rankings
from bench.analysis.variance import VarianceComponents, variance_components
from bench.core.budget import NO_LABELS, Budget, in_order
from bench.core.errors import BenchError
from bench.results.record import Record

REFERENCES = ("scratch", "tfidf")  # the strategies whose labels a label equivalent counts


@dataclass(frozen=True)
class Study:
    """One leaderboard with its statistics."""

    board: Leaderboard
    rankings: tuple[Ranking, ...]  # one per budget, the smallest first
    label_equivalents: tuple[LabelEquivalent, ...]
    leaders: tuple[Leader, ...]  # who leads, from few labels to many
    calibrations: tuple[Calibration, ...]
    variance_components: tuple[VarianceComponents, ...]
    predictions: tuple[TestPredictions, ...]
    left_out: tuple[str, ...]  # cells and records without statistics, and why
    chance: float  # score of always naming the largest class (for balanced accuracy, any class)
    summary: CurveSummary | None = None  # one verdict over all budgets
    label_free: tuple[str, ...] = ()  # rows that use no label of the target
    without_labels: Ranking | None = None  # with a budget of 0, also where the study is narrowed to other budgets

    def at(self, budget: Budget) -> Ranking | None:
        """The ranking at a budget."""
        return next((r for r in self.rankings if r.budget == budget), None)

    def label_equivalent(self, baseline: str, budget: Budget, reference: str = "scratch") -> LabelEquivalent | None:
        """The label equivalent of a baseline at a budget."""
        return next((e for e in self.label_equivalents
                     if (e.baseline, e.budget, e.reference) == (baseline, budget, reference)), None)


def studies(records: Sequence[Record]) -> list[Study]:
    """One study per leaderboard of the records."""
    return [study_of(board) for board in boards_of(records)]


def narrowed(study: Study, budgets: Sequence[Budget]) -> Study:
    """The study with those of its budgets that are named; its verdict over all budgets stays that over all."""
    kept = tuple(budget for budget in study.board.budgets if budget in budgets)
    return replace(study, board=replace(study.board, budgets=kept), leaders=(),
                   rankings=tuple(ranking for ranking in study.rankings if ranking.budget in kept))


def with_any_of(studies: Sequence[Study], budgets: Sequence[Budget]) -> tuple[list[Study], list[str]]:
    """The studies that have at least one of the budgets; and a line for each that lacks some, which says what there is.

    Raises `BenchError` where no study has any.
    """
    lines = []
    for study in studies:
        if lacks := [str(budget) for budget in budgets if budget not in study.board.budgets]:
            lines.append(f"{study.board.title}: no trials at {', '.join(lacks)} labels; "
                         f"there are: {', '.join(map(str, study.board.budgets))}")
    found = [study for study in studies if any(budget in study.board.budgets for budget in budgets)]
    if studies and not found:
        there = in_order(budget for study in studies for budget in study.board.budgets)
        raise BenchError(f"no trials at {', '.join(map(str, budgets))} labels",
                         f"there are: {', '.join(map(str, there))}")
    return found, lines


def with_one_zero(studies: Sequence[Study]) -> tuple[list[Study], list[Study]]:
    """The studies whose gains can be compared, since all are over the newest recipe of scratch here; and the others."""
    recipes = [s.board.row_keys[s.board.zero].recipe if s.board.zero else None for s in studies]
    newest = max((r for r in recipes if r is not None), default=1)
    return ([s for s, r in zip(studies, recipes, strict=True) if r == newest],
            [s for s, r in zip(studies, recipes, strict=True) if r not in (None, newest)])


def study_of(of_board: BoardRecords) -> Study:
    """The study of one leaderboard's records."""
    board, group = leaderboard_of(of_board), of_board.records
    predictions, left_out = test_predictions([r for r in group if not r.base_seed and r.head_seed is None])
    sizes = dict(board.sizes)
    equivalents = [e for reference in REFERENCES for e in label_equivalents(predictions, sizes, reference)]
    chance = 0.0
    if predictions:
        counts = np.bincount(predictions[0].truth)
        chance = float(counts.max() / counts.sum()) if board.leading == "accuracy" else 1.0 / int((counts > 0).sum())
    differences = differences_by_budget(predictions, sizes)
    ranked = tuple(rankings(differences, sizes))
    return Study(board, ranked, tuple(equivalents), tuple(leaders(predictions, sizes)),
                 tuple(map(calibration, predictions)), tuple(variance_components(group)), tuple(predictions),
                 tuple(left_out), chance, curve_summary(differences, sizes),
                 label_free_rows(predictions, board.row_keys),
                 next((ranking for ranking in ranked if ranking.budget == NO_LABELS), None))
