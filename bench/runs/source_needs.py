"""The needs of strategies for the source's linear model, and for labels that are the source's or are new."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bench.core import store
from bench.data.cards import Task
from bench.data.corpus import Corpus
from bench.learning.resources import Resources
from bench.learning.source_linear import SourceLinear, fit_source_linear, is_source_linear_cached
from bench.runs.costs import LINEAR, STATED, Cost, Step
from bench.runs.inputs import DataRef, Inputs, source_entries, source_pool
from bench.runs.need import Need, Workload


def linear() -> Need:
    """The source's linear model; nothing is used of it where the labels are new."""
    return Need(
        of_source=True,
        attach=lambda context: {"source_linear": _source_linear(context.root, context.source, context.target)},
        ahead=_linear_ahead, prepare=_linear_columns,
        open=lambda resources, corpus: {"pretrain": resources.need_source_linear().seconds},
        entries=source_entries, steps=_linear_steps)


@lru_cache(2)
def _source_linear(root: Path, source: DataRef, target: DataRef) -> SourceLinear:
    return fit_source_linear(source_pool(root, source, target))


def _linear_columns(resources: Resources, corpus: Corpus) -> None:
    resources.need_source_linear().columns_in(corpus)


def _linear_steps(work: Workload) -> Iterator[Step]:
    key, fitted = work.source, False
    if work.inputs is not None:
        pool = work.inputs.source.data.examples(work.inputs.source.split.pool)
        key, fitted = store.key_of(pool.rows.tolist()), is_source_linear_cached(pool)
    yield Step("source's linear model", key, fitted, Cost(work.source_texts * LINEAR / 1000, STATED))


def _linear_ahead(inputs: Inputs) -> None:
    source, target = inputs.source, inputs.target
    if source.data.labels == target.data.labels:
        fit_source_linear(source.data.examples(source.split.pool))


def new_labels_refusal(source: Task, target: Task, glove: bool) -> str:
    """For strategies for new labels."""
    return f"is not applicable: the labels of {target.name} are those of {source.name}" \
        if target.labels == source.labels else ""


def label_refusal(source: Task, target: Task, glove: bool) -> str:
    """For strategies that need the labels of the source."""
    if target.labels == source.labels:
        return ""
    some = ", ".join(target.labels[:4]) + (", …" if len(target.labels) > 4 else "")
    return f"is not applicable: the labels of {target.name} ({some}) are not those of {source.name}"
