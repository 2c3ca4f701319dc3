"""Texts to be classified, read one after the other: a file of any size needs no more memory than its longest text."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from bench.core.errors import BenchError, DataError
from bench.data.columns import rank
from bench.data.table_files import format_of
from bench.data.vocabulary import TEXT_NAMES

LONGEST = 1 << 24  # characters of a text or line


def read_texts(path: Path, column: str | None = None) -> Iterator[str]:
    """The texts of a CSV, TSV, JSONL, Parquet or text file (one text a line), plain or gzip; an empty cell is "".

    Raises `BenchError` where it is missing or of no known kind, `DataError` naming the line or row that cannot be read.
    """
    if not path.is_file():
        raise BenchError(f"{'not a file' if path.exists() else 'no such file'}: {path}",
                         "--file takes CSV, TSV, JSONL, Parquet or .txt, plain or .gz")
    kind = "txt" if path.name.lower().removesuffix(".gz").endswith(".txt") else format_of(path)
    if kind is None:
        raise BenchError(f"{path} is of no known kind", "CSV, TSV, JSONL, Parquet or .txt, plain or .gz")
    try:
        if kind == "parquet":
            yield from _parquet(path, column)
            return
        with path.open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            source: Any = gzip.GzipFile(fileobj=raw) if zipped else raw
            with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as file:
                if kind == "txt":
                    yield from lines(file, str(path))
                elif kind == "jsonl":
                    yield from _jsonl(file, path, column)
                else:
                    yield from _separated(file, path, column, "," if kind == "csv" else "\t")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason}", "save it as UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}", "is the file whole?") from None


def lines(file: IO[str], name: str) -> Iterator[str]:
    """One text a line."""
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) >= LONGEST:
            raise DataError(f"{name}: line {number} has more than {LONGEST:,} characters", "one text a line")
        yield line.rstrip("\r\n")


def chosen(names: Sequence[str], column: str | None, path: Path) -> str:
    """The column of the texts: the one asked for, the only one, or one with a name that texts often have."""
    if column is not None and column in names:
        return column
    ranks = {name: place for name in reversed(names) if (place := rank(name, TEXT_NAMES)) is not None}
    found = min(ranks, key=ranks.__getitem__) if ranks else names[0] if len(names) == 1 else None
    if column is not None or found is None:
        what = f"no column {column!r}" if column is not None else "no text column that can be guessed"
        raise DataError(f"{path} has {what}", f"its columns: {', '.join(names)[:300]}; name one with --text-column")
    return found


def _separated(file: IO[str], path: Path, column: str | None, separator: str) -> Iterator[str]:
    import csv

    csv.field_size_limit(LONGEST)
    rows = csv.reader(file, delimiter=separator, strict=True)
    try:
        head = next(rows, None)
        if head is None:
            raise DataError(f"{path} is empty", "a header line and one row a text are needed")
        at = head.index(chosen(head, column, path))
        for row in rows:
            if row:
                if len(row) != len(head):
                    raise DataError(f"{path}: line {rows.line_num} has {len(row)} cells, the header {len(head)}",
                                    "quote texts that hold separators, quotes or line ends")
                yield row[at]
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num}: {error}",
                        "quote texts that hold separators, quotes or line ends") from None


def _jsonl(file: IO[str], path: Path, column: str | None) -> Iterator[str]:
    for number, line in enumerate(lines(file, str(path)), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: line {number} is not JSON: {str(error)[:80]}", "one object a line") from None
        if not isinstance(record, dict):
            raise DataError(f"{path}: line {number} is not a JSON object", 'one object a line, such as {"text": …}')
        column = chosen(list(record), column, path)
        yield _text(record[column], path, f"line {number}")


def _parquet(path: Path, column: str | None) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            name = chosen(file.schema_arrow.names, column, path)
            number = 0
            for batch in file.iter_batches(1024, columns=[name]):
                for value in batch.column(0).to_pylist():
                    number += 1
                    yield _text(value, path, f"row {number}")
    except (pa.ArrowException, ValueError) as error:
        raise DataError(f"{path} is damaged: {' '.join(str(error).split())[:120]}", "is the file whole?") from None


def _text(value: object, path: Path, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{path}: {where} has {type(value).__name__} {str(value)[:40]!r} as its text",
                        "is it the right column? --text-column")
    return value
