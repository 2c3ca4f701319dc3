"""A text file of one text a line: a table of one column, called text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.core.errors import DataError
from bench.data.encodings import TextFile
from bench.data.table import LONGEST, Rows, TableFile
from bench.data.unpacking import most_rows, too_many_rows


def line_table(text: TextFile) -> TableFile:
    """Every line is a row, an empty one too."""
    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        most = most_rows(text.path)
        with text.opened() as file:
            for rows in line_rows(file, str(text.path), size):
                if rows.places[-1] > most:
                    raise too_many_rows(text.path)
                yield rows

    return TableFile(text.path, "txt", ("text",), stream, "line", text.notes)


def line_rows(file: Iterable[str], name: str, size: int) -> Iterator[Rows]:
    """The lines of `file` without their ends, `size` at a time."""
    batch = Rows([], {"text": []})
    for number, line in enumerate(file, 1):
        if len(line) > LONGEST or "\0" in line:
            what = "holds a NUL" if "\0" in line else f"has more than {LONGEST:,} characters"
            raise DataError(f"{name}: line {number} {what}", "one text a line")
        batch.places.append(number)
        batch.cells["text"].append(line.rstrip("\r\n"))
        if len(batch.places) == size:
            yield batch
            batch = Rows([], {"text": []})
    if batch.places:
        yield batch
