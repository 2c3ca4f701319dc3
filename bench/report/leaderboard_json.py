"""Leaderboards as JSON: what the file holds, as types, and the JSON Schema that follows from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from bench.analysis.calibration import Calibration
from bench.analysis.curve_summary import CurveSummary
from bench.analysis.leaderboard import Cell
from bench.analysis.learning_curves import LabelEquivalent, Leader
from bench.analysis.rankings import Ranking
from bench.analysis.study import Study
from bench.analysis.variance import VarianceComponents
from bench.core.budget import Budget, Draw
from bench.report.advice import advice
from bench.report.formats import json_values
from bench.report.headline import headline
from bench.report.leaderboard_rows import COLUMNS, rows
from bench.results.record import Leading

JSON_SCHEMA: Final = "transferbench-leaderboard-1"


@dataclass(frozen=True, kw_only=True)
class JsonCell(Cell):
    """One baseline at one budget: means over the seeds of the records; null where a seed is missing."""

    baseline: str
    budget: Budget


@dataclass(frozen=True)
class JsonRow:
    """What a row is: its name here (`baseline` elsewhere in this file), and what its scores depend on."""

    baseline: str
    strategy: str
    settings: dict[str, Any]
    strategy_sha256: str  # of the code of a strategy from outside; empty for those of the suite and where unknown
    recipe: int  # number of the recipe of a strategy of the suite; one that changed has a higher one than its records


@dataclass(frozen=True, kw_only=True)
class JsonLabelEquivalent(LabelEquivalent):
    """How many labels a reference strategy needs for the same score; a bound beyond its budgets is null."""

    words: str  # such as `510 [380, 760]` or `> 6,000`


@dataclass(frozen=True)
class JsonLeaderboard:
    """One leaderboard with its statistics. Scores are shares; gains and leads are points."""

    target: str
    source: str
    net: str
    engine: str
    device: str
    leading: Leading
    n_test: int
    pretrain_seconds: float
    chance: float
    cells: tuple[JsonCell, ...]
    standings: tuple[Ranking, ...]
    label_equivalents: tuple[JsonLabelEquivalent, ...]
    leads: tuple[Leader, ...]
    calibration: tuple[Calibration, ...]
    variance: tuple[VarianceComponents, ...]
    advice: tuple[str, ...]
    left_out: tuple[str, ...]
    title: str
    variant: str  # what tells it from other leaderboards of the same target, source, net, engine and device
    rows: tuple[JsonRow, ...]
    content_sha256: str  # of the target's texts and labels
    source_sha256: str  # of the source's; empty in earlier records, which cannot tell
    split_sha256: str
    vectors_sha256: str
    text_version: int
    net_spec: dict[str, Any]
    base: dict[str, Any]  # how the base was trained; empty without one, and where unknown
    headline: tuple[str, ...]  # the sentences above the table
    over_budgets: CurveSummary | None  # one comparison over all budgets; null with fewer than two
    draw: Draw  # how the labelled texts were drawn


@dataclass(frozen=True)
class JsonLeaderboards:
    """The leaderboards of a results folder. A number is null where it is unknown or infinite."""

    leaderboards: tuple[JsonLeaderboard, ...]
    table: tuple[dict[str, Any], ...]  # a row per leaderboard, baseline and budget, with the columns of the CSV
    schema: Literal["transferbench-leaderboard-1"] = JSON_SCHEMA


def as_json(studies: Sequence[Study]) -> str:
    """Everything as one JSON object, described by `json_schema`; infinite numbers are null."""
    boards = JsonLeaderboards(tuple(map(_leaderboard, studies)),
                              tuple(dict(zip(COLUMNS, row, strict=True)) for row in rows(studies)))
    return json.dumps({"schema": boards.schema, **json_values(boards)}, indent=1, ensure_ascii=False, allow_nan=False)


def _leaderboard(study: Study) -> JsonLeaderboard:
    board, key = study.board, study.board.key
    base = json.loads(key.base) if key.base else {}
    cells = (JsonCell(baseline=name, budget=budget, **asdict(cell)) for (name, budget), cell in board.cells.items()
             if cell.of)
    equivalents = (JsonLabelEquivalent(**vars(labels), words=labels.in_words()) for labels in study.label_equivalents)
    return JsonLeaderboard(
        board.target, board.source, board.net, board.engine, board.device, board.leading, board.n_test, board.pretrain,
        study.chance, tuple(cells), tuple(study.rankings), tuple(equivalents), tuple(study.leaders),
        tuple(study.calibrations), tuple(study.variance_components), tuple(advice(study)),
        (*study.left_out, *board.failed), board.title, board.variant,
        tuple(JsonRow(name, row.strategy, json.loads(row.settings), row.version, row.recipe)
              for name in board.rows for row in [board.row_keys[name]]),
        board.content_sha256, key.source_sha256, key.split_sha256, key.vectors_sha256, key.text_version,
        json.loads(key.net_spec), base if isinstance(base, dict) else {"key": base}, tuple(headline(study)),
        study.summary, key.draw)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `as_json`. Every key is always there."""
    import msgspec

    schema = msgspec.json.schema(JsonLeaderboards)
    definitions = {name: _complete(node) for name, node in schema.pop("$defs").items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "bench leaderboard --format json",
            **schema, "$defs": definitions}


def _complete(node: dict[str, Any]) -> dict[str, Any]:
    """A definition as it is written: no key missing, none more, and null for numbers that are infinite."""
    properties = {key: _or_null(value) for key, value in node["properties"].items()}
    for value in properties.values():
        value.pop("default", None)
    return {**node, "properties": properties, "required": list(properties), "additionalProperties": False}


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    return {**node, "type": ["number", "null"]} if node.get("type") == "number" else dict(node)
