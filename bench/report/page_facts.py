"""Records become one HTML file that needs nothing else: advice, leaderboard, charts, provenance. Pure functions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from statistics import mean
from typing import Any

from bench.analysis.domain_distance import Distance
from bench.analysis.leaderboard import grouped
from bench.analysis.study import Study, study_of
from bench.core import places
from bench.core.budget import Budget, in_order
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.learning.networks.architectures import ARCHITECTURES
from bench.report.charts import PHASES, specs, theme
from bench.results.record import Record

PAGE = places.PACKAGE / "report" / "page"
CELL = ("board", "baseline", "budget", "n", "done", "of", "score", "low", "high", "sd", "auc", "auc_low", "auc_high",
        "rank", "best", "gain", "gain_low", "gain_high", "verdict", "p", "worth", "worth_low", "worth_high",
        "worth_words", "log_loss", "ece", *PHASES, "pretrain", "peak")


@dataclass(frozen=True)
class Facts:
    """All that the page shows, as plain values: the charts, the table and the downloads read the same cells."""

    boards: list[dict[str, Any]]
    cells: list[list[Any]]  # in the order of `CELL`
    across: list[dict[str, Any]]
    baselines: list[str]
    distances: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, **extra: Any) -> str:
        """For a script element: `<` cannot end it."""
        body = {"boards": self.boards, "columns": CELL, "cells": self.cells, "across": self.across,
                "baselines": self.baselines, "distances": self.distances, **extra}
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

    def table(self) -> list[dict[str, Any]]:
        """The cells as dicts."""
        return [dict(zip(CELL, cell, strict=True)) for cell in self.cells]


Part = tuple[str, Study, list[Record]]


def facts(records: Sequence[Record], parts: dict[str, Part] | None = None,
          distances: Mapping[str, Sequence[Distance]] | None = None) -> Facts:
    """The facts of the records; `BenchError` where there are none.

    `parts` keeps what was found for each leaderboard, so that a page that follows a run does only the new work;
    `distances` are the targets' from each source, where `bench distance` has measured them.
    """
    if not records:
        raise BenchError("no records to report", "bench run makes some; --results-dir names the folder")
    kept = {} if parts is None else parts
    found = []
    for group in grouped(records):
        first = group[0]
        place = repr((first.task, first.edition, first.content_sha256, first.source, first.net, first.engine,
                      first.device))
        key = repr([(r.identity(), r.status, r.accuracy) for r in group])
        if place not in kept or kept[place][0] != key:
            kept[place] = (key, study_of(group), group)
        found.append(kept[place])
    boards, cells = [], []
    for number, (_, study, group) in enumerate(found):
        boards.append(_board(number, study, group))
        cells += _cells(number, study, group)
    names = sorted({r.baseline for r in records})
    far = [{"source": TaskRef.parse(source).task, **{k: _short(v) for k, v in asdict(d).items()}}
           for source, rows in (distances or {}).items() for d in rows]
    return Facts(boards, cells, _across([study for _, study, _ in found]), names, far)


def _board(number: int, study: Study, group: Sequence[Record]) -> dict[str, Any]:
    from bench.report.advice import advice, notes

    board = study.board
    lines = advice(study)
    said = {str(s.budget): line for s, line in zip(study.standings, lines, strict=False)}
    newest = group[-1]
    return {
        "id": number, "target": board.target, "source": board.source, "net": board.net, "engine": board.engine,
        "device": board.device, "leading": board.leading.replace("_", " "), "n_test": board.n_test,
        "pretrain": _short(board.pretrain), "chance": _short(study.chance),
        "budgets": [{"budget": str(b), "n": board.sizes[b]} for b in board.budgets],
        "advice": said, "lead": lines[len(study.standings):],
        "best": {str(s.budget): s.rows[0].baseline for s in study.standings if s.rows},
        "notes": notes(study), "command": command(group),
        "provenance": {
            "data": f"{newest.target}, content SHA-256 {newest.content_sha256}",
            "texts that left the training side": ", ".join(f"{k} {v}" for k, v in newest.leaks.items()) or "none",
            "base network": newest_base(group), "versions": _several(group, "versions"),
            "hardware": _several(group, "host"), "records": f"{len(group)}, of them failed: "
            f"{sum(r.status != 'ok' for r in group)}"}}


def newest_base(group: Sequence[Record]) -> str:
    """The keys of the bases behind the records."""
    return ", ".join(sorted({r.base for r in group if r.base})) or "none"


def _several(group: Sequence[Record], name: str) -> str:
    """Every value of every key: `torch 2.13.0; python 3.11.7 or 3.12.1`."""
    values: dict[str, set[str]] = {}
    for r in group:
        for key, value in getattr(r, name).items():
            values.setdefault(key, set()).add(str(value) or "unknown")
    return "; ".join(f"{key} {' or '.join(sorted(v))}" for key, v in sorted(values.items()))


def command(group: Sequence[Record]) -> str:
    """The command that makes such records again."""
    first = group[0]
    budgets = in_order(r.budget for r in group)
    net = first.net.split("-")[0]
    words = ["bench", "run", "--target", str(first.target), "--source", TaskRef.parse(first.source).task,
             "--budgets", ",".join(map(str, budgets)), "--seeds", str(len({r.seed for r in group})),
             *(["--net", net] if net in ARCHITECTURES and net != "gru" else []),
             "--engine", first.engine, "--device", first.device]
    return shlex.join(words)


def _cells(number: int, study: Study, group: Sequence[Record]) -> list[list[Any]]:
    board = study.board
    rows = {(s.budget, r.baseline): r for s in study.standings for r in s.rows}
    believed = {(c.baseline, c.budget): c for c in study.calibrations}
    by_cell: dict[tuple[str, Budget], list[Record]] = {}
    for r in group:
        if r.status == "ok":
            by_cell.setdefault((r.baseline, r.budget), []).append(r)
    out = []
    for (name, budget), cell in board.cells.items():
        own = by_cell.get((name, budget), [])
        row, worth, sure = rows.get((budget, name)), study.worth(name, budget), believed.get((name, budget))
        values: list[Any] = [number, name, str(budget), board.sizes[budget], cell.done, cell.of]
        values += [cell.leading, *([None] * 2 if row is None else [row.score.low, row.score.high]), cell.spread]
        values += [cell.auc, *([None] * 2 if row is None or row.auc is None else [row.auc.low, row.auc.high])]
        values += [None, None] if row is None else [row.rank, row.best]
        values += [cell.gain, *([None] * 2 if row is None or row.gain is None else [row.gain.low, row.gain.high]),
                   "" if row is None else row.verdict, None if row is None else row.p]
        values += [None, None, None, ""] if worth is None else [
            worth.labels.estimate, worth.labels.low, worth.labels.high, worth.words()]
        values += [None, None] if sure is None else [sure.log_loss, sure.error]
        values += [mean(r.seconds.get(p, 0.0) for r in own) if own else None for p in PHASES]
        values += [max((r.seconds.get("pretrain", 0.0) for r in own if r.base), default=0.0),
                   max((r.peak_bytes for r in own), default=None)]
        out.append([_short(v) for v in values])
    return out


def _short(value: Any) -> Any:
    """Five decimals are more than is known; what is infinite is null (its words say so)."""
    if isinstance(value, float):
        return round(value, 5) if abs(value) != float("inf") and value == value else None
    return value


def _across(found: Sequence[Study]) -> list[dict[str, Any]]:
    """For each source, net, engine, device and budget with two targets or more: ranks and who cannot be told apart."""
    from bench.analysis.across_targets import across
    from bench.report.diagrams import cliques

    groups: dict[tuple[str, ...], list[Study]] = {}
    for study in found:
        b = study.board
        groups.setdefault((b.source, b.net, b.engine, b.device), []).append(study)
    out = []
    for (source, net, engine, device), own in groups.items():
        for budget in in_order(s.budget for one in own for s in one.standings):
            try:
                made = across(own, budget)
            except BenchError:  # one target, or two editions of one: there is nothing to rank over
                continue
            ranked = [p for p in made.places if p.mean_rank is not None]
            if len(ranked) < 2 or made.critical is None:
                continue
            ranks = [p.mean_rank or 0.0 for p in ranked]
            out.append({
                "source": source, "net": net, "engine": engine, "device": device, "budget": str(budget),
                "targets": list(made.targets), "critical": _short(made.critical), "friedman": _short(made.friedman),
                "places": [{"baseline": p.baseline, "mean_rank": _short(p.mean_rank), "wins": _short(p.wins),
                            "normalised": _short(p.normalised)} for p in ranked],
                "cliques": [{"first": ranked[a].baseline, "last": ranked[b].baseline,
                             "at": max(ranks) + 0.45 + 0.22 * level}
                            for level, (a, b) in enumerate(cliques(ranks, made.critical))]})
    return out


def html(found: Facts, script: str, *, shown_command: str = "bench report", live: str = "") -> str:
    """The page. `script` is Vega's; `live` is the records' digest where the page is served and looks for news."""
    own = (PAGE / "report.js").read_text(encoding="utf-8")
    style = (PAGE / "report.css").read_text(encoding="utf-8")
    chart = json.dumps({"specs": specs(found.baselines), "light": theme(dark=False), "dark": theme(dark=True)},
                       separators=(",", ":")).replace("<", "\\u003c")
    asked = "'self'" if live else "'none'"
    policy = ("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
              f"style-src 'unsafe-inline'; connect-src {asked}; script-src {_hash(script)} {_hash(own)}")
    values = {"policy": escape(policy, quote=True), "style": style, "facts": found.as_json(command=shown_command,
              live=live), "charts": chart, "vega": script, "script": own, "advice": _advice(found),
              "provenance": _provenance(found), "boards": str(len(found.boards))}
    text = (PAGE / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], text)


def _hash(script: str) -> str:
    """Only these very scripts may run on the page."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _advice(found: Facts) -> str:
    """Every leaderboard's advice, for readers without scripts."""
    return "".join(f"<h3>{escape(b['target'])} from {escape(b['source'])}, {escape(b['engine'])} on "
                   f"{escape(b['device'])}</h3><ul>" + "".join(
                       f"<li>{escape(line)}</li>" for line in [*b["advice"].values(), *b["lead"]]) + "</ul>"
                   for b in found.boards)


def _provenance(found: Facts) -> str:
    parts = []
    for b in found.boards:
        rows = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>"
                       for k, v in b["provenance"].items())
        lines = "".join(f"<li>{escape(line)}</li>" for line in b["notes"])
        parts.append(
            f"<details data-board={b['id']}><summary>{escape(b['target'])} from {escape(b['source'])}, "
            f"{escape(b['engine'])} on {escape(b['device'])}</summary><div class=wide tabindex=0 role=region "
            f"aria-label='Provenance of {escape(b['target'], quote=True)}, {b['id']}'><table>{rows}<tr><th scope=row>"
            f"command</th><td><code>{escape(b['command'])}</code></td></tr></table></div><ul>{lines}</ul></details>")
    return "".join(parts)
