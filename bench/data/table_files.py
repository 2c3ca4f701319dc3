"""One strict reader for every kind of table file: `open_table` is what each command reads a user's file with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.core.errors import BenchError, DataError
from bench.core.places import exists
from bench.data.table import Rows, TableFile

__all__ = ["FORMATS", "KINDS", "Rows", "TableFile", "format_of", "open_named", "open_table", "unpacked_name"]

FORMATS: Mapping[str, str] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                              ".json": "json", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx",
                              ".xlsm": "xlsx", ".txt": "txt"}
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
KINDS = "CSV, TSV, JSONL, JSON, Parquet or Excel (.xlsx), plain, .gz, .bz2, .xz, .zst or .zip"
LABELLED = "labelled"  # a label and its text in each line
NO_LIMIT = 1 << 40


def unpacked_name(name: str) -> str:
    """A file's name without the ending of what packed it: `a.csv` of `a.csv.gz`."""
    return next((name[: -len(ending)] for ending in PACKED if name.lower().endswith(ending)), name)


def format_of(path: Path) -> str | None:
    """The format that a file's name stands for, plain or packed; None where it does not say.

    "zip" where only the file inside can tell, and "txt" for a text a line.
    """
    inner = Path(unpacked_name(path.name).lower()).suffix
    return FORMATS.get(inner) or ("zip" if path.name.lower().endswith(".zip") else None)


def open_table(path: Path, format: str = "", *, labelled: bool = False, header: bool = True) -> TableFile:
    """Open a file and check it from the first to the last row; `format` is that of its name where not given.

    What the rows are is known when it returns: a CSV, TSV or JSON file of which one row is not as the others is refused
    before any is handed over. A file whose name does not say what it is must be a table in one way alone; so must a
    .txt file of which labels are wanted too (`labelled`). `header`: False where its first row is said to be data.

    Raises `BenchError` where the file is missing, `DataError` naming the line that is not as the others are, or what
    the file is instead of a table, and what to do about it.
    """
    from bench.data import unpacking

    if not exists(path):
        raise BenchError(f"no such file: {path}", f"a file is {KINDS}")
    if path.is_dir():
        raise _folder(path)
    format = format or format_of(path) or ""
    if format == "zip":
        unpacking.first_bytes(path)
        format = FORMATS.get(Path(unpacking.data_name(path, _is_data).lower()).suffix, "")
    if not format:
        format = _by_content(path)
    if format == "parquet":
        from bench.data.parquet_files import parquet_table

        return parquet_table(path, _is_data)
    if format == "xlsx":
        from bench.data.workbooks import workbook_table

        return workbook_table(path, _is_data, header=header)
    from bench.data.encodings import LINE, text_file

    text = text_file(path, _is_data, NO_LIMIT if format == "json" else LINE)
    if format in ("json", "jsonl"):
        from bench.data.json_files import json_table

        return json_table(text, format)
    if format == "txt" and not labelled:
        from bench.data.text_lines import line_table

        return line_table(text)
    from bench.data.dialects import delimited
    from bench.data.unnamed_files import unnamed_table

    if format in ("", "txt", LABELLED):
        return unnamed_table(text, header=header)
    return delimited(text, format, header=header)


def open_named(path: Path, names: Sequence[str | None], *, labelled: bool = False) -> TableFile:
    """As `open_table`, for a file of which the user named columns.

    A number that is no column's name, where the first row looks like data, says that there is no header.
    """
    table = open_table(path, labelled=labelled)
    if table.header_doubt and any(name and name.isdecimal() and name not in table.columns for name in names):
        return open_table(path, table.format, labelled=labelled, header=False)
    return table


def _by_content(path: Path) -> str:
    """The format of a file whose name does not say it, where its first bytes do."""
    from bench.data import unpacking

    if path.name.lower().endswith(".tgz") or unpacked_name(path.name).lower().endswith(".tar"):
        raise DataError(f"{path} is an archive of files", "unpack it and name the file that is meant")
    start = unpacking.first_bytes(path)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "xlsx" if start.startswith(b"PK") and unpacking.is_workbook(path) else ""


def _folder(path: Path) -> DataError:
    """The error for a folder: which files in it can be named, or how its parts become one."""
    try:
        names = sorted(entry.name for entry in path.iterdir() if _is_data(entry.name))
    except OSError:
        names = []
    if len(names) > 1 and {format_of(Path(name)) for name in names} == {"parquet"}:
        code = f"import pandas; pandas.read_parquet({str(path)!r}).to_parquet({path.name + '.parquet'!r})"
        return DataError(f"{path} is a folder of {len(names)} Parquet files, not one file",
                         f'name one of them, or make one of all: python -c "{code}"')
    hint = f"name one file in it, such as {path / names[0]}" if names else "name one file"
    return DataError(f"{path} is a folder", f"{hint}; --data-dir takes a folder")


def _is_data(name: str) -> bool:
    return format_of(Path(name)) not in (None, "zip")
