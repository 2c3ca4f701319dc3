"""What a reader makes of a file: its columns, its rows as text, and what had to be detected to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.core.errors import DataError

COLUMNS = 1_000  # of one file
LONGEST = 10_000_000  # characters of a cell
BATCH = 1_024  # rows that are handed over together
SAMPLE = 200  # rows by which a column is judged when a file is opened


@dataclass(frozen=True)
class Rows:
    """Rows that follow one another in a file.

    `places[i]` says where row i begins: the line of a text file or the row of a Parquet file or sheet, counted from 1.
    `cells[column][i]` is its cell: text as it stands in the file, the canonical text of a number, date or boolean
    (1 and not 1.0, true and not True), or None where the file has no value (JSON null or a key that is not there,
    Parquet null, an empty cell of a sheet). An empty cell of a CSV file is "".
    `faults[i]` says why a cell of row i is None although the file holds something: a list of several values.
    """

    places: list[int]
    cells: dict[str, list[str | None]]
    faults: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableFile:
    """A file that was opened and found to be a table; no row of it is in memory.

    `columns`: the names as they stand, each once; a column without a name is not among them (a note says so).
    `notes`: sentences about what was detected or passed over, for the user ("the columns are separated by ;").
    `label_names`: column → the names that the file stores for the values 0, 1, … (Hugging Face's ClassLabel; there
    -1 stands for no label).
    `numeric`: columns whose first rows hold numbers, dates or booleans alone: hardly the texts.
    `twice`: names that more than one column has; such a column cannot be read.
    `header_doubt`: why the header line looks like a row of data and what to do then ("" where it does not); for the
    error where no column can be guessed.
    `header`: False where the file has no line of names; then the columns are called 1, 2, 3, …
    `unit`: what `Rows.places` counts, "line" or "row".
    """

    path: Path
    format: str  # a key of table_files.FORMATS
    columns: tuple[str, ...]
    stream: Callable[[Sequence[str], int], Iterator[Rows]] = field(repr=False)
    unit: str = "line"
    notes: tuple[str, ...] = ()
    label_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numeric: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    header_doubt: str = ""
    header: bool = True

    def batches(self, columns: Sequence[str], size: int = BATCH) -> Iterator[Rows]:
        """The file's rows from the first to the last, at most `size` at a time; only `columns` are read.

        Raises `DataError` naming the line or row that cannot be read, and for a column that is not there, stands
        there twice, or holds what is no text (a structure, an embedding).
        """
        for name in columns:
            if name not in self.columns:
                raise DataError(f"{self.path} has no column {name!r}", f"its columns: {', '.join(self.columns)[:300]}")
            if name in self.twice:
                raise DataError(f"{self.path} has two columns called {name!r}", "rename one of them")
        yield from self.stream(tuple(dict.fromkeys(columns)), size)

    def read(self, columns: Sequence[str]) -> Rows:
        """As `batches`, all rows at once."""
        whole = Rows([], {name: [] for name in columns})
        for rows in self.batches(columns):
            whole.faults.update({len(whole.places) + i: reason for i, reason in rows.faults.items()})
            whole.places.extend(rows.places)
            for name, cells in rows.cells.items():
                whole.cells[name].extend(cells)
        return whole

    def called(self, name: str) -> TableFile:
        """The same table under the name by which its user knows it, in place of its path in the cache."""
        def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
            with errors_of(self.path, name):
                yield from self.stream(asked, size)

        return replace(self, path=Path(name), stream=stream)

    def sample(self, columns: Sequence[str], size: int = SAMPLE) -> Rows:
        """The first rows."""
        return next(self.batches(columns, size), Rows([], {name: [] for name in columns}))


@contextmanager
def errors_of(path: Path, name: str) -> Iterator[None]:
    """A `DataError` about a file of the cache says the name by which the user knows it."""
    try:
        yield
    except DataError as error:
        raise DataError(error.message.replace(str(path), name), error.hint.replace(str(path), name)) from None
