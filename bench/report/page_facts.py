"""All that the report page shows, as plain values: boards, cells, ranks over targets, distances."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import Any

from bench.analysis.across_targets import comparable
from bench.analysis.boards import BoardRecords, boards_of
from bench.analysis.domain_distance import DomainDistance
from bench.analysis.scores import Interval
from bench.analysis.study import Study, study_of
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.data.user_file import is_users_file
from bench.report.advice import advice, notes
from bench.report.charts import PHASES
from bench.report.commands import base_words, recorded, run_command, strategy_words, target_words, without_folders
from bench.report.headline import recommendation, recommended, sources_of_the_gain
from bench.report.leaderboard_files import csv as leaderboard_csv
from bench.report.numbers import json_number
from bench.report.over_targets import net_of, over_targets
from bench.report.provenance import Origin, origin_of, processors, provenance
from bench.results.record import Record

CELL = ("board", "baseline", "budget", "n", "done", "of", "score", "low", "high", "sd", "auc", "auc_low", "auc_high",
        "rank", "best", "gain", "gain_low", "gain_high", "verdict", "p", "worth", "worth_low", "worth_high",
        "worth_words", "log_loss", "ece", "behind", "behind_low", "behind_high", "source_gain", "source_low",
        "source_high", *PHASES, "pretrain", "peak", "trials", "imported", "published", "csv")


@dataclass(frozen=True)
class Facts:
    """What the page shows; the charts, the table and the downloads read the same cells."""

    boards: list[dict[str, Any]]
    cells: list[list[Any]]  # values in the order of `CELL`
    across: list[dict[str, Any]]
    baselines: list[str]
    distances: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, **extra: Any) -> str:
        """JSON for a script element, escaped so that no text can end the element."""
        body = {"boards": self.boards, "columns": CELL, "cells": self.cells, "across": self.across,
                "baselines": self.baselines, "distances": self.distances, **extra}
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

    def table(self) -> list[dict[str, Any]]:
        """The cells as dicts."""
        return [dict(zip(CELL, cell, strict=True)) for cell in self.cells]


@dataclass(frozen=True)
class CachedStudy:
    """The study of one leaderboard, and the records that it was made from."""

    key: str  # changes with the records
    study: Study
    records: tuple[Record, ...]


def facts(records: Sequence[Record], cache: dict[str, CachedStudy] | None = None,
          distances: Mapping[str, Sequence[DomainDistance]] | None = None,
          published: Collection[Origin] = frozenset()) -> Facts:
    """The facts of the records; `BenchError` where there are none.

    A page that follows a run passes the same `cache` each time, so that only leaderboards with new records are
    studied again. `distances` holds the targets' distances by source, as `bench distance` measured them. `published`
    are the records that came with the suite.
    """
    if not records:
        raise BenchError("no records to report", "bench run makes some; --results-dir names the folder")
    studied = [_studied(board, {} if cache is None else cache) for board in boards_of(records)]
    boards, cells = [], []
    groups = {id(study): group for group in comparable([one.study for one in studied]) for study in group.studies}
    for number, one in enumerate(studied):
        same, lines = _lines(one.study)
        boards.append({**_board(number, one.study, one.records, published), "csv": same,
                       "group": groups[id(one.study)].variant})
        cells += _cells(number, one.study, one.records, published, lines)
    names = sorted({name for one in studied for name in one.study.board.rows})
    rows = [{"source": TaskRef.parse(source).task, **{k: json_number(v) for k, v in asdict(d).items()}}
            for source, of_source in (distances or {}).items() for d in of_source]
    return Facts(boards, cells, over_targets([one.study for one in studied]), names, rows)


def _studied(board: BoardRecords, cache: dict[str, CachedStudy]) -> CachedStudy:
    place = repr(board.key)
    key = repr([board.variant, [(r.identity(), r.status, r.accuracy) for r in board.records]])
    if place not in cache or cache[place].key != key:
        cache[place] = CachedStudy(key, study_of(board), board.records)
    return cache[place]


def _board(number: int, study: Study, records: Sequence[Record], published: Collection[Origin]) -> dict[str, Any]:
    board = study.board
    sentences = advice(study)  # one per ranking, then some about all of them
    rankings = {str(r.budget): r for r in study.rankings}
    return {
        "id": number, "target": board.target, "source": board.source, "net": net_of(board), "engine": board.engine,
        "device": board.device, "variant": board.variant, "leading": board.leading.replace("_", " "),
        "n_test": board.n_test,
        "pretrain": json_number(board.pretrain), "chance": json_number(study.chance),
        "budgets": [{"budget": str(b), "n": board.sizes[b]} for b in board.budgets],
        "advice": {budget: recommendation(study, r) for budget, r in rankings.items()},
        "sources": {budget: " ".join(sources_of_the_gain(study, r)) for budget, r in rankings.items()},
        "details": dict(zip(rankings, sentences, strict=False)),
        "lead": sentences[len(study.rankings):],
        "best": {budget: recommended(study, r)[0].baseline for budget, r in rankings.items() if r.rows},
        "notes": [without_folders(line) for line in notes(study)],
        "command": run_command(records, board.row_keys), "fit": _fit(study, records),
        "processors": processors(records), "provenance": provenance(board, records, published)}


def _fit(study: Study, records: Sequence[Record]) -> dict[str, Any]:
    """What the commands `bench run` and `bench fit` need for each row, and which row they make at each budget.

    A row of predictions from elsewhere cannot be fitted: the best of the others stands in its place. `target` is empty
    where the target is no user's file, and null where it is one that no command can name.
    """
    keys = study.board.row_keys
    rows = {name: shlex.join(strategy_words([key])) for name, key in keys.items() if not key.imported}
    best = {str(r.budget): next((row.baseline for row in (*recommended(study, r), *r.rows) if row.baseline in rows), "")
            for r in study.rankings}
    measured = [r for r in records if not r.imported]
    target = target_words(measured)
    own = is_users_file(study.board.target) or "target" in recorded(measured)
    return {"rows": rows, "best": best, "base": shlex.join(base_words(records)),
            "target": None if own and target is None else shlex.join(target or ()) if own else ""}


def _lines(study: Study) -> tuple[dict[str, Any], dict[tuple[str, Budget], list[str]]]:
    """The lines of `bench leaderboard --format csv`: what they share, and what is left for each row and budget."""
    board = study.board
    header, *lines = csv.reader(io.StringIO(leaderboard_csv([study])))
    several = [i for i in range(len(header)) if len({line[i] for line in lines}) > 1]
    cells = [(name, budget) for name in board.rows for budget in board.budgets if board.cells[name, budget].of]
    same = {"names": header, "several": several,
            "same": [value for i, value in enumerate(lines[0]) if i not in several] if lines else []}
    return same, {cell: [line[i] for i in several] for cell, line in zip(cells, lines, strict=True)}


def _cells(number: int, study: Study, records: Sequence[Record], published: Collection[Origin],
           lines: Mapping[tuple[str, Budget], list[str]]) -> list[list[Any]]:
    board = study.board
    ranked = {(ranking.budget, row.baseline): row for ranking in study.rankings for row in ranking.rows}
    calibrations = {(c.baseline, c.budget): c for c in study.calibrations}
    by_cell: dict[tuple[str, Budget], list[Record]] = {}
    for r in records:
        if r.status == "ok":
            by_cell.setdefault((r.baseline, r.budget), []).append(r)
    rows = []
    for (name, budget), cell in board.cells.items():
        if not cell.of:  # it needs labels, and the budget has none
            continue
        trials = by_cell.get((name, budget), [])
        row, calibration = ranked.get((budget, name)), calibrations.get((name, budget))
        equivalent = study.label_equivalent(name, budget)
        values: list[Any] = [number, name, str(budget), board.sizes[budget], cell.done, cell.of]
        values += [cell.leading, *_bounds(row.score if row else None), cell.spread]
        values += [cell.auc, *_bounds(row.auc if row else None)]
        values += [None, None] if row is None else [row.rank, row.best]
        values += [cell.gain, *_bounds(row.gain if row else None),
                   row.verdict if row else "", row.p if row else None]
        values += [None, None, None, ""] if equivalent is None else [
            equivalent.labels.estimate, *_bounds(equivalent.labels), equivalent.in_words()]
        values += [None, None] if calibration is None else [calibration.log_loss, calibration.error]
        for interval in (row.behind, row.gain_over_source) if row else (None, None):
            values += [interval.estimate if interval else None, *_bounds(interval)]
        values += [mean(r.seconds.get(p, 0.0) for r in trials) if trials else None for p in PHASES]
        values += [max((r.seconds.get("pretrain", 0.0) for r in trials), default=0.0),
                   max((r.peak_bytes for r in trials), default=None)]
        values += [len(trials), board.row_keys[name].imported, sum(origin_of(r) in published for r in trials),
                   lines[name, budget]]
        rows.append([json_number(v) for v in values])
    return rows


def _bounds(interval: Interval | None) -> list[float | None]:
    return [None, None] if interval is None else [interval.low, interval.high]
