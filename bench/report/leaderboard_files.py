"""Whole leaderboards as Markdown, CSV, LaTeX, HTML and JSON, and the files of a results folder that hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.analysis.calibration import Calibration
from bench.analysis.rankings import RankedBaseline
from bench.analysis.scores import Interval
from bench.analysis.study import Study
from bench.core.budget import Budget
from bench.core.files import save_text
from bench.core.names import TaskRef
from bench.report.advice import advice, notes
from bench.report.formats import FILES, csv_text, page, rendered
from bench.report.headline import headline
from bench.report.leaderboard_json import as_json
from bench.report.tables import compact, detail, labels_of

COLUMNS = ("target", "source", "net", "engine", "device", "baseline", "budget", "n_train", "n_test", "seeds_done",
           "seeds", "leading_score", "score", "score_low", "score_high", "score_sd", "auc", "auc_low", "auc_high",
           "accuracy", "balanced_accuracy", "rank", "best_share", "gain_points", "gain_low", "gain_high", "verdict",
           "gain_p_family", "worth_scratch", "worth_scratch_low", "worth_scratch_high", "worth_tfidf", "log_loss",
           "ece", "adapt_seconds", "behind_points", "behind_low", "behind_high", "source_gain_points",
           "source_gain_low", "source_gain_high", "level_with_best", "strategy", "settings", "strategy_sha256",
           "variant", "content_sha256", "source_sha256", "recipe", "draw", "fallbacks")


def whole(studies: Sequence[Study], form: str, sort: str = "") -> str:
    """Leaderboards as one text in a format, with their sentences."""
    if form == "md":
        return "\n".join(map(markdown, studies))
    if form == "csv":
        return csv(studies)
    if form == "json":
        return as_json(studies) + "\n"
    sections = [rendered(compact(s, sort), form, s.board.title, [*advice(s), *notes(s)], headline(s)) for s in studies]
    return page(sections) if form == "html" else "\n".join(sections)


def write(folder: Path, studies: Sequence[Study], forms: Sequence[str] = ("md", "csv")) -> list[Path]:
    """Write `leaderboards/TASK.md` and `.csv`, or other formats, for each task of the studies; returns the paths."""
    by_task: dict[str, list[Study]] = defaultdict(list)
    for study in studies:
        by_task[TaskRef.parse(study.board.target).task].append(study)
    return [save_text(folder / "leaderboards" / f"{task}.{FILES[form]}", whole(of_task, form))
            for task, of_task in by_task.items() for form in forms]


def markdown(study: Study) -> str:
    """A leaderboard as Markdown: the budgets side by side, the advice, then each budget in full."""
    text = rendered(compact(study), "md", study.board.title, [*advice(study), *notes(study)],
                    headline(study))
    for ranking in study.rankings:
        text += f"\n### {labels_of(study, ranking.budget)}\n\n" \
                + rendered(detail(study, ranking.budget), "md", "").removeprefix("## \n\n")
    return text


def csv(studies: Sequence[Study]) -> str:
    """All leaderboards as one CSV, one row per baseline and budget; infinite label equivalents are beyond the curve."""
    rows: list[list[Any]] = [list(COLUMNS)]
    for study in studies:
        board = study.board
        calibrations = {(c.baseline, c.budget): c for c in study.calibrations}
        ranked = {(ranking.budget, row.baseline): row for ranking in study.rankings for row in ranking.rows}
        rows += [_csv_row(study, name, b, ranked.get((b, name)), calibrations.get((name, b)))
                 for name in board.rows for b in board.budgets if board.cells[name, b].of]
    return csv_text(rows)


def _csv_row(study: Study, name: str, budget: Budget, row: RankedBaseline | None,
             calibration: Calibration | None) -> list[Any]:
    board = study.board
    cell = board.cells[name, budget]
    trial = [board.target, board.source, board.net, board.engine, board.device, name, budget, board.sizes[budget],
             board.n_test, cell.done, cell.of, board.leading]
    key = board.row_keys[name]
    identity = [key.strategy, key.settings, key.version, board.variant, board.content_sha256, board.key.source_sha256,
                key.recipe, board.key.draw, cell.fallbacks]
    if row is None:
        return [*trial, *[None] * (len(COLUMNS) - len(trial) - len(identity)), *identity]

    def bounds(interval: Interval | None) -> list[Any]:
        return [None] * 3 if interval is None else [interval.estimate, interval.low, interval.high]

    scratch, tfidf = study.label_equivalent(name, budget), study.label_equivalent(name, budget, "tfidf")
    return [*trial, *bounds(row.score), cell.spread, *bounds(row.auc), cell.accuracy, cell.balanced, row.rank, row.best,
            *bounds(row.gain), row.verdict, row.p, *bounds(scratch.labels if scratch else None),
            tfidf and tfidf.labels.estimate, calibration and calibration.log_loss, calibration and calibration.error,
            row.adapt, *bounds(row.behind), *bounds(row.gain_over_source), row.level_with_best, *identity]
