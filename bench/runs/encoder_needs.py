"""What the suite does for strategies that use a pre-trained encoder: entries of the table in `needs.py`.

A strategy's settings choose the encoder (`model`) and how much of the source it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.errors import BenchError
from bench.data.corpus import Corpus
from bench.learning.encoder_base import (
    EncoderBaseSpec,
    base_recipe,
    base_texts,
    folder_of,
    load_encoder_base,
    train_encoder,
)
from bench.learning.features import encoders, sentence_encoder
from bench.learning.features.encoders import BUNDLED, WORD_PIECES, encoder_named
from bench.learning.resources import Resources
from bench.learning.source_sentences import (
    SOURCE_TEXTS,
    SOURCE_WORD_PIECES,
    SampleSpec,
    SourceSentences,
    is_source_cached,
    sample_rows,
)
from bench.learning.source_sentences import source_sentences as encode_source
from bench.runs.costs import ENCODER, STATED, UNKNOWN, Cost, Step
from bench.runs.inputs import DataRef, TrialContext, open_data, source_entries, source_pool
from bench.runs.need import Need, Seconds, Workload

TRAINING = 4.5  # times the cost of a vector: a text that all of the encoder is trained on
ON_A_GPU = 100.0  # times as fast as two cores: an H200 read 25,000 reviews twice in 77 seconds


def sentences(model: Any = BUNDLED) -> Need:
    """Vectors of the target's texts by a frozen encoder."""
    name = _name(model)

    def opened(resources: Resources, corpus: Corpus) -> Seconds:
        return {"encode": sentence_encoder.corpus_vectors(corpus, resources.encoder(name), resources.device)[1]}

    def steps(work: Workload) -> Iterator[Step]:
        cached = work.inputs is not None and sentence_encoder.are_cached(
            work.inputs.target.data.corpus, encoder_named(name, work.encoders), _device(work))
        yield Step("sentence vectors", f"{work.target} {name}", cached,
                   _cost(name, work.target_texts, 1.0, _device(work)))

    return Need(settings=("model",), bound=sentences, model=name, of_source=True,
                missing=lambda: encoders.missing(name), open=opened, steps=steps)


def source_sentences(model: Any = BUNDLED, source_texts: int = SOURCE_TEXTS,
                     word_pieces: int = SOURCE_WORD_PIECES) -> Need:
    """Vectors of a sample of the source's texts by a frozen encoder, with their labels."""
    name = _name(model)

    def attach(context: TrialContext) -> Mapping[str, Any]:
        spec = SampleSpec(encoder_named(name, context.encoders), source_texts, word_pieces, context.device)
        return {"source_sentences": _source_sentences(context.root, context.source, context.target, spec)}

    def opened(resources: Resources, corpus: Corpus) -> Seconds:
        return {"pretrain": resources.need_source_sentences().seconds}

    def steps(work: Workload) -> Iterator[Step]:
        cached = False
        if work.inputs is not None:
            source, found = work.inputs.source, encoder_named(name, work.encoders)
            spec = SampleSpec(found, source_texts, word_pieces, _device(work))
            pool = open_data(work.root, DataRef.of(source))[1].pool
            cached = is_source_cached(source.data, pool, source.name, spec)
        texts = min(source_texts, work.source_texts)
        yield Step("source sentence vectors", f"{work.source} {name} {source_texts} {word_pieces}", cached,
                   _cost(name, texts, word_pieces / WORD_PIECES, _device(work)))

    return Need(settings=("model", "source_texts", "word_pieces"), bound=source_sentences, model=name, of_source=True,
                missing=lambda: encoders.missing(name), attach=attach, open=opened, entries=source_entries, steps=steps)


def encoder(model: Any = BUNDLED) -> Need:
    """The pre-trained encoder itself, to be trained in the trial."""
    name = _name(model)
    return Need(settings=("model",), bound=encoder, model=name, of_source=True, missing=lambda: encoders.missing(name))


def encoder_base(model: Any = BUNDLED, source_texts: int = 0, word_pieces: int = WORD_PIECES, epochs: int = 0) -> Need:
    """The encoder fine-tuned on the source; 0 texts or epochs means as many as the device manages in minutes."""
    name = _name(model)

    def spec_of(context: TrialContext) -> EncoderBaseSpec:
        data, split = open_data(context.root, context.source)
        most = base_texts(context.device, len(split.pool), source_texts)
        found = SampleSpec(encoder_named(name, context.encoders), most, word_pieces)
        rows = sample_rows(data, split.pool, context.source.name, most)
        allowed = source_pool(context.root, context.source, context.target).rows
        return EncoderBaseSpec(context.source.name, data, rows[np.isin(rows, allowed)], found.encoder, word_pieces,
                               base_recipe(context.device, epochs), context.device)

    def attach(context: TrialContext) -> Mapping[str, Any]:
        folder = folder_of(context.root, spec_of(context))
        base = load_encoder_base(folder)
        if base is None:
            raise BenchError(f"the trained encoder {folder.name} is no longer in the cache {context.root}",
                             "run again; it is trained anew")
        return {"encoder_base": base}

    def steps(work: Workload) -> Iterator[Step]:
        device = _device(work)
        texts = base_texts(device, work.source_texts, source_texts)
        readings = TRAINING * base_recipe(device, epochs).epochs
        key = f"{work.source} {name} {source_texts} {word_pieces} {epochs}"
        cached = work.context is not None and folder_of(work.root, spec_of(work.context)).exists()
        yield Step("encoder trained on the source", key, cached,
                   _cost(name, texts, readings * word_pieces / WORD_PIECES, device))

    return Need(settings=("model", "source_texts", "word_pieces", "epochs"), bound=encoder_base, model=name,
                of_source=True, missing=lambda: encoders.missing(name), attach=attach, steps=steps,
                train=lambda context, base_spec, watch: train_encoder(spec_of(context), context.root, watch),
                open=lambda resources, corpus: {"pretrain": resources.need_encoder_base().seconds},
                entries=lambda context: [*source_entries(context), folder_of(context.root, spec_of(context))])


@lru_cache(2)
def _source_sentences(root: Path, source: DataRef, target: DataRef, spec: SampleSpec) -> SourceSentences:
    data, split = open_data(root, source)
    return encode_source(data, split.pool, source_pool(root, source, target).rows, source.name, spec)


def _device(work: Workload) -> str:
    return work.context.device if work.context else "cpu"


def _name(model: object) -> str:
    """The encoder that a setting names; a plug-in may mean something else by `model`."""
    return model if isinstance(model, str) else BUNDLED


def _cost(model: str, texts: int, share: float, device: str) -> Cost:
    """Seconds to encode texts of which a share of the word pieces is read; known of the bundled encoder alone."""
    pace = 1.0 if device == "cpu" else ON_A_GPU
    return Cost(texts * share * ENCODER / 1000 / pace, STATED if model == BUNDLED else UNKNOWN)
