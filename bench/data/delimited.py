"""Separated values (CSV, TSV and their kin): every row has as many cells as the header, or the file is refused."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.core.errors import DataError
from bench.data.encodings import TextFile
from bench.data.headers import header_doubt, is_data, names_of, numbered, numeric_columns
from bench.data.table import COLUMNS, LONGEST, SAMPLE, Rows, TableFile
from bench.data.unpacking import most_rows, too_many_rows

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
BLANK_LINES = 10_000
# Halves of surrogate pairs, which no decoded file holds, stand in for what `csv` would take for more than a character.
STAND_INS = {"\r": "\ud800", "\\": "\ud801", '"': "\ud802"}
QUOTE = "quote texts that hold separators, quotes or line ends, and double the quotes inside"


@dataclass(frozen=True)
class Dialect:
    """How the cells of a line are told apart."""

    separator: str
    quoted: bool = True  # False: a quote is a character like others
    quote: str = '"'
    escaped: bool = False  # a quote inside a quoted cell is a backslash and a quote
    blanks: bool = False  # blanks behind a separator are none of the cell's
    returns: bool = False  # a carriage return that ends no line belongs to its text
    skip: int = 0  # lines before the header


@dataclass(frozen=True)
class Attempt:
    """What came of reading a whole file in one dialect."""

    dialect: Dialect
    header: list[str]
    first: list[list[str]]  # rows
    rows: int = 0  # that were read, to the error where there is one
    lines: int = 0  # that those rows take
    blank: int = 0  # lines between rows
    error: DataError | None = None
    reason: str = ""  # in the words of `csv`, where the error is one of a quote or line end


def rows(text: TextFile, dialect: Dialect) -> Iterator[tuple[int, int, list[str]]]:
    """Each row with its first and last line; raises `csv.Error`."""
    csv.field_size_limit(LONGEST)
    with text.opened() as lines:
        for _ in range(dialect.skip):
            next(lines, "")
        reader = csv.reader(_shielded(lines, dialect), delimiter=dialect.separator, strict=True,
                            quotechar=dialect.quote, skipinitialspace=dialect.blanks,
                            quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE)
        start = 1 + dialect.skip
        try:
            for row in reader:
                if dialect.returns or dialect.escaped:
                    row = [_restored(cell) for cell in row]
                yield start, reader.line_num + dialect.skip, row
                start = reader.line_num + dialect.skip + 1
        except csv.Error as error:
            raise CsvError(str(error), start, reader.line_num + dialect.skip) from None


def _shielded(lines: Iterator[str], dialect: Dialect) -> Iterator[str]:
    if dialect.returns:
        lines = (_kept_returns(line) for line in lines)
    if dialect.escaped:
        lines = (line.replace("\\\\", STAND_INS["\\"]).replace('\\"', STAND_INS['"']) for line in lines)
    return lines


def _kept_returns(line: str) -> str:
    body = line.rstrip("\r\n")
    return body.replace("\r", STAND_INS["\r"]) + line[len(body):]


def _restored(cell: str) -> str:
    for character, stand_in in STAND_INS.items():
        cell = cell.replace(stand_in, character)
    return cell


class CsvError(Exception):
    """Why a row cannot be read, where it begins, and the line where that shows."""

    def __init__(self, reason: str, first: int, line: int) -> None:
        """Keep them."""
        super().__init__(reason)
        self.reason, self.first, self.line = reason, first, line


def _of_csv(text: TextFile, error: CsvError) -> DataError:
    if "field larger" in error.reason:
        return DataError(f"{text.path}: the row that begins in line {error.first} has a text of more than {LONGEST:,} "
                         "characters", "is a quote missing?")
    if "new-line character" in error.reason:
        return DataError(f"{text.path}: line {error.line} holds a carriage return outside quotes", QUOTE)
    return DataError(f"{text.path}: line {error.line}: {error.reason}", QUOTE)


def attempt(text: TextFile, dialect: Dialect) -> Attempt:
    """Read all rows; the first that is not as the header says ends it with an error."""
    result = Attempt(dialect, [], [])
    header: list[str] | None = None
    count = lines = blank = gap = 0
    most = most_rows(text.path)
    try:
        for first, last, row in rows(text, dialect):
            if not row or (len(row) == 1 and row[0].isspace() and last == first and (header is None or header[1:])):
                gap += 1
                if gap > BLANK_LINES:
                    raise DataError(f"{text.path}: line {last} is one of more than {BLANK_LINES:,} blank lines",
                                    "is it the right file?")
                continue
            if header is None:
                header, gap = row, 0
                result = replace(result, header=header)
                if len(header) > COLUMNS:
                    raise DataError(f"{text.path} has {len(header)} columns", f"at most {COLUMNS}")
                continue
            if len(row) != len(header):
                return replace(result, rows=count, error=_ragged(text, dialect, first, row, header))
            if last - first > 10 and (doubt := _swallowed(text, dialect, first, row)):
                return replace(result, rows=count, error=doubt)
            count, lines, blank, gap = count + 1, lines + last - first + 1, blank + gap, 0
            if count > most:
                raise too_many_rows(text.path)
            if count <= SAMPLE:
                result.first.append(row)
    except DataError as error:
        return replace(result, rows=count, error=error)
    except CsvError as error:
        reason = "" if "field larger" in error.reason else error.reason
        return replace(result, rows=count, reason=reason, error=_of_csv(text, error))
    if header is None:
        return replace(result, error=DataError(f"{text.path} is empty",
                                               "a header line and one row an example are needed"))
    return replace(result, rows=count, lines=lines, blank=blank)


def table_of(text: TextFile, settled: Attempt, format: str, notes: Sequence[str], *,
             header: bool = True) -> TableFile:
    """The table of a file whose dialect is known; `header` is False where its first row is said to be data."""
    header = header and not is_data(settled.header, settled.first)
    names = names_of(text.path, settled.header) if header else numbered(settled.header)
    columns, places = tuple(names.places), names.places
    if not settled.rows and header:
        raise DataError(f"{text.path} holds no rows", "is it the right file?")
    if settled.blank:
        notes = [*notes, f"{settled.blank:,} blank line{'s' * (settled.blank > 1)} between rows passed over"]

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        wanted = [(name, places[name]) for name in asked]
        batch = Rows([], {name: [] for name in asked})
        width, seen = len(settled.header), not header
        try:
            for first, _, row in rows(text, settled.dialect):
                if not seen:
                    seen = row == settled.header
                    continue
                if len(row) != width:
                    if not row or (len(row) == 1 and row[0].isspace()):
                        continue
                    raise DataError(f"{text.path} changed while it was read: line {first}", "run it again")
                batch.places.append(first)
                for name, at in wanted:
                    batch.cells[name].append(row[at])
                if len(batch.places) == size:
                    yield batch
                    batch = Rows([], {name: [] for name in asked})
        except CsvError as error:
            raise DataError(f"{text.path} changed while it was read: line {error.line}", "run it again") from None
        if batch.places:
            yield batch

    first_rows = settled.first if header else [settled.header, *settled.first]
    first = {name: [row[places[name]] for row in first_rows] for name in columns}
    return TableFile(text.path, format, columns, stream, "line", (*text.notes, *notes, *names.notes), {},
                     numeric_columns(first), names.twice, header_doubt(first, len(settled.header)) if header else "",
                     header)


def _ragged(text: TextFile, dialect: Dialect, line: int, row: list[str], header: list[str]) -> DataError:
    more = len(row) - len(header)
    if more == 1 and not row[-1]:
        hint = f"the line ends in a separator ({dialect.separator!r}) that the header lacks"
    elif len(header) == 1:
        hint = f"is {header[0][:40]!r} a title? take out what stands above the names of the columns"
    elif more == 1 and row[0].isdigit() and line == 2:
        hint = "are the first cells row names, as R writes them? give them a name in the header"
    else:
        hint = "a cell is missing, or a text goes on in the next line without quotes around it" if more < 0 else QUOTE
    cells = f"{len(row)} cell" + "s" * (len(row) != 1)
    return DataError(f"{text.path}: line {line} has {cells}, the header {len(header)}", hint)


def _swallowed(text: TextFile, dialect: Dialect, line: int, row: list[str]) -> DataError | None:
    """The error for a quoted cell of many lines that are all rows by themselves: its quote was hardly meant."""
    cell = max(row, key=lambda cell: cell.count("\n"))
    inside = cell.split("\n")[1:-1]
    if len(row) < 2 or len(inside) < 10 or any(part.count(dialect.separator) != len(row) - 1 for part in inside):
        return None
    return DataError(f"{text.path}: the quote that opens in line {line} takes in {len(inside)} lines that look like "
                     "rows", "close it in its own line, or take it out")
