"""A value of a typed file (JSON, Parquet, Excel) becomes the text of a cell, the same one from every format."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.core.errors import DataError
from bench.data.table import LONGEST, Rows

EXACT = 1 << 53  # below it every integral float is one integer


class Fault(ValueError):
    """Why a value cannot be one cell, although others of its column can."""


def cell_of(value: object) -> str | None:
    """Text as it stands; 1 and 1.0 are '1', True is 'true', a date is 2024-05-31; None and NaN are None.

    A list of one value and Label Studio's {"choices": [value]} are that value; an empty list is None. Half a surrogate
    pair, an emoji cut in two, becomes U+FFFD. Raises `Fault` for a list of several texts and for a text with a NUL, and
    `TypeError` for a structure.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, decimal.Decimal):
        return None if value.is_nan() else f"{value.normalize():f}" if value.is_finite() else str(value)
    if isinstance(value, datetime.datetime):
        return str(value.date()) if value.time() == datetime.time() and not value.tzinfo else value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    if isinstance(value, bytes):
        return _text(_decoded(value))
    if isinstance(value, list):
        return _member(value)
    if isinstance(value, dict) and set(value) == {"choices"} and isinstance(value["choices"], list):
        return _member(value["choices"])
    raise TypeError("a structure" if isinstance(value, dict) else f"a {type(value).__name__}")


def batched(path: Path, unit: str, rows: Iterable[tuple[int, Sequence[object]]], columns: Sequence[str],
            size: int) -> Iterator[Rows]:
    """Rows of values, each with its place, as `Rows` of at most `size`."""
    batch = Rows([], {name: [] for name in columns})
    for place, values in rows:
        for name, value in zip(columns, values, strict=True):
            try:
                cell = cell_of(value)
            except Fault as fault:
                cell = None
                batch.faults[len(batch.places)] = f"{fault} in {name!r}"
            except TypeError as error:
                raise DataError(f"{path}: {unit} {place} has {error} in the column {name!r}, no text",
                                "is it the right column? name another with --text-column or --label-column") from None
            if cell is not None and len(cell) > LONGEST:
                raise too_long(path, unit, place, name, len(cell))
            batch.cells[name].append(cell)
        batch.places.append(place)
        if len(batch.places) == size:
            yield batch
            batch = Rows([], {name: [] for name in columns})
    if batch.places:
        yield batch


def too_long(path: Path, unit: str, place: int, name: str, length: int) -> DataError:
    """The error for a cell that is longer than any text."""
    return DataError(f"{path}: {unit} {place} has {length:,} characters in the column {name!r}",
                     f"at most {LONGEST:,}; is it one text?")


def _text(value: str) -> str:
    if "\0" in value:
        raise Fault("a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    return value


def _number(value: float) -> str | None:
    if value != value:
        return None
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise TypeError("bytes that are no UTF-8 text") from None


def _member(values: list[object]) -> str | None:
    if len(values) == 1:
        return cell_of(values[0])
    if not values:
        return None
    if all(isinstance(value, str) for value in values):
        raise Fault(f"{len(values)} values")
    raise TypeError(f"a list of {len(values)}")
