"""JSON tables: one object a line (JSONL), or one document that is a list of objects or a list per column."""

from __future__ import annotations

import gc
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, Any

from bench.core.errors import DataError
from bench.data.cells import batched
from bench.data.encodings import TextFile
from bench.data.headers import numeric_columns
from bench.data.label_studio import flattened
from bench.data.table import COLUMNS, SAMPLE, Rows, TableFile
from bench.data.unpacking import most_rows, too_many_rows

CHUNK = 1 << 18  # characters read at once
WHITE = re.compile(r"[ \t\r\n]*")
START = 1 << 20  # characters of a first line by which the kind of a document is known
OBJECT = 16 << 20  # characters of one object: empty lists take twenty times their characters in memory
WHOLE = 256 << 20  # characters of a document that is not a list of objects
VALUES = 4_000_000  # commas of such a document: each value takes up to 300 bytes
RATIO = 20  # of its characters to the bytes of the file, above those of one object
BLANK_LINES = 10_000
SHAPE = 'one object a line, such as {"text": …, "label": …}'
LISTS = 'a list of objects such as [{"text": …, "label": …}, …], or one object a line'
Record = Mapping[str, Any]
Records = Callable[[], Iterator[tuple[int, Record]]]  # with the line that each begins in


class _Repeated(dict[str, Any]):
    """An object with a key that it has twice."""

    key = ""


def json_table(text: TextFile, format: str) -> TableFile:
    """The table in a JSON file, whichever of the two kinds its name says; a key that an object lacks is None there.

    Raises `DataError` naming the line of what is no object.
    """
    notes: list[str] = []
    start, second = _two_lines(text)
    if start.startswith("["):
        records: Records = partial(_listed, text)
        if format == "jsonl":
            notes.append("the file is one JSON list, not an object a line")
    elif format == "jsonl" or (second.startswith("{") and _is_object(start)):
        records = partial(_by_line, text)
        if format == "json":
            notes.append("the file holds one JSON object a line")
    else:
        records = partial(enumerate, _document(text), 1)
        return _table(text, format, "row", records, notes)
    return _table(text, format, "line", records, notes)


def _table(text: TextFile, format: str, unit: str, records: Records, notes: list[str]) -> TableFile:
    """Pass over all records for their keys."""
    keys: dict[str, None] = {}
    first: dict[str, list[str | None]] = {}
    count = 0
    most = most_rows(text.path)
    for count, (place, record) in enumerate(records(), 1):
        if count > most:
            raise too_many_rows(text.path)
        if record.keys() - keys.keys():
            keys.update(dict.fromkeys(record))
            if len(keys) > COLUMNS:
                raise DataError(f"{text.path}: {unit} {place} brings the {len(keys)}th key",
                                f"at most {COLUMNS}; is it one object a line, all with the same keys?")
        if count <= SAMPLE:
            for key, value in record.items():
                shown = "0" if isinstance(value, bool | int | float) else value if isinstance(value, str) else None
                first.setdefault(key, []).append(shown if shown or not value else "a structure")
    if not count:
        raise DataError(f"{text.path} holds no rows", "is it the right file?")
    columns = tuple(key for key in keys if key.strip())
    if not columns:
        raise DataError(f"{text.path}: its objects have no keys", SHAPE)

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        rows = ((place, [record.get(name) for name in asked]) for place, record in records())
        return batched(text.path, unit, rows, asked, size)

    return TableFile(text.path, format, columns, stream, unit, (*text.notes, *notes), {}, numeric_columns(first))


def _by_line(text: TextFile) -> Iterator[tuple[int, Record]]:
    blank = 0
    with text.opened() as file:
        for number, line in enumerate(iter(lambda: file.readline(OBJECT), ""), 1):
            if len(line) == OBJECT:
                raise DataError(f"{text.path}: line {number} has more than {OBJECT:,} characters", SHAPE)
            if line.strip():
                try:
                    value = json.loads(line, object_pairs_hook=_object)
                except (ValueError, RecursionError) as error:
                    raise _no_json(text, number, error, SHAPE) from None
                yield number, _record(value, text, number, SHAPE)
                blank = 0
            elif (blank := blank + 1) > BLANK_LINES:
                raise _blank(text, number)


def _blank(text: TextFile, line: int) -> DataError:
    return DataError(f"{text.path}: line {line} is one of more than {BLANK_LINES:,} blank lines",
                     "is it the right file?")


def _listed(text: TextFile) -> Iterator[tuple[int, Record]]:
    """The objects of a list, one in memory at a time."""
    with text.opened() as file:
        source = _Source(file, text)
        sign, source.at = source.next(), source.at + 1
        if sign == "[" and source.next() == "]":
            return
        while sign in ("[", ","):
            source.next()
            line = source.line
            yield line, _record(source.value(), text, line, LISTS)
            sign, source.at = source.next(), source.at + 1
        if sign != "]" or source.next():
            after = "after an object" if sign != "]" else "after the list"
            raise DataError(f"{text.path}: line {source.line} has something else {after}, or the file is cut short",
                            LISTS)


class _Source:
    """Characters that are read as they are needed, and the line of the next one."""

    def __init__(self, file: IO[str], text: TextFile) -> None:
        self.file, self.text, self.decoder = file, text, json.JSONDecoder(object_pairs_hook=_object)
        self.buffer, self.at, self.line = "", 0, 1

    def more(self, least: int) -> bool:
        """Read on; whether there was anything."""
        part = self.file.read(least)
        self.buffer, self.at = self.buffer[self.at :] + part, 0
        return bool(part)

    def next(self) -> str:
        """The next character that is no blank; nothing at the end."""
        while True:
            found = WHITE.match(self.buffer, self.at)
            assert found
            self.line += self.buffer.count("\n", self.at, found.end())
            self.at = found.end()
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more(CHUNK):
                return ""

    def value(self) -> object:
        """The value that begins here."""
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, json.JSONDecodeError) and len(self.buffer) - self.at < OBJECT and \
                        self.more(max(CHUNK, min(len(self.buffer) - self.at, OBJECT - len(self.buffer) + self.at))):
                    continue
                raise _no_json(self.text, self.line, error, LISTS) from None
            if end == len(self.buffer) and not isinstance(value, dict) and self.more(CHUNK):
                continue  # a number may go on
            self.line += self.buffer.count("\n", self.at, end)
            self.at = end
            return value


def _document(text: TextFile) -> list[Record]:
    """The records of an object that holds a list per column, a mapping per column (pandas), or one list of objects."""
    most = min(WHOLE, OBJECT + RATIO * text.path.stat().st_size)
    with text.opened() as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise DataError(f"{text.path}: one JSON document of more than {most:,} characters", LISTS)
    if content.count(",") > VALUES:
        raise DataError(f"{text.path}: one JSON document of more than {VALUES:,} values", LISTS)
    try:
        found = _parsed(content)
    except (ValueError, RecursionError) as error:
        line = content.count("\n", 0, error.pos) + 1 if isinstance(error, json.JSONDecodeError) else 1
        raise _no_json(text, line, error, LISTS) from None
    if not isinstance(found, dict) or isinstance(found, _Repeated):
        raise DataError(f"{text.path} is no list of JSON objects", LISTS)
    values = list(found.values())
    if set(found) >= {"columns", "data"} and isinstance(found["columns"], list) and isinstance(found["data"], list):
        names = list(map(str, found["columns"]))
        if all(isinstance(row, list) and len(row) == len(names) for row in found["data"]):
            return [dict(zip(names, row, strict=True)) for row in found["data"]]
    elif (all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1
          and not all(isinstance(row, dict) for value in values for row in value)):
        return [dict(zip(found, row, strict=True)) for row in zip(*values, strict=True)]
    elif values and all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        if all(map(str.isdecimal, found)) and not all(map(str.isdecimal, values[0])):
            return [_record(row, text, number, LISTS, "row") for number, row in enumerate(values, 1)]
        return [{name: column[key] for name, column in found.items()} for key in values[0]]
    elif not any(isinstance(value, list | dict) for value in values):
        return [found]
    lists = [value for value in values if isinstance(value, list) and all(isinstance(row, dict) for row in value)]
    if len(lists) == 1 and lists[0]:
        return [_record(row, text, number, LISTS, "row") for number, row in enumerate(lists[0], 1)]
    if len(lists) > 1:
        keys = ", ".join(map(str, found))[:200]
        raise DataError(f"{text.path} is no table but {len(lists)} lists of objects: {keys}",
                        f"{LISTS}; if each is a class or a split, write it into its objects")
    raise DataError(f"{text.path} is no table: its columns are not lists of one length", LISTS)


def _parsed(content: str) -> Any:
    """The value; without the search for cycles, which would go over millions of new values again and again."""
    searching = gc.isenabled()
    gc.disable()
    try:
        return json.loads(content, object_pairs_hook=_object)
    finally:
        if searching:
            gc.enable()


def _two_lines(text: TextFile) -> tuple[str, str]:
    """The beginnings of the first two lines that are not blank."""
    found: list[str] = []
    with text.opened() as file:
        for number, line in enumerate(iter(lambda: file.readline(START), ""), 1):
            if line.strip():
                found.append(line.lstrip("\ufeff \t\r\n"))
            if len(found) == 2 or number > 2 * BLANK_LINES:
                break
    start, second = [*found, "", ""][:2]
    return start, second


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeated = _Repeated(made)
    repeated.key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return repeated


def _record(value: object, text: TextFile, place: int, hint: str, unit: str = "line") -> Record:
    if not isinstance(value, dict):
        shown = json.dumps(value, default=str)[:40]
        raise DataError(f"{text.path}: {unit} {place} is not a JSON object: {shown!r}", hint)
    if isinstance(value, _Repeated):
        raise DataError(f"{text.path}: the object in {unit} {place} has the key {value.key!r} twice", hint)
    return flattened(value)


def _no_json(text: TextFile, line: int, error: Exception, hint: str) -> DataError:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else \
        "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:80]
    if isinstance(error, json.JSONDecodeError) and "\n" not in error.doc.rstrip("\n"):
        reason += f" at character {error.colno}"
    return DataError(f"{text.path}: line {line} is not JSON: {reason}", hint)
