"""One finished trial, as a value and as one JSON line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bench.core import store
from bench.core.names import is_name

SCHEMA = 1


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
    n_test: int = 0  # texts of the test set
    accuracy: float | None = None  # share of the test set that is right
    balanced_accuracy: float | None = None  # mean recall over the test set's classes
    macro_f1: float | None = None  # mean F1 over the test set's classes
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


KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "int | str": (int, str),
                                         "int | None": (int, type(None)),
                                         "float | None": (float, int, type(None))}


def record_from_json(body: dict[str, Any]) -> Record:
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
    if not all(map(is_name, names)) or record.status not in ("ok", "failed") or \
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
