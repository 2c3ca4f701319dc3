"""Leaderboards as one tidy table: a row per baseline and budget, under the names that every format uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.analysis.calibration import Calibration
from bench.analysis.rankings import RankedBaseline
from bench.analysis.scores import Interval
from bench.analysis.study import Study
from bench.core.budget import Budget

COLUMNS = ("target", "source", "net", "engine", "device", "baseline", "budget", "n_train", "n_test", "seeds_done",
           "seeds", "leading_score", "score", "score_low", "score_high", "score_sd", "auc", "auc_low", "auc_high",
           "accuracy", "balanced_accuracy", "rank", "best_share", "gain_points", "gain_low", "gain_high", "verdict",
           "gain_p_family", "worth_scratch", "worth_scratch_low", "worth_scratch_high", "worth_tfidf", "log_loss",
           "ece", "adapt_seconds", "behind_points", "behind_low", "behind_high", "source_gain_points",
           "source_gain_low", "source_gain_high", "level_with_best", "strategy", "settings", "strategy_sha256",
           "variant", "content_sha256", "source_sha256", "recipe", "draw", "fallbacks", "worth_words")


def rows(studies: Sequence[Study]) -> list[list[Any]]:
    """The values of `COLUMNS` for each baseline and budget of all leaderboards."""
    values: list[list[Any]] = []
    for study in studies:
        board = study.board
        calibrations = {(c.baseline, c.budget): c for c in study.calibrations}
        ranked = {(ranking.budget, row.baseline): row for ranking in study.rankings for row in ranking.rows}
        values += [_row(study, name, b, ranked.get((b, name)), calibrations.get((name, b)))
                   for name in board.rows for b in board.budgets if board.cells[name, b].of]
    return values


def _row(study: Study, name: str, budget: Budget, row: RankedBaseline | None,
         calibration: Calibration | None) -> list[Any]:
    board = study.board
    cell = board.cells[name, budget]
    trial = [board.target, board.source, board.net, board.engine, board.device, name, budget, board.sizes[budget],
             board.n_test, cell.done, cell.of, board.leading]
    key = board.row_keys[name]
    identity = [key.strategy, key.settings, key.version, board.variant, board.content_sha256, board.key.source_sha256,
                key.recipe, board.key.draw, cell.fallbacks]
    if row is None:
        return [*trial, *[None] * (len(COLUMNS) - len(trial) - len(identity) - 1), *identity, ""]

    def bounds(interval: Interval | None) -> list[Any]:
        return [None] * 3 if interval is None else [interval.estimate, interval.low, interval.high]

    scratch, tfidf = study.label_equivalent(name, budget), study.label_equivalent(name, budget, "tfidf")
    return [*trial, *bounds(row.score), cell.spread, *bounds(row.auc), cell.accuracy, cell.balanced, row.rank, row.best,
            *bounds(row.gain), row.verdict, row.p, *bounds(scratch.labels if scratch else None),
            tfidf and tfidf.labels.estimate, calibration and calibration.log_loss, calibration and calibration.error,
            row.adapt, *bounds(row.behind), *bounds(row.gain_over_source), row.level_with_best, *identity,
            scratch.in_words() if scratch else ""]
