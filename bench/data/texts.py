"""Texts to be classified, a batch at a time: a file of any size needs no more memory than its longest rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.core.errors import DataError
from bench.data import columns
from bench.data.table import BATCH, LONGEST, TableFile
from bench.data.table_files import open_table
from bench.data.text_lines import line_rows
from bench.data.vocabulary import TEXT_NAMES


@dataclass(frozen=True)
class Texts:
    """One column of a file."""

    table: TableFile
    column: str

    def sentence(self) -> str:
        """Where the texts come from, and what had to be detected to read them."""
        where = "one text per line" if self.table.format == "txt" else f"texts from the column {self.column!r}"
        return "; ".join([f"{self.table.path.name}: {where}", *self.table.notes])

    def batches(self, size: int = BATCH) -> Iterator[list[str]]:
        """The texts in the order of the rows; one that is missing is "".

        Raises `DataError` naming the row of what is no text.
        """
        for rows in self.table.batches([self.column], size):
            for at, reason in rows.faults.items():
                raise DataError(f"{self.table.path}: {self.table.unit} {rows.places[at]} has {reason}",
                                "a row needs one text")
            yield [cell or "" for cell in rows.cells[self.column]]


def read_texts(path: Path, column: str | None = None) -> Texts:
    """Open a table file or a .txt file of one text per line; `column` is guessed where it is None.

    Raises `BenchError` where the file is missing or of no known kind, `DataError` for a line that cannot be read, and
    where the column is not there or cannot be guessed.
    """
    table = open_table(path)
    if column is None:
        return Texts(table, guessed_column(table))
    return Texts(table, columns.named_column(column, table.columns, str(path), "text"))


def guessed_column(table: TableFile) -> str:
    """The column whose name and content say that it holds the texts, or the only one; never one of numbers."""
    if len(table.columns) == 1 and not table.numeric and not table.header_doubt:
        return table.columns[0]
    return columns.text_column(columns.sampled(table, TEXT_NAMES), None, str(table.path), table.header_doubt)


def lines(file: IO[str], name: str, size: int = BATCH) -> Iterator[list[str]]:
    """The texts of an open file, one per line; as they come, so that a pipe can be read."""
    for rows in line_rows(iter(lambda: file.readline(LONGEST + 2), ""), name, size):
        yield [cell or "" for cell in rows.cells["text"]]
