"""Texts to be classified, a batch at a time: a file of any size needs no more memory than its longest rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.core.errors import DataError
from bench.data import columns
from bench.data.table import BATCH, LONGEST, TableFile
from bench.data.table_files import open_named
from bench.data.text_lines import line_rows
from bench.data.vocabulary import TEXT_NAMES


@dataclass(frozen=True)
class Texts:
    """One column of a file."""

    table: TableFile
    column: str
    kept: tuple[str, ...] = ()  # columns that go along

    def sentence(self) -> str:
        """Where the texts come from, and what had to be detected to read them."""
        where = "one text per line" if self.table.format == "txt" else f"texts from the column {self.column!r}"
        return "; ".join([f"{self.table.path.name}: {where}", *self.table.notes])

    def batches(self, size: int = BATCH) -> Iterator[list[str]]:
        """The texts in the order of the rows; one that is missing is "".

        Raises `DataError` naming the row of what is no text.
        """
        return (texts for texts, _ in self.with_kept(size))

    def with_kept(self, size: int = BATCH) -> Iterator[tuple[list[str], list[tuple[str | None, ...]]]]:
        """As `batches`, with the cells of the kept columns for each text."""
        for rows in self.table.batches([self.column, *self.kept], size):
            for at, reason in rows.faults.items():
                where = "a row needs one text" + (", and one value in each column that is kept" if self.kept else "")
                raise DataError(f"{self.table.path}: {self.table.unit} {rows.places[at]} has {reason}", where)
            kept = [rows.cells[name] for name in self.kept]
            yield ([cell or "" for cell in rows.cells[self.column]],
                   list(zip(*kept, strict=True)) if kept else [()] * len(rows.places))


def read_texts(path: Path, column: str | None = None, likely: str | None = None, keep: Sequence[str] = ()) -> Texts:
    """Open a table file or a .txt file of one text per line; `column` is guessed where it is None.

    `likely` is taken before a guess where it is there: the column that a model was made from. `keep` are columns whose
    cells are wanted beside the texts.

    Raises `BenchError` where the file is missing or of no known kind, `DataError` for a line that cannot be read, and
    where the column is not there or cannot be guessed.
    """
    table = open_named(path, (column, likely, *keep))
    if column is not None:
        column = columns.named_column(column, table.columns, str(path), "--text-column")
    else:
        column = likely if likely in table.columns else guessed_column(table)
    kept = tuple(dict.fromkeys(columns.named_column(name, table.columns, str(path), "--keep") for name in keep))
    return Texts(table, column, kept)


def guessed_column(table: TableFile) -> str:
    """The column whose name and content say that it holds the texts, or the only one; never one of numbers."""
    if len(table.columns) == 1 and not table.numeric and not table.header_doubt:
        return table.columns[0]
    if {"text", "label"} <= set(table.columns) and any(name.startswith("p_") for name in table.columns):
        return "text"  # what `bench predict` wrote, however short its texts are
    return columns.text_column(columns.sampled(table, TEXT_NAMES), None, str(table.path), table.header_doubt)


def lines(file: IO[str], name: str, size: int = BATCH) -> Iterator[list[str]]:
    """The texts of an open file, one per line; as they come, so that a pipe can be read."""
    for rows in line_rows(iter(lambda: file.readline(LONGEST + 2), ""), name, size):
        yield [cell or "" for cell in rows.cells["text"]]
