"""All that the report page shows, as plain values: boards, cells, ranks over targets, distances."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import Any

from bench.analysis.across_targets import comparable, rank_across_targets
from bench.analysis.boards import BoardRecords, boards_of
from bench.analysis.domain_distance import DomainDistance
from bench.analysis.leaderboard import Leaderboard
from bench.analysis.scores import Interval
from bench.analysis.study import Study, study_of
from bench.core.budget import Budget, in_order
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.learning.networks.architectures import ARCHITECTURES
from bench.report.advice import advice, notes
from bench.report.charts import PHASES
from bench.report.headline import recommendation, recommended, sources_of_the_gain
from bench.report.panels import ranks_data
from bench.results.record import Record

CELL = ("board", "baseline", "budget", "n", "done", "of", "score", "low", "high", "sd", "auc", "auc_low", "auc_high",
        "rank", "best", "gain", "gain_low", "gain_high", "verdict", "p", "worth", "worth_low", "worth_high",
        "worth_words", "log_loss", "ece", "behind", "behind_low", "behind_high", "source_gain", "source_low",
        "source_high", *PHASES, "pretrain", "peak")

# What the page's downloads call these, as the CSV and the Parquet file of `bench leaderboard` do.
DOWNLOADED = {
    "n": "n_train", "done": "seeds_done", "of": "seeds", "low": "score_low", "high": "score_high", "sd": "score_sd",
    "best": "best_share", "gain": "gain_points", "p": "gain_p_family", "worth": "worth_scratch",
    "worth_low": "worth_scratch_low", "worth_high": "worth_scratch_high", "behind": "behind_points",
    "source_gain": "source_gain_points", "source_low": "source_gain_low", "source_high": "source_gain_high",
    "peak": "peak_bytes", **{phase: f"{phase}_seconds" for phase in (*PHASES, "pretrain")}}


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
                "baselines": self.baselines, "distances": self.distances, "downloaded": DOWNLOADED, **extra}
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
          distances: Mapping[str, Sequence[DomainDistance]] | None = None) -> Facts:
    """The facts of the records; `BenchError` where there are none.

    A page that follows a run passes the same `cache` each time, so that only leaderboards with new records are
    studied again. `distances` holds the targets' distances by source, as `bench distance` measured them.
    """
    if not records:
        raise BenchError("no records to report", "bench run makes some; --results-dir names the folder")
    studied = [_studied(board, {} if cache is None else cache) for board in boards_of(records)]
    boards, cells = [], []
    for number, one in enumerate(studied):
        boards.append(_board(number, one.study, one.records))
        cells += _cells(number, one.study, one.records)
    names = sorted({name for one in studied for name in one.study.board.rows})
    rows = [{"source": TaskRef.parse(source).task, **{k: _json_number(v) for k, v in asdict(d).items()}}
            for source, of_source in (distances or {}).items() for d in of_source]
    return Facts(boards, cells, _across([one.study for one in studied]), names, rows)


def _studied(board: BoardRecords, cache: dict[str, CachedStudy]) -> CachedStudy:
    place = repr(board.key)
    key = repr([board.variant, [(r.identity(), r.status, r.accuracy) for r in board.records]])
    if place not in cache or cache[place].key != key:
        cache[place] = CachedStudy(key, study_of(board), board.records)
    return cache[place]


def _board(number: int, study: Study, records: Sequence[Record]) -> dict[str, Any]:
    board = study.board
    sentences = advice(study)  # one per ranking, then some about all of them
    said = [" ".join([recommendation(study, r), *sources_of_the_gain(study, r)]) for r in study.rankings]
    newest = records[-1]
    return {
        "id": number, "target": board.target, "source": board.source, "net": _net(board), "engine": board.engine,
        "device": board.device, "variant": board.variant, "leading": board.leading.replace("_", " "),
        "n_test": board.n_test,
        "pretrain": _json_number(board.pretrain), "chance": _json_number(study.chance),
        "budgets": [{"budget": str(b), "n": board.sizes[b]} for b in board.budgets],
        "advice": {str(r.budget): line for r, line in zip(study.rankings, said, strict=True)},
        "details": {str(r.budget): line for r, line in zip(study.rankings, sentences, strict=False)},
        "lead": sentences[len(study.rankings):],
        "best": {str(r.budget): recommended(study, r)[0].baseline for r in study.rankings if r.rows},
        "notes": notes(study), "command": command(records),
        "provenance": {
            "data": f"{newest.target}, content SHA-256 {newest.content_sha256}",
            "source": f"{newest.source}, content SHA-256 {newest.source_sha256 or 'unknown (earlier records)'}",
            "label draw": newest.draw, "strategies": _strategies(board),
            "texts removed from training": ", ".join(f"{k} {v}" for k, v in newest.leaks.items()) or "none",
            "base network": base_keys(records), "versions": _all_values(records, "versions"),
            "hardware": _all_values(records, "host"),
            "records": f"{len(records)}, of which {sum(r.status != 'ok' for r in records)} failed"}}


def _net(board: Leaderboard) -> str:
    """The network as the page's filters know it: with what else tells leaderboards of one target and source apart."""
    return f"{board.net} · {board.variant}" if board.variant else board.net


def base_keys(records: Sequence[Record]) -> str:
    """The keys of the bases behind the records."""
    return ", ".join(sorted({r.base for r in records if r.base})) or "none"


def _all_values(records: Sequence[Record], name: str) -> str:
    """Every value of every key: `torch 2.13.0; python 3.11.7 or 3.12.1`."""
    values: dict[str, set[str]] = {}
    for r in records:
        for key, value in getattr(r, name).items():
            values.setdefault(key, set()).add(str(value) or "unknown")
    return "; ".join(f"{key} {' or '.join(sorted(v))}" for key, v in sorted(values.items()))


def command(records: Sequence[Record]) -> str:
    """The command that makes such records again."""
    first = records[0]
    net = first.net.split("-")[0]
    words = ["bench", "run", "--target", str(first.target), "--source", TaskRef.parse(first.source).task,
             "--budgets", ",".join(map(str, in_order({r.budget for r in records}))),
             "--seeds", str(len({r.seed for r in records})),
             *(["--draw", first.draw] if first.draw != "stratified" else []),
             *(["--net", net] if net in ARCHITECTURES and net != "gru" else []),
             "--engine", first.engine, "--device", first.device]
    recipes = [spec for r in records if isinstance(spec := r.base_spec.get("spec"), dict)]
    epochs = {str(recipe["epochs"]) for recipe in recipes if "epochs" in recipe}
    words += ["--epochs", epochs.pop()] if len(epochs) == 1 else []
    return shlex.join(words)


def _strategies(board: Leaderboard) -> str:
    """The settings, the recipe and the code of each row that has any."""
    texts = []
    for name in sorted(board.rows):
        row = board.row_keys[name]
        code = f", code SHA-256 {row.version}" if row.version else ""
        recipe = f", recipe {row.recipe}" if row.recipe > 1 else ""
        if row.settings != "{}" or code or recipe:
            texts.append(f"{name}: {row.settings}{recipe}{code}")
    return "; ".join(texts) or "no settings"


def _cells(number: int, study: Study, records: Sequence[Record]) -> list[list[Any]]:
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
        values += [max((r.seconds.get("pretrain", 0.0) for r in trials if r.base), default=0.0),
                   max((r.peak_bytes for r in trials), default=None)]
        rows.append([_json_number(v) for v in values])
    return rows


def _bounds(interval: Interval | None) -> list[float | None]:
    return [None, None] if interval is None else [interval.low, interval.high]


def _json_number(value: Any) -> Any:
    """Numbers with five decimals, which is more than is known; an infinite number becomes null."""
    if isinstance(value, float):
        return round(value, 5) if abs(value) != float("inf") and value == value else None
    return value


def _across(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """For each source, base, engine, device and budget with two targets or more: mean ranks and what joins them."""
    groups: dict[tuple[str, ...], list[Study]] = {}
    for variant, alike in comparable(studies).items():
        for study in alike:
            b = study.board
            groups.setdefault((b.source, b.net, b.engine, b.device, variant), []).append(study)
    out = []
    for (source, _, engine, device, variant), group in groups.items():
        for budget in in_order({ranking.budget for study in group for ranking in study.rankings}):
            try:
                ranking = rank_across_targets(group, budget, variant)
            except BenchError:  # one target, or two editions of one: there is nothing to rank over
                continue
            if len(ranking.ranked) < 2 or ranking.critical is None:
                continue
            rows = {name: [{k: _json_number(v) for k, v in row.items()} for row in rows]
                    for name, rows in ranks_data(ranking).items()}
            out.append({"source": source, "nets": sorted({_net(study.board) for study in group}), "engine": engine,
                        "device": device, "variant": variant, "budget": str(budget),
                        "targets": list(ranking.targets), "critical": _json_number(ranking.critical),
                        "friedman": _json_number(ranking.friedman), **rows})
    return out
