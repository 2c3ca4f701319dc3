"""Finished trials on disk: one JSON line per trial, with a checksum, appended whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from bench.core.brief import shown
from bench.core.errors import BenchError
from bench.core.files import save_bytes
from bench.results.record import SCHEMA, Record, record_from_json

COMPRESSED = ".gz"  # the ending of a file of packed records, which is read together with the growing file
LONGEST = 12 << 20  # bytes of a line
SLACK, RATIO = 64 << 20, 100  # bytes that a packed file may hold: 64 MB and a hundred times its own
USELESS = 100_000  # lines without a record
TOLD = 20  # lines of a file that are named
Warn = Callable[[str], object]


def ignore(message: str) -> None:
    """Shows a warning to nobody."""


def json_line(record: Record) -> str:
    """The JSON line of a record, without the line break."""
    body = asdict(record)
    return json.dumps({**body, "check": _check(body)}, ensure_ascii=False)


def append(path: Path, record: Record) -> None:
    """Append one line to a records file, whole; a torn last line that a crash left is cut off first."""
    data = (json_line(record) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as file:
            size = _size_of_whole_lines(file)
            try:
                file.truncate(size)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}",
                         "finished trials before this one are safe; free space or choose --results-dir") from None


def read(path: Path, warn: Warn = ignore) -> list[Record]:
    """The records in a file; a line that is damaged or of another schema is left out and reported through `warn`."""
    if not path.exists():
        return []
    if not path.is_file():  # a pipe would never end
        warn(f"{path} is no file: left out")
        return []
    records: list[Record] = []
    told = _only_first(warn, path)
    for number, line in enumerate(read_lines(path), 1):
        if number - len(records) > USELESS:
            raise BenchError(f"{path}: more than {USELESS:,} lines hold no record", "is it a file of records?")
        if line == b"\n":
            continue
        if not line.endswith(b"\n"):  # only the last line can be cut short; `append` removes it
            told(f"{path}:{number}: torn last line left out; its trial runs again on the next bench run")
            continue
        try:
            body = json.loads(line.decode())
            if body.get("schema") != SCHEMA:
                told(f"{path}:{number}: schema {shown(body.get('schema'))} is not {SCHEMA}: line left out")
                continue
            if body.pop("check") != _check(body):
                raise ValueError("checksum")
            records.append(record_from_json(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            told(f"{path}:{number}: damaged line left out; its trial runs again on the next bench run")
    return records


def record_in(line: bytes) -> Record | None:
    """The record in a line of a file; None where `read` leaves the line out."""
    try:
        body = json.loads(line)
        right = line.endswith(b"\n") and body["schema"] == SCHEMA and body.pop("check") == _check(body)
        return record_from_json(body) if right else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def lock_of(path: Path) -> Path:
    """The lock that a run holds while it writes records to a file, or to the file that a packed one lies beside."""
    return path.with_name(f".{path.name.removesuffix(COMPRESSED).removesuffix('.jsonl')}.lock")


def _only_first(warn: Warn, path: Path) -> Warn:
    """Warns of the first lines that are wrong, and says once that there are more."""
    count = 0

    def warn_first(message: str) -> None:
        nonlocal count
        count += 1
        if count <= TOLD:
            warn(message)
        elif count == TOLD + 1:
            warn(f"{path}: more such lines are left out, and not listed")

    return warn_first


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file of records, packed or not, with their line breaks; `BenchError` where it cannot be read."""
    packed = path.suffix == COMPRESSED
    room = SLACK + RATIO * path.stat().st_size
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            while line := file.readline(LONGEST):
                room -= len(line)
                if packed and room < 0:
                    raise BenchError(f"{path} unpacks to more than its size explains",
                                     "refused: this looks like a decompression bomb")
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BenchError(f"cannot read {path}: {error}",
                         "the file is damaged: get it again from where it came") from None
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror or error}") from None


def read_with_packed(path: Path, warn: Warn = ignore) -> list[Record]:
    """The records in a file and in the packed file beside it, the packed ones first."""
    return read(path.with_name(path.name + COMPRESSED), warn) + read(path, warn)


def read_all(folder: Path, warn: Warn = ignore) -> list[Record]:
    """The records in every file of `folder/records`, packed ones included."""
    paths = {path.with_name(path.name.removesuffix(COMPRESSED)) for path in (folder / "records").glob("*.jsonl*")
             if path.name.endswith((".jsonl", f".jsonl{COMPRESSED}"))}
    return [record for path in sorted(paths) for record in read_with_packed(path, warn)]


def write_packed(path: Path, records: Iterable[Record]) -> None:
    """Write records as one compressed file, `.jsonl.gz`; the same records give the same bytes."""
    lines = "".join(f"{json_line(record)}\n" for record in records).encode()
    save_bytes(path, gzip.compress(lines, 9, mtime=0), "", shared=False)


def latest(records: Iterable[Record]) -> list[Record]:
    """One record per trial: the last one that succeeded, or else the last one."""
    by_trial: dict[str, Record] = {}
    for record in records:
        trial = record.identity()
        earlier = by_trial.get(trial)
        if earlier is None or record.status == "ok" or earlier.status != "ok":
            by_trial[trial] = record
    return list(by_trial.values())


def _check(body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _size_of_whole_lines(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole line, found from the end of the file backwards."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - (1 << 16))
        file.seek(start)
        line_break = file.read(end - start).rfind(b"\n")
        if line_break >= 0:
            return start + line_break + 1
        end = start
    return 0
