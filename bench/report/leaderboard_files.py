"""Whole leaderboards as Markdown, CSV, LaTeX, HTML and JSON, and the files of a results folder that hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.analysis.study import Study
from bench.core.files import save_text
from bench.core.names import TaskRef
from bench.report import columns, latex
from bench.report.advice import advice, notes
from bench.report.formats import FILES, csv_text, page, parquet_bytes, rendered
from bench.report.headline import headline
from bench.report.leaderboard_json import as_json
from bench.report.leaderboard_rows import COLUMNS, rows
from bench.report.tables import compact, detail, labels_of


def whole(studies: Sequence[Study], form: str, sort: str = "", names: Sequence[str] = ()) -> str:
    """Leaderboards as one text in a format, with their sentences; `names` chooses columns where that is possible."""
    if form == "csv":
        return csv(studies, names)
    if form == "json":
        return as_json(studies) + "\n"
    if form == "latex":
        return latex_tables(studies, sort, names)
    if form == "md" and not names:
        return "\n".join(map(markdown, studies))
    sections = [section(s, form, sort, names) for s in studies]
    return page(sections) if form == "html" else "\n".join(sections)


def section(study: Study, form: str, sort: str = "", names: Sequence[str] = ()) -> str:
    """One leaderboard in a format, with its sentences."""
    table = columns.table(study, columns.of_text(names, form, study), sort) if names else compact(study, sort)
    return rendered(table, form, study.board.title, [*advice(study), *notes(study)], headline(study))


def latex_tables(studies: Sequence[Study], sort: str = "", names: Sequence[str] = ()) -> str:
    """A LaTeX table per leaderboard, each with a caption and a label of its own; the sentences are comments."""
    labels = latex.labels([study.board.title for study in studies])
    return "\n".join(latex.leaderboard(study, columns.of_text(names, "latex", study), sort,
                                       [*headline(study), *advice(study), *notes(study)], label)
                     for study, label in zip(studies, labels, strict=True))


def write(folder: Path, studies: Sequence[Study], forms: Sequence[str] = ("md", "csv")) -> list[Path]:
    """Write `leaderboards/TASK.md` and `.csv`, or other formats, for each task of the studies; returns the paths."""
    by_task: dict[str, list[Study]] = defaultdict(list)
    for study in studies:
        by_task[TaskRef.parse(study.board.target).task].append(study)
    return [save_text(folder / "leaderboards" / f"{task}.{FILES[form]}", whole(of_task, form))
            for task, of_task in by_task.items() for form in forms]


def markdown(study: Study) -> str:
    """A leaderboard as Markdown: the budgets side by side, the advice, then each budget in full."""
    text = section(study, "md")
    for ranking in study.rankings:
        text += f"\n### {labels_of(study, ranking.budget)}\n\n" \
                + rendered(detail(study, ranking.budget), "md", "").removeprefix("## \n\n")
    return text


def csv(studies: Sequence[Study], names: Sequence[str] = ()) -> str:
    """All leaderboards as one CSV, one row per baseline and budget; what is unknown or infinite is an empty cell."""
    chosen = columns.of_data(names, "csv")
    return csv_text([chosen, *([row[name] for name in chosen] for row in _rows(studies))])


def parquet(studies: Sequence[Study], names: Sequence[str] = ()) -> bytes:
    """The same as a Parquet file; what is unknown or infinite is null, and a budget is text: 128 or full."""
    return parquet_bytes(columns.of_data(names, "parquet"), _rows(studies))


def _rows(studies: Sequence[Study]) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, values, strict=True)) for values in rows(studies)]
