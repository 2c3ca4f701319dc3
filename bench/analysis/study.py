"""Everything that the records of one leaderboard can say, in values: the report and the formats draw from these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.calibration import Calibration, calibration
from bench.analysis.compare import Standing, standings
from bench.analysis.leaderboard import Board, board_of, grouped
from bench.analysis.learning_curves import LabelEquivalents, Leader, label_equivalents, leaders
from bench.analysis.predictions import TestPredictions, test_predictions
from bench.analysis.variance import VarianceShares, variance_shares
from bench.core.budget import Budget
from bench.results.record import Record

REFERENCES = ("scratch", "tfidf")  # whose labels a label-equivalent counts


@dataclass(frozen=True)
class Study:
    """One leaderboard with its statistics."""

    board: Board
    standings: tuple[Standing, ...]  # one a budget
    worths: tuple[LabelEquivalents, ...]  # label-equivalents
    reigns: tuple[Leader, ...]  # who leads from how many labels on
    calibrations: tuple[Calibration, ...]
    splits: tuple[VarianceShares, ...]  # of the variance
    sheets: tuple[TestPredictions, ...]
    left_out: tuple[str, ...]  # cells and records without statistics, and why
    chance: float  # what naming the largest class (or for balanced accuracy any class) scores

    def at(self, budget: Budget) -> Standing | None:
        """The standing at a budget."""
        return next((s for s in self.standings if s.budget == budget), None)

    def worth(self, baseline: str, budget: Budget, reference: str = "scratch") -> LabelEquivalents | None:
        """A label-equivalent."""
        return next((w for w in self.worths if (w.baseline, w.budget, w.reference) == (baseline, budget, reference)),
                    None)


def studies(records: Sequence[Record]) -> list[Study]:
    """One study for each leaderboard of the records."""
    return [study_of(group) for group in grouped(records)]


def study_of(group: list[Record]) -> Study:
    """The study of one leaderboard's records."""
    board = board_of(group)
    main = [r for r in group if not r.base_seed and r.head_seed is None]
    found, left_out = test_predictions(main)
    sizes = dict(board.sizes)
    worth = [w for reference in REFERENCES for w in label_equivalents(found, sizes, reference)]
    chance = 0.0
    if found:
        counts = np.bincount(found[0].truth)
        chance = float(counts.max() / counts.sum()) if board.leading == "accuracy" else 1.0 / int((counts > 0).sum())
    return Study(board, tuple(standings(found, sizes)), tuple(worth), tuple(leaders(found, sizes)),
                 tuple(map(calibration, found)), tuple(variance_shares(group)), tuple(found), tuple(left_out), chance)
