"""Tables of awkward cells, and every way in which other programs write them: what a reader must give back."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

Cells = dict[str, list[str | None]]  # column → cells
ALPHABET = ["a", "b", "word", "good film", "é", "ß", "दिन", "👍", "“", " ", " ", ",", ";", "\t", "|", '"', '"',
            "\n", "\r\n", "\r", "'", "\\", "\\n", "=", "#", "NA", "null", "0", "1.0", "\u2028", "\x0b", "\x85", "{",
            "[", "<br />"]
NAMES = ["text", "label", "Review text", "id", "é", "a,b", "a;b", 'say "x"', "two\nlines", "x|y", "reviews.text", "#",
         "=1", "split", "a\tb"]
SEPARATORS = [",", ";", "\t", "|"]


@dataclass(frozen=True)
class Written:
    """A file, what must come back from it, and the refusals that are right as well (parts of the message)."""

    path: Path
    cells: Cells
    how: str
    may_refuse: tuple[str, ...] = field(default=())


def table(rng: random.Random, alphabet: Sequence[str] = ALPHABET) -> Cells:
    """One to four columns, up to 30 rows.

    The name of a single column holds no separator: `a;b` above a line of texts is two columns for everyone.
    """
    names = rng.sample(NAMES, rng.choice([1, 2, 2, 3, 4]))
    if len(names) == 1 and set(SEPARATORS) & set(names[0]):
        names = ["text"]
    count = rng.choice([1, 2, 3, 8, 30])
    length = rng.choice([1, 3, 12])

    def cell() -> str:
        return "".join(rng.choices(alphabet, k=rng.randint(0, length)))

    columns: Cells = {name: [cell() for _ in range(count)] for name in names}
    if rng.random() < 0.5:  # labels
        columns[names[-1]] = [rng.choice(["pos", "neg", "1", "0.5", "fête"]) for _ in range(count)]
    return columns


def with_gaps(rng: random.Random, cells: Cells) -> Cells:
    """Some cells are missing."""
    return {name: [None if rng.random() < 0.1 else v for v in values] for name, values in cells.items()}


def packed(rng: random.Random, path: Path, data: bytes) -> Path:
    """Written as it is, packed, or as the only file in a zip."""
    how = rng.choice(["", "", "", *PACKERS, ".zip"])
    if how == ".zip":
        path = path.with_name(path.name + ".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.name.removesuffix(".zip"), data)
        return path
    path = path.with_name(path.name + how)
    path.write_bytes(PACKERS[how](data) if how else data)
    return path


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    compressed: bytes = pa.compress(data, "zstd", asbytes=True)
    return compressed


PACKERS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
                                                ".zst": _zstd}


# What a separated file cannot say for certain is refused: both readings fit every line of it.
AMBIGUOUS = ("takes in lines", "may be separated by", "no column has a name", "look like rows")


def by_csv(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """The standard library's writer, in a random dialect and encoding."""
    separator, terminator = rng.choice(SEPARATORS), rng.choice(["\n", "\r\n"])
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    cells = _without_lost_returns(cells) if quoting == csv.QUOTE_MINIMAL and terminator == "\n" else cells
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=terminator, quoting=quoting)
    writer.writerow(cells)
    writer.writerows(zip(*cells.values(), strict=True))
    try:
        data = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        encoding, data = "utf-8", out.getvalue().encode()
    path = packed(rng, folder / f"a.{rng.choice(['csv', 'tsv'])}", data)
    return _separated(path, cells, f"csv {separator!r} {terminator!r} {quoting} {encoding}", encoding)


def by_pandas(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """`DataFrame.to_csv`."""
    separator, terminator = rng.choice(SEPARATORS), rng.choice(["\n", "\r\n"])
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    cells = _without_lost_returns(cells)
    text = pd.DataFrame(cells).to_csv(index=False, sep=separator, lineterminator=terminator, quoting=quoting)
    path = packed(rng, folder / f"a.{rng.choice(['csv', 'tsv'])}", text.encode())
    return _separated(path, cells, f"pandas {separator!r} {terminator!r} {quoting}")


def by_pyarrow(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """`pyarrow.csv.write_csv`."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    separator, style = rng.choice(SEPARATORS), rng.choice(["needed", "all_valid"])
    cells = with_gaps(rng, cells) if len(cells) > 1 else cells
    out = io.BytesIO()
    pa_csv.write_csv(pa.table({k: pa.array(v, pa.string()) for k, v in cells.items()}), out,
                     pa_csv.WriteOptions(delimiter=separator, quoting_style=style))
    path = packed(rng, folder / f"a.{rng.choice(['csv', 'tsv'])}", out.getvalue())
    return _separated(path, cells, f"pyarrow {separator!r} {style}")


def by_duckdb(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """DuckDB's COPY TO, as CSV or Parquet."""
    import duckdb

    cells = with_gaps(rng, cells) if len(cells) > 1 else cells
    frame = pd.DataFrame({f"c{i}": pd.Series(v, dtype=object) for i, v in enumerate(cells.values())})  # noqa: F841
    names = ", ".join(f'c{i}::varchar AS "{name.replace(chr(34), chr(34) * 2)}"' for i, name in enumerate(cells))
    kind, separator = rng.choice(["csv", "parquet"]), rng.choice(SEPARATORS)
    path = folder / f"a.{kind}"
    options = f"FORMAT csv, HEADER, DELIMITER '{separator}'" + rng.choice(["", ", FORCE_QUOTE *"])
    if kind == "parquet":
        options = f"FORMAT parquet, COMPRESSION {rng.choice(['snappy', 'zstd', 'gzip', 'uncompressed'])}"
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT {names} FROM frame) TO '{path}' ({options})")
    data = path.read_bytes()
    path.unlink()
    if kind == "parquet":
        return Written(packed(rng, path, data), cells, options)
    return _separated(packed(rng, path, data), cells, f"duckdb {options}")


def by_json(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """JSON lines or documents, from json and pandas."""
    cells = with_gaps(rng, cells)
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    how = rng.choice(["lines", "list", "indented", "lists", "columns", "records", "split", "pandas lines"])
    ascii_only = rng.random() < 0.5
    if how == "lines":
        text = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    elif how in ("list", "indented"):
        text = json.dumps(rows, ensure_ascii=ascii_only, indent=2 if how == "indented" else None)
    elif how == "lists":
        text = json.dumps(cells, ensure_ascii=ascii_only)
    else:
        frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in cells.items()})
        lines = how == "pandas lines"
        text = frame.to_json(orient="records" if lines else how, lines=lines, force_ascii=ascii_only)
    path = packed(rng, folder / f"a.{rng.choice(['json', 'jsonl']) if how != 'lists' else 'json'}", text.encode())
    if how in ("columns", "split") and ".jsonl" in path.name:
        path = path.rename(path.with_name("b.json" + path.name.partition(".jsonl")[2]))
    return Written(path, cells, f"json {how}")


def by_parquet(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """Parquet from pyarrow and pandas, beside columns that nest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = with_gaps(rng, cells)
    count = len(next(iter(cells.values())))
    columns: dict[str, Any] = {name: pa.array(v, rng.choice([pa.string(), pa.large_string(), pa.binary()]))
                               for name, v in cells.items()}
    columns["embedding"] = pa.array([[0.5, float(i)] for i in range(count)])
    columns["fixed"] = pa.array([[1, 2]] * count, pa.list_(pa.int8(), 2))
    columns["meta"] = pa.array([{"a": i, "b": [str(i)]} for i in range(count)])
    columns["map"] = pa.array([[("k", i)] for i in range(count)], pa.map_(pa.string(), pa.int64()))
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression=rng.choice(["snappy", "zstd", "gzip", "none"]),
                   use_dictionary=rng.random() < 0.5, row_group_size=rng.choice([1, 7, 1000]))
    return Written(packed(rng, folder / "a.parquet", out.getvalue()), cells, "parquet")


def by_excel(rng: random.Random, folder: Path, cells: Cells) -> Written:
    """openpyxl; a workbook knows no empty text, no formula that is a text, and no control characters."""
    import openpyxl

    book = openpyxl.Workbook(write_only=rng.random() < 0.5)
    sheet = book.create_sheet() if book.write_only else book.active

    def legal(value: str | None) -> str | None:
        kept = "".join(c for c in value or "" if c.isprintable() or c in "\n\t").lstrip("=")
        return kept or None

    cells = {name.lstrip("="): list(map(legal, values)) for name, values in cells.items()}
    sheet.append(list(cells))
    for row in zip(*cells.values(), strict=True):
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    cells = _without_empty_rows(cells)
    return Written(packed(rng, folder / "a.xlsx", out.getvalue()), cells, "xlsx", ("holds no rows",))


WRITERS: dict[str, Callable[[random.Random, Path, Cells], Written]] = {
    "csv": by_csv, "pandas": by_pandas, "pyarrow": by_pyarrow, "duckdb": by_duckdb, "json": by_json,
    "parquet": by_parquet, "excel": by_excel}


def _separated(path: Path, cells: Cells, how: str, encoding: str = "utf-8") -> Written:
    may = AMBIGUOUS
    if len(cells) == 1:
        may = (*may, "carriage return outside quotes", "cells, the header 1", "has 1 cell, the header",
               "holds no rows")
    if encoding == "cp1252":
        may = (*may, "is not UTF-8 text")
    return Written(path, {name: [v or "" for v in values] for name, values in cells.items()}, how, may)


def _without_lost_returns(cells: Cells) -> Cells:
    """Before Python 3.11.9 and 3.12.3, `csv` leaves a carriage return unquoted where lines end in another way: at the
    end of a row it becomes part of the line end, and what stood there is lost for everyone.
    """
    last = list(cells)[-1]
    return {(name.rstrip("\r") if name == last else name): [(v or "").rstrip("\r") for v in values]
            if name == last else values for name, values in cells.items()}


def _without_empty_rows(cells: Cells) -> Cells:
    rows = [row for row in zip(*cells.values(), strict=True) if any(row)]
    return {name: [row[i] for row in rows] for i, name in enumerate(cells)}
