"""Records taken out of the files of a results folder: each file is written whole, and what cannot be read stays."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import BenchError
from bench.core.files import save_bytes
from bench.core.locks import locked
from bench.results.record import Record
from bench.results.record_files import COMPRESSED, json_line, lock_of, read_lines, record_in


@dataclass(frozen=True)
class Removal:
    """What was taken out of a file."""

    path: Path
    removed: int
    left: int  # lines


def remove(folder: Path, records: Collection[Record]) -> list[Removal]:
    """Take records out of the files of `folder/records`, packed ones too; a file without any is left as it is.

    Waits for a run that writes one of them. Every new file is computed before the first is written. Raises
    `BenchError` where one cannot be written.
    """
    unwanted = Counter(json_line(record) for record in records)
    paths = sorted(path for path in (folder / "records").glob("*.jsonl*")
                   if path.name.endswith((".jsonl", f".jsonl{COMPRESSED}")))
    with ExitStack() as locks:
        for lock in sorted({lock_of(path) for path in paths}):
            locks.enter_context(locked(lock, f"waiting for a bench run that writes to {folder}"))
        changes: list[tuple[Removal, bytes]] = []
        for path in paths:
            lines = list(read_lines(path))
            kept = list(_without(lines, unwanted))
            if len(kept) < len(lines):
                data = b"".join(kept)
                changes.append((Removal(path, len(lines) - len(kept), len(kept)),
                                gzip.compress(data, 9, mtime=0) if path.suffix == COMPRESSED else data))
        for removal, data in changes:
            if removal.left:
                save_bytes(removal.path, data, "is the folder writable?", shared=False)
            else:
                _delete(removal.path)
    return [removal for removal, _ in changes]


def _without(lines: list[bytes], unwanted: Counter[str]) -> Iterator[bytes]:
    """The lines but those of unwanted records, each of which is taken out as often as it was asked for."""
    for line in lines:
        record = record_in(line)
        text = "" if record is None else json_line(record)
        if unwanted[text] > 0:
            unwanted[text] -= 1
        else:
            yield line


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise BenchError(f"cannot remove {path}: {error.strerror or error}", "is the folder writable?") from None
