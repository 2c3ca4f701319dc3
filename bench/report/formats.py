"""Tables as text: terminal, Markdown, CSV, LaTeX, HTML and JSON, everything escaped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis.compare import Row
from bench.analysis.study import Study
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.core.files import save_text
from bench.core.names import TaskRef
from bench.report.advice import advice, notes
from bench.report.tables import Table, compact, detail, labels_of

FILES = {"md": "md", "csv": "csv", "latex": "tex", "html": "html", "json": "json"}  # formats and their files' endings


FORMATS = ("table", *FILES)


JSON_SCHEMA = "transferbench-leaderboard-1"


def plain(table: Table, width: int = 120) -> str:
    """For a terminal: as many groups of columns side by side as fit `width`, the others below.

    The gap between groups is three spaces, or one where a group alone is too wide with three.
    """
    table = replace(table, body=tuple(tuple(map(_shown, row)) for row in table.body))
    sizes = [max(len(r[i]) for r in (table.head, *table.body)) for i in range(len(table.head))]
    groups, at = [], 1
    for name, count in table.groups or (("", len(table.head) - 1),):
        columns = list(range(at, at + count))
        groups.append((name, columns, max(sum(sizes[i] + 1 for i in columns) - 1, len(name))))
        at += count
    gap = 3 if sizes[0] + 3 + max(own for _, _, own in groups) <= width else 1
    blocks: list[list[tuple[str, list[int]]]] = [[]]
    used = sizes[0]
    for name, columns, own in groups:
        if blocks[-1] and used + gap + own > width:
            blocks.append([])
            used = sizes[0]
        blocks[-1].append((name, columns))
        used += gap + own
    return "\n\n".join(_block(table, block, sizes, " " * gap) for block in blocks)


def _shown(text: str) -> str:
    """Names may hold escape sequences: they are shown, not obeyed."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _block(table: Table, block: list[tuple[str, list[int]]], sizes: list[int], gap: str) -> str:
    lines = []
    if table.groups:
        heads = [name.center(sum(sizes[i] + 1 for i in columns) - 1) for name, columns in block]
        lines.append(gap.join(["".ljust(sizes[0]), *heads]).rstrip())
    for row in (table.head, *table.body):
        parts = [" ".join(_pad(table, i, row[i], sizes[i]) for i in columns) for _, columns in block]
        lines.append(gap.join([row[0].ljust(sizes[0]), *parts]).rstrip())
    return "\n".join(lines)


def _pad(table: Table, column: int, text: str, size: int) -> str:
    words = table.head[column] in ("baseline", "first", "second")
    return text.ljust(size) if words or "[" in text else text.rjust(size)


def rendered(table: Table, form: str, title: str, lines: Sequence[str] = ()) -> str:
    """A table as Markdown, LaTeX (booktabs), HTML or CSV, with its title and sentences."""
    from tabulate import tabulate

    head, body = table.flat(), [list(row) for row in table.body]
    if form == "csv":
        return _csv([head, *body])
    if form == "md":
        safe = [[_one_line(cell).replace("|", "\\|") for cell in row] for row in [head, *body]]
        text = tabulate(safe[1:], safe[0], tablefmt="github", disable_numparse=True)
        said = "\n".join(f"- {_one_line(line)}" for line in lines)
        return f"## {title}\n\n{text}\n" + (f"\n{said}\n" if said else "")
    if form == "latex":
        said = "\n\n".join(_latex(line) for line in lines)
        rows = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in [head, *body]]
        columns = "l" * len(head)
        return "\n".join([f"% needs \\usepackage{{booktabs}}; {_one_line(title)}", rf"\begin{{tabular}}{{{columns}}}",
                          r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule", r"\end{tabular}", "", said, ""])
    if form == "html":
        from html import escape

        text = tabulate(body, head, tablefmt="html", disable_numparse=True)
        said = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
        return f"<section>\n<h2>{escape(title)}</h2>\n{text}\n{said}</section>\n"
    raise BenchError(f"unknown format {form!r}", ", ".join(FORMATS))


def page(sections: Sequence[str]) -> str:
    """HTML sections as one page."""
    style = "body{font-family:sans-serif;margin:2em}td,th{padding:.2em .6em;text-align:left;white-space:nowrap}"
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Leaderboards</title>'
            f"<style>{style}</style></head>\n<body>\n{''.join(sections)}</body></html>\n")


LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
         "▲": r"$\uparrow$", "▼": r"$\downarrow$", "–": "--", "…": r"\ldots{}", "±": r"$\pm$", "·": r"$\cdot$",
         "×": r"$\times$", "²": r"$^2$", "[": "{[}", "]": "{]}"}


def _latex(text: str) -> str:
    return "".join(LATEX.get(c, c) for c in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def markdown(study: Study) -> str:
    """A leaderboard as Markdown: the budgets side by side, the advice, then each budget in full."""
    text = rendered(compact(study), "md", study.board.title, [*advice(study), *notes(study)])
    for standing in study.standings:
        text += f"\n### {labels_of(study, standing.budget)}\n\n" \
                + rendered(detail(study, standing.budget), "md", "").removeprefix("## \n\n")
    return text


COLUMNS = ("target", "source", "net", "engine", "device", "baseline", "budget", "n_train", "n_test", "seeds_done",
           "seeds", "leading_score", "score", "score_low", "score_high", "score_sd", "auc", "auc_low", "auc_high",
           "accuracy", "balanced_accuracy", "rank", "best_share", "gain_points", "gain_low", "gain_high", "verdict",
           "gain_p_holm", "worth_scratch", "worth_scratch_low", "worth_scratch_high", "worth_tfidf", "log_loss", "ece",
           "adapt_seconds")


RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv(found: Sequence[Study]) -> str:
    """All leaderboards as one CSV, a line a baseline and budget; infinite label-equivalents are beyond the curve."""
    rows: list[list[Any]] = [list(COLUMNS)]
    for study in found:
        board = study.board
        believed = {(c.baseline, c.budget): c for c in study.calibrations}
        own = {(s.budget, r.baseline): r for s in study.standings for r in s.rows}
        for name in board.rows:
            for b in board.budgets:
                rows.append(_csv_row(study, name, b, own.get((b, name)), believed.get((name, b))))
    return _csv(rows)


def _csv_row(study: Study, name: str, b: Budget, r: Row | None, sure: Any) -> list[Any]:
    board = study.board
    c = board.cells[name, b]
    who = [board.target, board.source, board.net, board.engine, board.device, name, b, board.sizes[b], board.n_test,
           c.done, c.of, board.leading]
    if r is None:
        return [*who, *[None] * (len(COLUMNS) - len(who))]

    def bounds(found: Any) -> list[Any]:
        return [None] * 3 if found is None else [found.estimate, found.low, found.high]

    worth, other = study.worth(name, b), study.worth(name, b, "tfidf")
    return [*who, *bounds(r.score), c.spread, *bounds(r.auc), c.accuracy, c.balanced, r.rank, r.best, *bounds(r.gain),
            r.verdict, r.p, *bounds(worth and worth.labels), other and other.labels.estimate,
            sure and sure.log_loss, sure and sure.error, r.adapt]


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    import csv as writer
    import io

    out = io.StringIO()
    w = writer.writer(out, lineterminator="\n")
    for row in rows:
        w.writerow([_inert(v) for v in row])
    return out.getvalue()


def _inert(value: object) -> object:
    """A cell that a spreadsheet would run is quoted."""
    if isinstance(value, float):
        return round(value, 6)
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \n")[:1] in RUN_BY_SPREADSHEETS else value


def as_json(found: Sequence[Study], extra: dict[str, Any] | None = None) -> str:
    """Everything as one JSON object that `bench/report/leaderboard.schema.json` describes; what is infinite is null."""
    boards = []
    for study in found:
        b = study.board
        cells = [{"baseline": name, "budget": budget, **asdict(cell)} for (name, budget), cell in b.cells.items()]
        boards.append({
            "target": b.target, "source": b.source, "net": b.net, "engine": b.engine, "device": b.device,
            "leading": b.leading, "n_test": b.n_test, "pretrain_seconds": b.pretrain, "chance": study.chance,
            "cells": cells, "standings": study.standings,
            "label_equivalents": [{**asdict(w), "words": w.words()} for w in study.worths], "leads": study.reigns,
            "calibration": study.calibrations, "variance": study.splits, "advice": advice(study),
            "left_out": [*study.left_out, *b.failed]})
    return json.dumps(plain_values({"schema": JSON_SCHEMA, "leaderboards": boards, **(extra or {})}), indent=1,
                      ensure_ascii=False, allow_nan=False)


def plain_values(value: Any) -> Any:
    """Dataclasses, NumPy numbers and infinities as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {k: plain_values(v) for k, v in vars(value).items() if not k.startswith("_")}
    if isinstance(value, dict):
        return {str(k): plain_values(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def whole(found: Sequence[Study], form: str, sort: str = "") -> str:
    """Leaderboards as one file of a format, with what is said of each."""
    if form == "md":
        return "\n".join(map(markdown, found))
    if form == "csv":
        return csv(found)
    if form == "json":
        return as_json(found) + "\n"
    sections = [rendered(compact(s, sort), form, s.board.title, [*advice(s), *notes(s)]) for s in found]
    return page(sections) if form == "html" else "\n".join(sections)


def write(folder: Path, studies: Sequence[Study], forms: Sequence[str] = ("md", "csv")) -> list[Path]:
    """Write `leaderboards/TASK.md` and `.csv`, or other formats, for each task of the studies; returns the paths."""
    by_task: dict[str, list[Study]] = defaultdict(list)
    for study in studies:
        by_task[TaskRef.parse(study.board.target).task].append(study)
    return [save_text(folder / "leaderboards" / f"{task}.{FILES[form]}", whole(found, form))
            for task, found in by_task.items() for form in forms]


