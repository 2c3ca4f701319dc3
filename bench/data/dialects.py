"""How a file of separated values is written, decided only where one way of reading fits every line of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.core.errors import DataError
from bench.data.delimited import QUOTE, SEPARATORS, Attempt, CsvError, Dialect, attempt, rows, table_of
from bench.data.encodings import TextFile
from bench.data.table import TableFile

LITERAL = "quotes do not enclose texts in this file and are read as characters"
PLAIN = "\t|"  # files of these separators are often written without quoting
Settled = tuple[Attempt, list[str]]  # and notes


def delimited(text: TextFile, format: str, *, header: bool = True) -> TableFile:
    """The table in a text file of separated values: commas or tabs as its name says, else what fits every line.

    `header`: False where the first row is said to be data; where it certainly is, that is found out.

    Raises `DataError` naming the line that does not fit, or where the quote opens that does not close.
    """
    if text.empty:
        raise DataError(f"{text.path} is empty", "a header line and one row an example are needed")
    usual = "\t" if format == "tsv" else ","
    stated = _stated(text)
    if stated:
        settled, notes = _checked(_settle(text, Dialect(stated, skip=1)))
    else:
        settled, notes = _guessed(text, usual)
    separator = settled.dialect.separator
    if separator != usual:
        notes = [f"the columns are separated by {SEPARATORS.get(separator, repr(separator))}", *notes]
    return table_of(text, settled, format, notes, header=header)


def _stated(text: TextFile) -> str:
    """The separator of a first line such as sep=; that Excel writes and obeys."""
    with text.opened() as lines:
        line = next(lines, "").rstrip("\r\n")
    return line[4:] if line[:4].lower() == "sep=" and len(line) == 5 and line[4] not in '"\\' else ""


def _guessed(text: TextFile, usual: str) -> Settled:
    """The separator that is in the header and fits every line, the usual one or the only other."""
    own = _settle(text, Dialect(usual))
    others = [_settle(text, Dialect(other)) for other in SEPARATORS if other != usual and len(_header(text, other)) > 1]
    fitting = [found for found in [own, *others] if found[0].error is None and len(found[0].header) > 1]
    if len(fitting) > 1:
        names = " or ".join(SEPARATORS[found[0].dialect.separator] for found in fitting)
        raise DataError(f"{text.path}: the columns may be separated by {names}",
                        "every line fits both: quote all cells")
    if fitting:
        return fitting[0]
    # The header has other separators: the error is that of the one which fits most rows.
    likely = [found for found in [own, *others] if len(found[0].header) > 1]
    return _checked(max(likely, key=lambda found: found[0].rows, default=own))


def _checked(settled: Settled) -> Settled:
    if settled[0].error:
        raise settled[0].error
    return settled


def _header(text: TextFile, separator: str) -> list[str]:
    try:
        return next((row for _, _, row in rows(text, Dialect(separator)) if any(cell.strip() for cell in row)), [])
    except CsvError:
        return []


def _settle(text: TextFile, dialect: Dialect) -> Settled:
    """The way of reading with this separator that fits every line, and what to say of it; else its error."""
    quoted = attempt(text, dialect)
    several = len(quoted.header) > 1
    if several and "new-line character" in quoted.reason:  # then no line fits both ways: its halves would lack cells
        returns = attempt(text, replace(dialect, returns=True))
        quoted = quoted if returns.error else returns
    if not text.quotes:
        return (quoted, []) if quoted.error is None else _otherwise(text, quoted)
    plain = dialect.separator in PLAIN
    if several and (quoted.error or plain or quoted.lines > quoted.rows):
        literal = attempt(text, replace(quoted.dialect, quoted=False))
        if literal.error is None:
            marks = quote_marks(text, dialect.separator)
            if plain and (quoted.error or marks.stray):
                return literal, [LITERAL]
            if quoted.error is None and quoted.rows < literal.rows and (marks.stray or not marks.closed):
                return replace(quoted, error=DataError(f"{text.path}: the quote that opens in line {marks.opened} "
                                                       "takes in lines that look like rows", QUOTE)), []
    spaced = any(name[:1].isspace() and name.lstrip().startswith('"') for name in quoted.header)
    return (quoted, []) if quoted.error is None and not spaced else _otherwise(text, quoted)


def _otherwise(text: TextFile, quoted: Attempt) -> Settled:
    """Quotes written in another way, where that fits every line; else the error, with the line where a quote opens."""
    ways = [("blanks behind separators were taken away", replace(quoted.dialect, blanks=True))]
    if quoted.error:
        ways.insert(0, ("quotes inside texts are written \\\"", replace(quoted.dialect, escaped=True)))
        if attempt(text, replace(quoted.dialect, quoted=False)).error:  # else single quotes enclose nothing
            ways.append(("texts are enclosed in single quotes", replace(quoted.dialect, quote="'")))
    for words, dialect in ways:
        other = attempt(text, dialect)
        if other.error is None and (dialect.quote == '"' or (len(other.header) > 1 and other.lines == other.rows)):
            return other, [words]
    if quoted.error is None or not quoted.reason or "new-line character" in quoted.reason:
        return quoted, []
    marks = quote_marks(text, quoted.dialect.separator)
    if marks.wrong > marks.opened:
        words = f"the quote that opens in line {marks.opened} does not close before line {marks.wrong}"
    elif marks.wrong:
        words = f"line {marks.wrong} has a quote inside a quoted text that is not doubled"
    else:
        words = f"the quote that opens in line {marks.opened} never closes"
    return replace(quoted, error=DataError(f"{text.path}: {words}", QUOTE)), []


@dataclass(frozen=True)
class QuoteMarks:
    """What the quotes of a file look like from the first line to the first that breaks the rules."""

    stray: int = 0  # cells that hold a quote but are not quoted
    closed: int = 0  # quoted cells that end in their line
    opened: int = 0  # the line where the first quoted cell opens that does not, or the one that is wrong
    wrong: int = 0  # the line of a quote inside a quoted cell that is neither doubled nor its end


def quote_marks(text: TextFile, separator: str) -> QuoteMarks:
    """Count them by the rules of RFC 4180."""
    stray = closed = opened = first = 0
    with text.opened() as lines:
        for number, line in enumerate(lines, 1):
            if '"' not in line:
                continue
            for cell in line.rstrip("\r\n").split(separator):
                if not opened and not cell.startswith('"'):
                    stray += '"' in cell
                    continue
                body = cell if opened else cell[1:]
                opened = opened or number
                rest = body.replace('""', "")
                if not rest.count('"'):
                    continue
                if rest.count('"') > 1 or not body.endswith('"'):
                    return QuoteMarks(stray, closed, opened, number)
                closed += opened == number
                first, opened = first or (opened if opened < number else 0), 0
    return QuoteMarks(stray, closed, opened or first)
