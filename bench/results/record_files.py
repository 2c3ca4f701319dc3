"""Finished trials on disk: one JSON line each, with a checksum, appended whole or not at all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import store
from bench.core.errors import BenchError, DataError
from bench.data.cards import NAME

SCHEMA = 1
LARGEST = 256 << 20  # bytes of a record's predictions, or of a line
COMPRESSED = ".gz"  # the ending of records that were packed away; they are read beside the growing file


@dataclass(frozen=True)
class Record:
    """One finished trial; the field names are those of the JSON line."""

    task: str  # name of the target task
    edition: str  # of the task: which data set
    content_sha256: str  # of the edition's texts and labels, in canonical order
    source: str  # task@edition that the base learned from
    baseline: str  # the strategy
    settings: dict[str, Any]  # its keyword arguments
    net: str  # kind and sizes of the base network
    engine: str  # torch or mxnet
    device: str  # cpu or cuda
    budget: int | str  # labelled target texts, or full
    seed: int  # of the label draw, and of the head
    base: str = ""  # key of the base network, where the baseline uses one
    base_seed: int = 0  # the base's, where several were trained
    head_seed: int | None = None  # of the head and the order of batches, where it is not `seed`, that of the labels
    leading: str = "accuracy"  # or "balanced_accuracy", where the classes are of unlike size
    n_train: int = 0  # labelled target texts that it got
    n_test: int = 0  # texts of the exam
    accuracy: float | None = None  # share of the exam that is right
    balanced_accuracy: float | None = None  # mean recall over the exam's classes
    macro_f1: float | None = None  # mean F1 over the exam's classes
    auc: float | None = None  # area under the ROC curve; one against the rest, averaged, beyond two classes
    log_loss: float | None = None  # nats
    seconds: dict[str, float] = field(default_factory=dict)  # load, encode, pretrain, adapt, predict
    peak_bytes: int = 0  # memory of the process at its highest
    versions: dict[str, str] = field(default_factory=dict)  # of packages, Python and this code (commit)
    host: dict[str, Any] = field(default_factory=dict)  # processor, cores, system, threads
    leaks: dict[str, int] = field(default_factory=dict)  # texts that left the training side
    predictions: dict[str, Any] = field(default_factory=dict)  # packed, see `pack`
    status: str = "ok"  # or "failed"
    error: str = ""  # why it failed, one line
    schema: int = SCHEMA  # of this line

    def identity(self) -> str:
        """What makes two records the same trial."""
        head = [] if self.head_seed is None else [self.head_seed]
        return store.key_of([self.task, self.edition, self.content_sha256, self.source, self.baseline, self.settings,
                             self.net, self.engine, self.device, self.budget, self.seed, self.base, *head])


def pack(truth: NDArray[np.int64], scores: NDArray[np.float16]) -> dict[str, Any]:
    """Truth and scores as text: `scores` are log-odds [n, 1] for two classes, else log-probabilities [n, classes]."""
    def text(a: NDArray[Any]) -> str:
        return base64.b64encode(zlib.compress(np.ascontiguousarray(a).tobytes(), 9)).decode()

    return {"truth": text(truth.astype(np.uint8)), "scores": text(scores.astype("<f2")), "columns": scores.shape[1]}


def unpack(packed: dict[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Truth [n] and probabilities [n, classes] of a record, exactly those that were scored; `DataError` for damage."""
    try:
        truth = np.frombuffer(_inflated(packed["truth"]), np.uint8).astype(np.int64)
        raw = np.frombuffer(_inflated(packed["scores"]), "<f2").reshape(len(truth), -1)
        if raw.shape[1] != packed["columns"]:
            raise ValueError(f"{raw.shape[1]} columns")
        return truth, probabilities(raw)
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise DataError(f"a record's predictions cannot be unpacked: {str(error)[:100]}",
                        "made by another version? run its trial again") from None


def _inflated(text: str) -> bytes:
    """The bytes that `pack` wrote, at most LARGEST of them."""
    inflate = zlib.decompressobj()
    data = inflate.decompress(base64.b64decode(text, validate=True), LARGEST)
    if not inflate.eof:
        raise ValueError(f"cut short, or more than {LARGEST >> 20} MB")
    return data


def quantised(p: NDArray[np.float32]) -> NDArray[np.float16]:
    """Probabilities [n, classes] as the 16-bit scores that are stored."""
    p = np.clip(np.asarray(p, np.float64), 1e-12, None)
    p = p / p.sum(axis=1, keepdims=True)
    logs = np.log(p)
    scores = logs[:, 1:] - logs[:, :1] if p.shape[1] == 2 else logs
    return scores.astype(np.float16)


def probabilities(scores: NDArray[np.float16]) -> NDArray[np.float32]:
    """The probabilities [n, classes] that stored scores stand for."""
    from bench.learning.pretrain import softmax

    logits = scores.astype(np.float32)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    return softmax(logits)


def line_of(record: Record) -> str:
    """The record's JSON line, without the line's end."""
    body = asdict(record)
    return json.dumps({**body, "check": _check(body)}, ensure_ascii=False)


def append(path: Path, record: Record) -> None:
    """Add one line to a records file, whole: a torn line that a crash left is cut off first."""
    data = (line_of(record) + "\n").encode()
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
            records.append(_record(body))
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


KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "int | str": (int, str),
                                         "int | None": (int, type(None)),
                                         "float | None": (float, int, type(None))}


def _record(body: dict[str, Any]) -> Record:
    """The record of a line whose checksum is right; `ValueError` where a value is none that `append` writes.

    A checksum finds damage, not malice: the names become file names, and the scores are averaged.
    """
    record = Record(**body)
    for spec in fields(Record):
        value = getattr(record, spec.name)
        if not isinstance(value, KINDS.get(str(spec.type), (dict,))) or isinstance(value, bool):
            raise ValueError(spec.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(spec.name)
    names = (record.task, record.edition)
    if not all(NAME.fullmatch(name) for name in names) or record.status not in ("ok", "failed") or \
            set(record.baseline) & set("/\\\0"):
        raise ValueError("names")
    if record.leading not in ("accuracy", "balanced_accuracy") or (record.budget != "full" and
                                                                   not isinstance(record.budget, int)):
        raise ValueError("leading or budget")
    if record.status == "ok" and None in (record.accuracy, record.balanced_accuracy):
        raise ValueError("no score")
    if not all(isinstance(v, float | int) and math.isfinite(v) for v in record.seconds.values()):
        raise ValueError("seconds")
    return record


def stored(path: Path, warn: Any = None) -> list[Record]:
    """The records of a file and those that were packed away beside it, the packed ones first."""
    return read(path.with_name(path.name + COMPRESSED), warn) + read(path, warn)


def read_all(folder: Path, warn: Any = None) -> list[Record]:
    """The records of every file below `folder/records`, packed ones too."""
    paths = {path.with_name(path.name.removesuffix(COMPRESSED)) for path in (folder / "records").glob("*.jsonl*")
             if path.name.endswith((".jsonl", f".jsonl{COMPRESSED}"))}
    return [r for path in sorted(paths) for r in stored(path, warn)]


def pack_away(path: Path, found: Iterable[Record]) -> None:
    """Write records as one compressed file, `.jsonl.gz`, the same bytes for the same records."""
    lines = "".join(f"{line_of(r)}\n" for r in found).encode()
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(gzip.compress(lines, 9, mtime=0))
        temporary.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from None


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
