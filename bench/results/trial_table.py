"""The records of a folder as one tidy table: a row per trial, without the stored predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from bench.results.record import Record

PHASES = ("load", "encode", "pretrain", "adapt", "predict")  # whose seconds a record holds
LEFT_OUT = ("predictions", "seconds", "traceback", "schema")
COLUMNS = ("target", "row", *(field.name for field in fields(Record) if field.name not in LEFT_OUT),
           *(f"seconds_{phase}" for phase in PHASES))


def rows(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The values of `COLUMNS` for each record; settings, versions, host and the like stay nested."""
    table = []
    for record in records:
        body = asdict(record)
        seconds = {f"seconds_{phase}": record.seconds.get(phase) for phase in PHASES}
        values = {**body, **seconds, "target": str(record.target), "row": record.row}
        table.append({name: values[name] for name in COLUMNS})
    return table


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose nested values are JSON text, for formats that have plain cells."""
    return {name: json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
            for name, value in row.items()}
