"""Finished trials on disk: one JSON line each, with a checksum, appended whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.core.errors import BenchError
from bench.core.files import save_bytes
from bench.results.record import SCHEMA, Record, record_from_json
from bench.results.stored_predictions import LARGEST

COMPRESSED = ".gz"  # the ending of records that were packed away; they are read beside the growing file


def json_line(record: Record) -> str:
    """The record's JSON line, without the line's end."""
    body = asdict(record)
    return json.dumps({**body, "check": _check(body)}, ensure_ascii=False)


def append(path: Path, record: Record) -> None:
    """Add one line to a records file, whole: a torn line that a crash left is cut off first."""
    data = (json_line(record) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as file:
            size = _whole(file)
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


def read(path: Path, warn: Any = None) -> list[Record]:
    """The records of a file; a damaged line is left out and reported through `warn`."""
    if not path.exists():
        return []
    records = []
    say = warn or (lambda text: None)
    for number, line in enumerate(_lines(path), 1):
        if line == b"\n":
            continue
        if not line.endswith(b"\n"):  # the last: it is not whole, and `append` will cut it off
            say(f"{path}:{number}: torn last line left out; its trial runs again on the next bench run")
            continue
        try:
            body = json.loads(line)
            if body.get("schema") != SCHEMA:
                say(f"{path}:{number}: schema {body.get('schema')!r} is not {SCHEMA}: line left out")
                continue
            check = body.pop("check")
            if check != _check(body):
                raise ValueError("checksum")
            records.append(record_from_json(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            say(f"{path}:{number}: damaged line left out; its trial runs again on the next bench run")
    return records


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == COMPRESSED else path.open("rb") as file:
            yield from iter(lambda: file.readline(LARGEST), b"")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BenchError(f"cannot read {path}: {error}", "it is damaged: get it again from where it came") from None
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror or error}") from None


def read_with_packed(path: Path, warn: Any = None) -> list[Record]:
    """The records of a file and those that were packed away beside it, the packed ones first."""
    return read(path.with_name(path.name + COMPRESSED), warn) + read(path, warn)


def read_all(folder: Path, warn: Any = None) -> list[Record]:
    """The records of every file below `folder/records`, packed ones too."""
    paths = {path.with_name(path.name.removesuffix(COMPRESSED)) for path in (folder / "records").glob("*.jsonl*")
             if path.name.endswith((".jsonl", f".jsonl{COMPRESSED}"))}
    return [r for path in sorted(paths) for r in read_with_packed(path, warn)]


def write_packed(path: Path, records: Iterable[Record]) -> None:
    """Write records as one compressed file, `.jsonl.gz`, the same bytes for the same records."""
    lines = "".join(f"{json_line(r)}\n" for r in records).encode()
    save_bytes(path, gzip.compress(lines, 9, mtime=0), "", shared=False)


def latest(records: Iterable[Record]) -> list[Record]:
    """One record a trial: the last one that succeeded, else the last."""
    out: dict[str, Record] = {}
    for record in records:
        known = out.get(record.identity())
        if known is None or record.status == "ok" or known.status != "ok":
            out[record.identity()] = record
    return list(out.values())


def _check(body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _whole(file: Any) -> int:
    """The size of the file up to the end of its last whole line."""
    end = file.seek(0, os.SEEK_END)
    position = end
    while position:
        step = min(position, 1 << 16)
        file.seek(position - step)
        found = file.read(step).rfind(b"\n")
        if found >= 0:
            return int(position - step + found + 1)
        position -= step
    return 0
