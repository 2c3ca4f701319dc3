"""A table in memory, such as a pandas DataFrame, as a table that the rules for files are applied to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.errors import BenchError, DataError
from bench.core.names import name_of
from bench.data.cells import batched
from bench.data.headers import names_of, numeric_columns
from bench.data.table import COLUMNS, SAMPLE, Rows, TableFile

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "frame"  # in place of the format of a file
UNNAMED = "dataframe"  # the task's name where the user gives none


def is_frame(value: object) -> bool:
    """Whether a value is a table in memory: a pandas DataFrame, or what can become one (polars, Arrow, datasets)."""
    return hasattr(value, "to_pandas") or (hasattr(value, "columns") and hasattr(value, "iloc"))


def table_of(value: Any, name: str = "") -> TableFile:
    """The table of a DataFrame; its index is not read. `name` becomes the task's name.

    Raises `DataError` for a frame without rows, without names, or with names of several levels, and `BenchError` for a
    name without a letter or digit.
    """
    if name and not name_of(name):
        raise BenchError(f"a DataFrame cannot be called {name!r}", "a name has letters or digits")
    frame: pd.DataFrame = value.to_pandas() if hasattr(value, "to_pandas") else value
    path = Path(name_of(name) or UNNAMED)
    if frame.columns.nlevels > 1:
        raise DataError(f"{path}: the columns of the DataFrame have names of {frame.columns.nlevels} levels",
                        "join them to one name each, or select the columns of texts and labels")
    if len(frame.columns) > COLUMNS:
        raise DataError(f"{path} has {len(frame.columns)} columns", f"at most {COLUMNS}")
    if not len(frame):
        raise DataError(f"{path} holds no rows", "is it the right DataFrame?")
    names = names_of(path, [None if name is None or name != name else str(name) for name in frame.columns])

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        columns = [_values(frame.iloc[:, names.places[name]]) for name in asked]
        return batched(path, "row", enumerate(zip(*columns, strict=True), 1), asked, size)

    first = {name: _texts(frame.iloc[:SAMPLE, at]) for name, at in names.places.items()}
    return TableFile(path, FORMAT, tuple(names.places), stream, "row", names.notes, {}, numeric_columns(first),
                     names.twice)


def _values(column: pd.Series[Any]) -> list[object]:
    """The values of a column as they would stand in a CSV file, before they become cells; None where there is none."""
    if str(column.dtype) in ("float16", "float32"):  # 0.1 in 32 bits is 0.1, not 0.10000000149
        column = column.astype(str).astype("float64")
    missing = column.isna().tolist()
    return [None if absent else _plain(value) for value, absent in zip(column.tolist(), missing, strict=True)]


def _plain(value: Any) -> object:
    if hasattr(value, "tolist"):  # a number or an array of NumPy
        value = value.tolist()
    return str(value) if isinstance(value, bool) else value


def _texts(column: pd.Series[Any]) -> list[str | None]:
    return [None if value is None else str(value) for value in _values(column)]
