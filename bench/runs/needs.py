"""What strategies may ask for in `NEEDS`: one table of what the suite does for each need, before and in a trial.

A new need is one entry in the table at the end; nothing else in the suite asks for a need by its name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import store
from bench.core.errors import BenchError, MissingExtra
from bench.data.cards import Task
from bench.data.corpus import Corpus, Examples, is_derived
from bench.learning.features.encoders import encoder_named
from bench.learning.networks.architectures import with_classes
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base, BaseSpec, load_base, pretrain
from bench.learning.resources import Resources, features_entry
from bench.results.record import NO_VECTORS
from bench.runs import encoder_needs, source_needs
from bench.runs.costs import Step
from bench.runs.inputs import Inputs, TrialContext, data_entries, open_data, source_entries, source_pool
from bench.runs.need import Need, Seconds, Workload
from bench.runs.options import Watch


def complete(names: Collection[str]) -> frozenset[str]:
    """The needs named, and those that they include, and so on."""
    before, now = frozenset[str](), frozenset(names)
    while now != before:
        before, now = now, now.union(*(need.implies for need in _table(now)))
    return now


def missing(names: Collection[str]) -> MissingExtra | None:
    """The error for an extra that has to be installed first; None where nothing is missing."""
    return next((error for need in _table(names) if (error := need.missing())), None)


def refusal(names: Collection[str], source: Task, target: Task, glove: bool, device: str = "cpu") -> str:
    """Why strategies with these needs cannot run on a target, to follow a strategy's name; empty where they can."""
    found = _table(names)
    if other := next((need.device for need in found if need.device not in ("", device)), ""):
        return f"left out: it is for --device {other}"
    return next((reason for need in found if (reason := need.refusal(source, target, glove))), "")


def use_vectors(names: Collection[str]) -> bool:
    """Whether a run with these needs looks for GloVe."""
    return any(need.vectors for need in _table(names))


def vectors_sha256(names: Collection[str], context: TrialContext) -> str:
    """Of the word vectors that a trial can use: empty where it can use none, NO_VECTORS where it had to do without."""
    asking = _asking_for_vectors(names, context)
    if asking and context.vectors:
        return context.vectors.sha256
    return NO_VECTORS if any(need.as_the_base for need in asking) else ""


def _asking_for_vectors(names: Collection[str], context: TrialContext) -> list[Need]:
    return [need for need in _table(names) if need.vectors
            and not (need.as_the_base and context.architecture.glove == "no")]


def use_base(names: Collection[str]) -> bool:
    """Whether trials with these needs depend on the base."""
    return any(need.per_base for need in _table(names))


def use_source(names: Collection[str]) -> bool:
    """Whether strategies with these needs build on what was learned from other texts than the target's."""
    return any(need.of_source for need in _table(names))


def can_use_one_class(names: Collection[str]) -> bool:
    """Whether strategies with these needs are asked where all labelled texts have one class."""
    return any(need.one_class for need in _table(names))


def can_use_no_labels(names: Collection[str]) -> bool:
    """Whether strategies with these needs are asked where no text of the target is labelled."""
    return any(need.no_labels for need in _table(names))


def prepare(names: Collection[str], context: TrialContext, base_spec: BaseSpec, watch: Watch) -> Resources:
    """Train and compute what the trials of a target share, before the first of them starts."""
    for need in _table(names):
        need.train(context, base_spec, watch)
    data, _ = open_data(context.root, context.target)
    resources = resources_for(names, context, 0)
    for need in _table(names):
        need.prepare(resources, data.corpus)
        need.open(resources, data.corpus)
    return resources


def compute_ahead(names: Collection[str], inputs: Inputs) -> None:
    """Compute what `prepare` will find in the cache, in another process than that of the run."""
    for need in _table(names):
        need.ahead(inputs)


def resources_for(names: Collection[str], context: TrialContext, seed: int) -> Resources:
    """The resources of a trial: only what its strategy needs. A worker holds what it has attached for later trials."""
    fields: dict[str, Any] = {}
    for need in _table(names):
        fields |= need.attach(context)
    return Resources(engine(context.engine), with_classes(context.architecture, len(context.target.labels)),
                     context.device, seed, vectors=context.vectors if _asking_for_vectors(names, context) else None,
                     same_labels=context.source.labels == context.target.labels, encoders=context.encoders,
                     prepared=frozenset(names), **fields)


def open_shared(names: Collection[str], resources: Resources, corpus: Corpus) -> dict[str, float]:
    """Open what `prepare` computed, before a trial's clock starts; returns the seconds it had taken, by phase."""
    seconds = {"encode": 0.0, "pretrain": 0.0}
    for need in _table(names):
        for phase, value in need.open(resources, corpus).items():
            seconds[phase] += value
    return seconds


def cache_entries(names: Collection[str], context: TrialContext) -> list[Path]:
    """The cache entries that trials with these needs read; after `prepare`."""
    folders = data_entries(context.root, context.target)
    for need in _table(names):
        folders += need.entries(context)
    return list(dict.fromkeys(folders))


def steps(names: Collection[str], workload: Workload) -> list[Step]:
    """What `prepare` would do, and about how long each step takes."""
    return [step for need in _table(names) for step in need.steps(workload)]


def _table(names: Collection[str]) -> list[Need]:
    """The entries of the needs named, in the table's order; one that settings choose is there once per choice."""
    chosen = sorted((*name.partition(" ")[::2],) for name in names)
    return [need.bound(**json.loads(settings)) if settings and need.bound else need
            for word, need in NEEDS.items() for name, settings in chosen if name == word]


def with_settings(names: Collection[str], settings: Mapping[str, Any]) -> frozenset[str]:
    """The needs named; to one that a strategy's settings choose, their values are added as JSON."""
    chosen = []
    for name in names:
        values = {k: settings[k] for k in NEEDS[name].settings if k in settings}
        chosen.append(f"{name} {json.dumps(values, sort_keys=True)}" if values else name)
    return frozenset(chosen)


def models(names: Collection[str]) -> list[str]:
    """The pre-trained encoders that these needs are of."""
    return list(dict.fromkeys(need.model for need in _table(names) if need.model))


def recorded_settings(names: Collection[str], settings: Mapping[str, Any], context: TrialContext) -> dict[str, Any]:
    """A strategy's settings as its records have them: an encoder by its name and digest, the bundled one by neither."""
    recorded = dict(settings)
    used = models(names)
    if used and isinstance(settings.get("model", used[0]), str):
        encoder = encoder_named(used[0], context.encoders)
        recorded.pop("model", None)
        if not encoder.is_bundled:
            recorded |= {"model": encoder.name, "model_sha256": encoder.sha256}
    return recorded


# The base, and its features of the target's texts.

def _train_base(context: TrialContext, base_spec: BaseSpec, watch: Watch) -> None:
    pretrain(base_spec, context.root, watch)


@lru_cache(2)
def _open_base(root: Path, key: str) -> Base:
    base = load_base(root, key)
    if base is None:
        raise BenchError(f"the base {key} is no longer in the cache {root}", "run again; it is trained anew")
    return base


def _base_embedding(resources: Resources, corpus: Corpus) -> None:
    _glove_of_words(resources, corpus)
    resources.base_params(corpus)


def _base_steps(work: Workload) -> Iterator[Step]:
    for key in work.bases:
        trained = work.inputs is not None and store.load(work.root / "bases" / key) is not None
        yield Step("base", key, trained, work.measured.training(work.source_texts, work.epochs))


def _feature_steps(work: Workload) -> Iterator[Step]:
    for key in work.bases:
        cached = work.inputs is not None and is_derived(
            work.inputs.target.data.corpus, *features_entry(key, work.inputs.vectors))
        yield Step("features", f"{work.target} {key}", cached, work.measured.encoding(work.target_texts))


def _features_of_source(resources: Resources, corpus: Corpus) -> None:
    assert resources.source is not None
    resources.feature_seconds(resources.source.corpus)


def _open_features_of_source(resources: Resources, corpus: Corpus) -> Seconds:
    assert resources.source is not None
    return {"encode": resources.feature_seconds(resources.source.corpus)}


def _source_feature_steps(work: Workload) -> Iterator[Step]:
    for key in work.bases:
        cached = work.inputs is not None and is_derived(
            work.inputs.source.data.corpus, *features_entry(key, work.inputs.vectors))
        yield Step("features", f"{work.source} {key}", cached, work.measured.encoding(work.source_texts))


# Word vectors and counts of the target's texts.

def _glove_of_words(resources: Resources, corpus: Corpus) -> None:
    if resources.vectors is not None:
        resources.vectors.of(corpus)


def _open_means(resources: Resources, corpus: Corpus) -> Seconds:
    resources.mean_vectors(_no_texts(corpus))
    return {}


def _open_counts(resources: Resources, corpus: Corpus) -> Seconds:
    resources.counts(_no_texts(corpus))
    return {}


def _no_texts(corpus: Corpus) -> Examples:
    return Examples(corpus, np.arange(0))


# name in a strategy's NEEDS → what it means; the order is that in which things are prepared
NEEDS: Mapping[str, Need] = {
    "base": Need(
        vectors=True, per_base=True, of_source=True, train=_train_base,
        attach=lambda context: {"base": _open_base(context.root, context.base)},
        prepare=_base_embedding,
        open=lambda resources, corpus: {"pretrain": resources.need_base().seconds},
        entries=lambda context: [context.root / "bases" / context.base],
        steps=_base_steps),
    "features": Need(
        implies=("base",),
        open=lambda resources, corpus: {"encode": resources.feature_seconds(corpus)},
        steps=_feature_steps),
    "glove": Need(
        vectors=True, of_source=True, prepare=_glove_of_words, open=_open_means,
        refusal=lambda source, target, glove: "" if glove else "left out: it needs GloVe vectors"),
    "word-vectors": Need(vectors=True, as_the_base=True, prepare=_glove_of_words),
    "counts": Need(open=_open_counts),
    "source": Need(
        of_source=True,
        attach=lambda context: {"source": source_pool(context.root, context.source, context.target)},
        entries=source_entries),
    "source-features": Need(
        implies=("features", "source"), prepare=_features_of_source, open=_open_features_of_source,
        steps=_source_feature_steps),
    "source-linear": source_needs.linear(),
    "sentences": encoder_needs.sentences(),
    "source-sentences": encoder_needs.source_sentences(),
    "encoder": encoder_needs.encoder(),
    "encoder-base": encoder_needs.encoder_base(),
    "same-labels": Need(refusal=source_needs.label_refusal),
    "new-labels": Need(refusal=source_needs.new_labels_refusal),
    "gpu": Need(device="cuda"),
    "one-class": Need(one_class=True),
    "no-labels": Need(no_labels=True),
}
