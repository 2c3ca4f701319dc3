"""The header of a table: names that are missing or there twice, and a first row that is data, or looks like it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import DataError
from bench.data.columns import rank, word_count
from bench.data.vocabulary import LABEL_NAMES, TEXT_NAMES

NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
WORDS = 8  # and more make a name a text
NUMBERED = "the first row is data and not names, so the columns are called by their numbers, 1 to {}"


@dataclass(frozen=True)
class Names:
    """Where each named column stands, counted from 0; names of more than one; what the user should know."""

    places: dict[str, int]
    twice: frozenset[str]
    notes: tuple[str, ...]


def names_of(path: Path, header: Sequence[str | None]) -> Names:
    """The names of a header.

    Raises `DataError` where no column has one.
    """
    names = [name if name and name.strip() else "" for name in header]
    counts = Counter(filter(None, names))
    if not counts:
        raise DataError(f"{path}: no column has a name", "a first line with names is needed, such as text,label")
    nameless = names.count("")
    notes = [f"{count} columns are called {name!r}" for name, count in counts.items() if count > 1]
    if nameless == 1 and not names[0]:
        notes.append("the first column has no name (row numbers?) and is not read")
    elif nameless:
        notes.append(f"{nameless} column{'s have' if nameless > 1 else ' has'} no name and "
                     f"{'are' if nameless > 1 else 'is'} not read")
    return Names({name: names.index(name) for name in counts},
                 frozenset(name for name, count in counts.items() if count > 1), tuple(notes))


def numbered(header: Sequence[str | None]) -> Names:
    """The names of columns that have none: their numbers."""
    return Names({str(at + 1): at for at in range(len(header))}, frozenset(), (NUMBERED.format(len(header)),))


def is_data(header: Sequence[str | None], rows: Sequence[Sequence[str | None]]) -> bool:
    """Whether a first row is certainly data: it holds a text, and beside it a class that other rows hold too.

    A header that comes again as a whole, as where files were joined, is a header.
    """
    if len(header) < 2 or list(header) in [list(row) for row in rows]:
        return False
    columns = [[row[at] if at < len(row) else None for row in rows] for at in range(len(header))]
    classes = [at for at, name in enumerate(header) if name and name.strip() and name in columns[at]
               and len(set(columns[at])) * 2 <= max(len(rows), 4)]
    texts = [at for at, name in enumerate(header) if at not in classes and name and word_count(name) > WORDS]
    return bool(classes and texts)


def numeric_columns(first: Mapping[str, Sequence[str | None]]) -> frozenset[str]:
    """The columns whose first cells are numbers or dates, as far as there are any."""
    filled = {name: [cell.strip() for cell in cells if cell and cell.strip()] for name, cells in first.items()}
    return frozenset(name for name, cells in filled.items() if cells and all(map(NUMBER.fullmatch, cells)))


def header_doubt(first: Mapping[str, Sequence[str | None]], width: int) -> str:
    """Why the names look like a row of data or a title, and what to do about it; nothing where they look like names.

    `width`: how many columns the rows have.
    """
    known = any(rank(name, groups) is not None for name in first for groups in (TEXT_NAMES, LABEL_NAMES))
    if len(first) == 1 < width and not known:
        return (f"the first row looks like a title, not names: {next(iter(first))[:40]!r} stands alone above {width} "
                "columns; take out what stands above the names of the columns")
    for name, cells in first.items():
        shown = repr(name.strip()[:40])
        if word_count(name) > WORDS or "\n" in name.strip():
            why = f"{shown} is long for a name"
        elif NUMBER.fullmatch(name.strip()):
            why = f"{shown} is a number"
        elif name in cells and not known:
            why = f"{shown} is also a value of its column"
        else:
            continue
        return (f"the first row looks like data, not names: {why}; where it is data, name columns by numbers, such as "
                "--label-column 1 --text-column 2, or put a row of names above it")
    return ""
