"""One finished trial, as a value and as one JSON line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bench.core import recipes, store
from bench.core.budget import Draw
from bench.core.names import TaskRef, is_name
from bench.core.schema import Name
from bench.results.row_names import row_name

SCHEMA = 1
NO_VECTORS = "none"  # what stands for the word vectors of a strategy that could have used some, and had none
BaselineName = Annotated[str, Meta(pattern=r"^[^/\\\x00]*$", description="a baseline's name, without / and \\")]
Leading = Literal["accuracy", "balanced_accuracy"]
Fallback = Literal["", "class-shares"]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Number = Annotated[int, Meta(ge=1)]
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


@dataclass(frozen=True)
class Record:
    """One finished trial; the field names are those of the JSON line."""

    task: Name  # name of the target task
    edition: Name  # which data set of the task
    content_sha256: str  # of the edition's texts and labels, in canonical order
    source: str  # task@edition that the base network was trained on
    baseline: BaselineName  # name of the strategy
    settings: dict[str, Any]  # keyword arguments of the strategy
    net: str  # kind and sizes of the base network
    engine: str  # torch or mxnet
    device: str  # cpu or cuda
    budget: Count | Literal["full"]  # labelled target texts; "full": the whole training pool
    seed: int  # of the label draw, and of the head unless `head_seed` is given
    base: str = ""  # key of the base network, where the strategy uses one
    base_seed: int = 0  # of the base network
    head_seed: int | None = None  # of the head and the order of batches, where it differs from `seed`
    leading: Leading = "accuracy"  # the score that leads the leaderboard; the second where class sizes differ much
    n_train: Count = 0  # labelled target texts that the strategy got
    n_test: Count = 0  # texts in the test set
    accuracy: Share | None = None  # share of the test set that is classified correctly
    balanced_accuracy: Share | None = None  # mean recall over the test set's classes
    macro_f1: Share | None = None  # mean F1 over the test set's classes
    auc: Share | None = None  # area under the ROC curve; beyond two classes the mean of one-vs-rest
    log_loss: Finite | None = None  # in nats per text
    seconds: dict[str, Finite] = field(default_factory=dict)  # of each phase: load, encode, pretrain, adapt, predict
    peak_bytes: Count = 0  # peak memory of the process
    versions: dict[str, str] = field(default_factory=dict)  # of packages, of Python and of this code (commit)
    host: dict[str, Any] = field(default_factory=dict)  # processor, cores, system, threads
    leaks: dict[str, Count] = field(default_factory=dict)  # texts removed from the training data, by reason
    predictions: dict[str, Any] = field(default_factory=dict)  # of the test set, packed by `stored_predictions.pack`
    status: Literal["ok", "failed"] = "ok"  # whether the trial succeeded
    error: str = ""  # why it failed, one line
    traceback: str = ""  # of the error, where code raised one (bench run --debug prints it)
    schema: int = SCHEMA  # version of this format
    # What follows is empty in an earlier record, which cannot tell; docs/protocol.md says what each field covers.
    source_sha256: str = ""  # of the source's texts and labels, as `content_sha256` is of the target's
    split_sha256: str = ""  # of the classes in order, the rows to train on and to test with, of target and source
    net_spec: dict[str, Any] = field(default_factory=dict)  # every field of the network that `net` names
    base_spec: dict[str, Any] = field(default_factory=dict)  # how the base was trained, where the strategy uses one
    vectors_sha256: str = ""  # of the word vectors, where the strategy can use any; NO_VECTORS where it ran without
    strategy_sha256: str = ""  # of the code of a strategy from outside; empty for those of the suite
    text_version: int = 2  # of cleaning and tokens (bench/data/text.py); earlier records have version 2
    recipe: Number = 1  # of a strategy of the suite (bench/core/recipes.py); earlier records have the first

    # What an earlier record does not hold either; all of them are as these defaults say.
    draw: Draw = "stratified"  # how the labelled texts were drawn: in the pool's class shares, or whatever their class
    fallback: Fallback = ""  # what predicted in the strategy's place: all its labels were one class
    imported: dict[str, str] = field(default_factory=dict)  # of predictions made elsewhere: digest of their file; kind
    chosen: list[str] = field(default_factory=list)  # names of the settings that the user chose (bench run --set)
    members: dict[BaselineName, Share] = field(default_factory=dict)  # weights of the strategies that it is a mean of
    without: list[BaselineName] = field(default_factory=list)  # that it would hold too, had more been installed
    options: dict[str, Any] = field(default_factory=dict)  # of its run that differ from the defaults: files by name

    @property
    def target(self) -> TaskRef:
        """The target task and its edition."""
        return TaskRef(self.task, self.edition)

    @property
    def row(self) -> str:
        """The strategy's name, with the settings that the user chose: `finetune[learning_rate=5e-4]`."""
        return row_name(self.baseline, {name: self.settings[name] for name in self.chosen if name in self.settings})

    @property
    def is_earlier(self) -> bool:
        """Whether it was made before records said what the source held."""
        return not self.source_sha256

    @property
    def is_of_earlier_recipe(self) -> bool:
        """Whether a strategy of the suite made it with a recipe that it no longer has."""
        return not self.strategy_sha256 and self.recipe < recipes.current(self.baseline)

    def identity(self) -> str:
        """A key that two records share exactly where they are the same trial.

        An earlier record keeps the key that it had, so it never counts as a trial whose source is known.
        """
        known = [] if self.is_earlier else [{
            "source_sha256": self.source_sha256, "split_sha256": self.split_sha256, "net_spec": self.net_spec,
            "vectors_sha256": self.vectors_sha256, "strategy_sha256": self.strategy_sha256,
            "text_version": self.text_version, "leading": self.leading,
            **({"recipe": self.recipe} if self.recipe > 1 else {}),
            **({"imported": True} if self.imported else {}),
            **({"without": self.without} if self.without else {})}]
        return store.key_of([*self._earlier_key(), *known])

    def earlier_identity(self) -> str:
        """The key that this trial had in earlier records."""
        return store.key_of(self._earlier_key())

    def _earlier_key(self) -> list[object]:
        head = [] if self.head_seed is None else [self.head_seed]
        draw = [] if self.draw == "stratified" else [self.draw]  # earlier records are all stratified
        return [self.task, self.edition, self.content_sha256, self.source, self.baseline, self.settings, self.net,
                self.engine, self.device, self.budget, self.seed, self.base, *head, *draw]


KEYS = frozenset(f.name for f in fields(Record))


def record_from_json(body: Mapping[str, Any]) -> Record:
    """The record in a line whose checksum is right; `ValueError` where it holds what no run writes.

    The checksum finds damage, the types find malice: names become file names, and scores are averaged.
    """
    if not body.keys() <= KEYS:
        raise ValueError("unknown key")
    record = msgspec.convert(body, Record)
    if not (is_name(record.task) and is_name(record.edition)):
        raise ValueError("names")
    if not all(map(str.isprintable, (record.source, record.baseline, record.net, record.engine, record.device,
                                     *record.members, *record.without))):
        raise ValueError("names that cannot be printed")
    if record.status == "ok" and None in (record.accuracy, record.balanced_accuracy):
        raise ValueError("no score")
    return record
