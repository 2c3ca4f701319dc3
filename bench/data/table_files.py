"""One strict reader for every kind of table file: `open_table` is what each command reads a user's file with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.core.errors import BenchError
from bench.data.table import Rows, TableFile

__all__ = ["FORMATS", "KINDS", "Rows", "TableFile", "format_of", "open_table"]

FORMATS: Mapping[str, str] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                              ".json": "json", ".parquet": "parquet", ".xlsx": "xlsx"}
KINDS = "CSV, TSV, JSONL, JSON, Parquet or Excel (.xlsx), plain, .gz or .zip"


def format_of(path: Path) -> str | None:
    """The format that a file's name stands for, plain or packed; None where it is not a data file's."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zip")
    return FORMATS.get(Path(name).suffix)


def open_table(path: Path, format: str = "") -> TableFile:
    """Open a file and check it from the first to the last row; `format` is guessed from the name where not given.

    Raises `BenchError` where the file is missing or of no known kind, `DataError` naming the line that is not as the
    others are and what to do about it.
    """
    from bench.data.public_formats import READERS, cell

    if not path.exists():
        raise BenchError(f"no such file: {path}", KINDS)
    reader = format or format_of(path)
    if reader not in READERS:
        raise BenchError(f"{path} is of no known kind", KINDS)
    frame = READERS[reader](path)

    def stream(columns: Sequence[str], size: int) -> Iterator[Rows]:
        for start in range(0, len(frame), size):
            part = frame.iloc[start : start + size]
            yield Rows([start + i + 2 for i in range(len(part))],
                       {name: [v if isinstance(v, str) else cell(v) for v in part[name]] for name in columns})

    return TableFile(path, reader, tuple(map(str, frame.columns)), stream)
