"""One need: what the suite may do for a word in a strategy's `NEEDS`, as fields that an entry of `needs.py` sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.errors import MissingExtra
from bench.data.cards import Task
from bench.data.corpus import Corpus
from bench.learning.features.encoders import Encoder
from bench.learning.pretrain import BaseSpec
from bench.learning.resources import Resources
from bench.runs.costs import MeasuredCosts, Step
from bench.runs.inputs import Inputs, TrialContext
from bench.runs.options import Watch

Seconds = Mapping[str, float]  # by phase of a record, such as {"pretrain": 52.1}


@dataclass(frozen=True)
class Workload:
    """What would be prepared for a target, for an estimate."""

    source: str  # task@edition
    target: str
    source_texts: int  # in its pool
    target_texts: int  # all of them
    epochs: int  # of the base
    bases: tuple[str, ...]  # their keys; where the data are unread, anything that tells them apart
    measured: MeasuredCosts
    root: Path  # of the cache
    inputs: Inputs | None = None  # None: not all data have been read here, so nothing is in the cache
    encoders: tuple[Encoder, ...] = ()  # that settings of strategies name
    context: TrialContext | None = None  # of one of the bases, where the data have been read


@dataclass(frozen=True)
class Need:
    """One thing that strategies may ask for. A need sets a few of these fields; the others do nothing."""

    implies: tuple[str, ...] = ()  # other needs that it includes
    vectors: bool = False  # the run looks for GloVe, and `Resources` offers it
    as_the_base: bool = False  # GloVe as the network's base has it: not where the network has none; without it too
    per_base: bool = False  # strategies run once per base seed, and their records name the base
    one_class: bool = False  # strategies are also asked where all labelled texts have one class
    settings: tuple[str, ...] = ()  # settings of a strategy that say which one is meant, such as ("model",)
    bound: Callable[..., Need] | None = None  # the need for values of these settings
    model: str = ""  # the pre-trained encoder that it is of
    no_labels: bool = False  # strategies are also asked where no text is labelled: they run at a budget of 0
    of_source: bool = False  # it brings what was learned from other texts, mostly English: of no use to other languages

    device: str = ""  # the one that strategies run on; others leave them out

    # Can it run? The extra to install first, and why it cannot serve a target (source, target, is there GloVe).
    missing: Callable[[], MissingExtra | None] = lambda: None
    refusal: Callable[[Task, Task, bool], str] = lambda source, target, glove: ""

    # In another process while a first run reads its data: an entry of the cache that takes one core and some seconds.
    ahead: Callable[[Inputs], object] = lambda inputs: None

    # Once per target, before its trials: train what they attach, then compute what `open` does not compute.
    train: Callable[[TrialContext, BaseSpec, Watch], object] = lambda context, base_spec, watch: None
    prepare: Callable[[Resources, Corpus], object] = lambda resources, corpus: None

    # In every trial, before its clock starts: fields of `Resources`, which a worker holds for its next trials; then
    # what was computed for the target's corpus, and the seconds that this had taken.
    attach: Callable[[TrialContext], Mapping[str, Any]] = lambda context: {}
    open: Callable[[Resources, Corpus], Seconds] = lambda resources, corpus: {}

    # Elsewhere: the cache entries that a cluster's worker reads besides the target's; what a forecast counts.
    entries: Callable[[TrialContext], list[Path]] = lambda context: []
    steps: Callable[[Workload], Iterable[Step]] = lambda workload: ()
