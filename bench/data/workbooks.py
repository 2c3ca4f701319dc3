"""Excel workbooks (.xlsx): the first sheet that holds anything, row by row."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core.errors import DataError, MissingExtra
from bench.data.archives import BROKEN, bomb, bound, broken
from bench.data.cells import batched, cell_of
from bench.data.headers import header_doubt, is_data, names_of, numbered, numeric_columns
from bench.data.table import COLUMNS, SAMPLE, Rows, TableFile
from bench.data.unpacking import first_bytes, seekable
from bench.data.workbook_limits import RATIO, ROWS, SLACK, check_parts


def workbook_table(path: Path, is_table: Callable[[str], bool], *, header: bool = True) -> TableFile:
    """The table in a workbook; rows are numbered as Excel numbers them.

    `header`: False where the first row is said to be data; where it certainly is, that is found out.
    Raises `MissingExtra` without openpyxl, `DataError` for what is no workbook or too large.
    """
    limit = min(bound(path), RATIO * path.stat().st_size + SLACK) if path.is_file() else 0
    with _sheet(path, is_table, limit) as (sheet, others):
        filled = _filled(sheet)
        start, row = next(filled, (0, []))
        head = list(map(_shown, row))
        if len(head) > COLUMNS:
            raise DataError(f"{path} has {len(head)} columns", f"at most {COLUMNS}")
        beside: list[str] = []
        first: list[Sequence[object]] = []
        count = total = 0
        for place, values in filled:
            if len(values) > len(head) and not beside:
                beside.append(f"cells beside the columns that row {start} names, as in row {place}, are not read")
            count += 1
            total += sum(len(value) for value in values if isinstance(value, str))
            if total > limit:
                raise bomb(path, limit)
            if count <= SAMPLE:
                first.append(values)
        title = sheet.title
    header = header and not is_data(head, [list(map(_shown, values)) for values in first])
    names = names_of(path, head) if header else numbered(head)
    if not count and header:
        raise DataError(f"{path} holds no rows", "is it the right file?")

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        with _sheet(path, is_table, limit) as (sheet, _):
            filled = _filled(sheet)
            if header:
                next(filled, None)
            rows = ((place, [_at(values, names.places[name]) for name in asked]) for place, values in filled)
            yield from batched(path, "row", rows, asked, size)

    first = first if header else [row, *first]
    cells = {name: [_shown(_at(values, at)) for values in first] for name, at in names.places.items()}
    notes = [f"the sheet {title!r} was read, not {', '.join(map(repr, others))}"] if others else []
    return TableFile(path, "xlsx", tuple(names.places), stream, "row", (*notes, *names.notes, *beside), {},
                     numeric_columns(cells), names.twice,
                     header_doubt(cells, max(map(len, first), default=0)) if header else "", header)


@contextmanager
def _sheet(path: Path, is_table: Callable[[str], bool], limit: int) -> Iterator[tuple[Any, list[str]]]:
    """The first sheet that holds anything, and the names of the others that do."""
    first_bytes(path)
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingExtra("openpyxl, which reads Excel workbooks,", "excel") from None
    with seekable(path, is_table, workbook=True) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that no text depends on
        try:
            check_parts(path, stream, limit)
            book = load_workbook(stream, read_only=True, data_only=True)
            try:
                filled = [sheet for sheet in book.worksheets if next(_filled(sheet), None)]
                if not filled:
                    raise DataError(f"{path} is empty", "a row of names and one row an example are needed")
                yield filled[0], [sheet.title for sheet in filled[1:]]
            finally:
                book.close()
        except DataError:
            raise
        except (*BROKEN, KeyError, TypeError, IndexError, AttributeError, SyntaxError) as error:  # of a damaged book
            raise broken(path, error) from None


def _filled(sheet: Any) -> Iterator[tuple[int, list[object]]]:
    """The rows that hold anything, up to their last cell that does."""
    sheet.reset_dimensions()  # some programs write wrong ones
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        values = list(row)
        while values and (values[-1] is None or values[-1] == ""):
            values.pop()
        if number > ROWS:
            raise ValueError(f"more than {ROWS:,} rows")
        if values:
            yield number, [v.replace("_x000D_", "\r") if isinstance(v, str) else v for v in values]


def _at(values: Sequence[object], place: int) -> object:
    return values[place] if place < len(values) else None


def _shown(value: object) -> str | None:
    try:
        return cell_of(value)
    except (ValueError, TypeError):
        return None
