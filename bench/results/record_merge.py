"""Records of several machines in one results folder: a trial counts once, and what differs is never lost in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.core.errors import BenchError
from bench.core.files import save_bytes
from bench.core.locks import locked
from bench.results import record_files, stored_predictions
from bench.results.record import Record

Prefer = Literal["", "first", "last"]
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss")
COUNTS = ("n_train", "n_test", "fallback")
LISTED = 5  # conflicts in a message


@dataclass(frozen=True)
class Line:
    """One record, and the line that holds it: what is written is the line as it was."""

    record: Record
    text: bytes


@dataclass
class Incoming:
    """What one folder brings, and what became of it."""

    name: str
    lines: list[Line] = field(default_factory=list)
    files: int = 0
    damaged: int = 0  # lines that hold no record
    repeated: int = 0  # lines that a later one of the same folder replaces
    new: int = 0
    same: int = 0  # trials that are there already, with the same result
    finished: int = 0  # trials that had failed there
    failed: int = 0  # failed trials that have finished there, or failed there too
    differing: int = 0  # trials with another result than the one there


def read_lines(incoming: Incoming, paths: Sequence[Path], warn: record_files.Warn) -> None:
    """Read record files into `incoming`; of a trial that stands there several times, the last that succeeded."""
    by_trial: dict[str, Line] = {}
    for path in paths:
        incoming.files += 1
        for number, text in enumerate(record_files.read_lines(path), 1):
            if text == b"\n":
                continue
            whole = text if text.endswith(b"\n") else text + b"\n"  # copied without its last line break
            if (record := record_files.record_in(whole)) is None:
                incoming.damaged += 1
                warn(f"{incoming.name}: {path.name}:{number}: holds no whole record of this version: left out")
                continue
            earlier = by_trial.get(record.identity())
            incoming.repeated += earlier is not None
            if earlier is None or record.status == "ok" or earlier.record.status != "ok":
                by_trial[record.identity()] = Line(record, whole)
    incoming.lines = list(by_trial.values())


def merge(folder: Path, incomings: Sequence[Incoming], prefer: Prefer = "") -> list[Path]:
    """Add the trials to the records of `folder`, which keeps all that it has; returns the files that changed.

    Waits for a run that writes there. Raises `BenchError`, and writes nothing, where a trial has two results and
    `prefer` does not say which to take. Each file is written whole, so that an interrupted merge can be run again.
    """
    tasks = sorted({line.record.task for incoming in incomings for line in incoming.lines})
    paths = {task: folder / "records" / f"{task}.jsonl" for task in tasks}
    try:
        (folder / "records").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}", "choose another folder") from None
    with ExitStack() as locks:
        for path in paths.values():
            locks.enter_context(locked(record_files.lock_of(path), f"waiting for a bench run that writes to {folder}"))
        there = {record.identity(): (record, str(folder)) for task in tasks
                 for record in record_files.latest(record_files.read_with_packed(paths[task]))}
        added: dict[str, list[bytes]] = defaultdict(list)
        conflicts: list[str] = []
        for incoming in incomings:
            for line in incoming.lines:
                if _takes(line.record, incoming, there, conflicts, prefer):
                    added[line.record.task].append(line.text)
        if conflicts and not prefer:
            more = f"; and {len(conflicts) - LISTED} more" if len(conflicts) > LISTED else ""
            count = f"{len(conflicts):,} trials have" if len(conflicts) > 1 else "one trial has"
            raise BenchError(f"{count} two different results, so nothing was merged: "
                             f"{'; '.join(conflicts[:LISTED])}{more}",
                             "--prefer first keeps the result of the folder that is named first (or the one in --out), "
                             "--prefer last takes the other")
        for task, lines in added.items():
            save_bytes(paths[task], b"".join([*_whole_lines(paths[task]), *lines]), "is the folder writable?",
                       shared=False)
    return [paths[task] for task in added]


def _takes(record: Record, incoming: Incoming, there: dict[str, tuple[Record, str]], conflicts: list[str],
           prefer: Prefer) -> bool:
    """Whether a record is written; a later line of a trial counts instead of an earlier one, if it succeeded."""
    trial = record.identity()
    known, origin = there.get(trial, (None, ""))
    if known is None:
        incoming.new += 1
    elif record.status != "ok":
        incoming.failed += 1
        return False
    elif known.status != "ok":
        incoming.finished += 1
    elif same_result(known, record):
        incoming.same += 1
        return False
    else:
        incoming.differing += 1
        conflicts.append(f"{record.target} from {record.source}, {record.row}, {record.budget} labels, seed "
                         f"{record.seed}: accuracy {known.accuracy:.4f} in {origin}, {record.accuracy:.4f} in "
                         f"{incoming.name}")
        if prefer != "last":
            return False
    there[trial] = (record, incoming.name)
    return True


def same_result(one: Record, other: Record) -> bool:
    """Whether two records of a trial have the same scores and predictions, whatever machine and time they are of."""
    two_forms = ("levels" in one.predictions) != ("levels" in other.predictions)  # scores follow from what is stored
    if any(getattr(one, name) != getattr(other, name) for name in (COUNTS if two_forms else (*SCORES, *COUNTS))):
        return False
    return stored_predictions.same_answers(one.predictions, other.predictions)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """What a file holds already, but for a line that a crash cut short."""
    if path.exists():
        yield from (line for line in record_files.read_lines(path) if line.endswith(b"\n"))
