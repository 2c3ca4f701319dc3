"""One strict reader for every kind of table file: `open_table` is what each command reads a user's file with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.core.errors import BenchError
from bench.data.table import Rows, TableFile

__all__ = ["FORMATS", "KINDS", "Rows", "TableFile", "format_of", "open_table"]

FORMATS: Mapping[str, str] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                              ".json": "json", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx",
                              ".xlsm": "xlsx", ".txt": "txt"}
KINDS = "CSV, TSV, JSONL, JSON, Parquet or Excel (.xlsx), plain, .gz or .zip"
NO_LIMIT = 1 << 40


def format_of(path: Path) -> str | None:
    """The format that a file's name stands for, plain or packed; None where it is not a data file's.

    "zip" where only the file inside can tell, and "txt" for a text a line.
    """
    name = path.name.lower()
    inner = Path(name.removesuffix(".gz").removesuffix(".zip")).suffix
    return FORMATS.get(inner) or ("zip" if name.endswith(".zip") else None)


def open_table(path: Path, format: str = "") -> TableFile:
    """Open a file and check it from the first to the last row; `format` is that of its name where not given.

    What the rows are is known when it returns: a CSV, TSV or JSON file of which one row is not as the others is refused
    before any is handed over. Raises `BenchError` where the file is missing or of no known kind, `DataError` naming the
    line that is not as the others are and what to do about it.
    """
    from bench.data import unpacking

    if not _exists(path):
        raise BenchError(f"no such file: {path}", f"a file is {KINDS}")
    format = format or format_of(path) or ""
    if format == "zip":
        format = FORMATS.get(Path(unpacking.data_name(path, _is_data).lower()).suffix, "")
    if format not in FORMATS.values():
        if path.is_dir():
            unpacking.first_bytes(path)
        hint = "save it as .xlsx or CSV" if path.suffix.lower() == ".xls" else \
            f"{KINDS}: give it a name that ends so, such as {path.stem}.csv"
        raise BenchError(f"{path} is of no known kind", hint)
    if format == "parquet":
        from bench.data.parquet_files import parquet_table

        return parquet_table(path, _is_data)
    if format == "xlsx":
        from bench.data.workbooks import workbook_table

        return workbook_table(path, _is_data)
    from bench.data.encodings import LINE, text_file

    text = text_file(path, _is_data, NO_LIMIT if format == "json" else LINE)
    if format in ("json", "jsonl"):
        from bench.data.json_files import json_table

        return json_table(text, format)
    if format == "txt":
        from bench.data.text_lines import line_table

        return line_table(text)
    from bench.data.dialects import delimited

    return delimited(text, format)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _is_data(name: str) -> bool:
    return format_of(Path(name)) not in (None, "zip")
