"""A sample of the source's labelled texts as vectors of a pre-trained encoder, which is too slow to read them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.corpus import Dataset, Examples
from bench.learning.features.encoders import Encoder
from bench.learning.features.sentence_encoder import is_sample_cached, sample_vectors
from bench.protocol.trial import nested_order

LEAST = 16  # source texts, and word pieces of a text
SOURCE_TEXTS = 2_000  # of the source that the encoder reads, unless a setting says otherwise
SOURCE_WORD_PIECES = 128  # of each of them


@dataclass(frozen=True)
class SourceSentences:
    """Labelled source texts that may be learned from, and their vectors."""

    examples: Examples
    vectors: NDArray[np.float32]  # [n, d], of length 1
    seconds: float  # that the encoder took for the sample

    def __post_init__(self) -> None:
        """Trials share them."""
        self.vectors.setflags(write=False)


@dataclass(frozen=True)
class SampleSpec:
    """Which texts of a source the encoder reads, and how much of each."""

    encoder: Encoder
    texts: int  # at most; a larger sample contains a smaller one
    word_pieces: int  # that are read of each text, at most
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse a sample of nothing."""
        for name, value in (("source_texts", self.texts), ("word_pieces", self.word_pieces)):
            if not isinstance(value, int) or value < LEAST:
                raise BenchError(f"{name} = {value} is too few", f"{LEAST} or more")


def source_sentences(data: Dataset, pool: NDArray[np.int64], allowed: NDArray[np.int64], source: str,
                     spec: SampleSpec) -> SourceSentences:
    """Vectors of a stratified sample of the pool, encoded once for all targets; returns the `allowed` rows alone."""
    rows = sample_rows(data, pool, source, spec.texts)
    vectors, seconds = sample_vectors(data.corpus, rows, spec.word_pieces, spec.encoder, spec.device)
    usable = np.isin(rows, allowed)
    return SourceSentences(data.examples(rows[usable]), vectors[usable], seconds)


def is_source_cached(data: Dataset, pool: NDArray[np.int64], source: str, spec: SampleSpec) -> bool:
    """Whether the cache has what `source_sentences` would compute."""
    rows = sample_rows(data, pool, source, spec.texts)
    return is_sample_cached(data.corpus, rows, spec.word_pieces, spec.encoder, spec.device)


def sample_rows(data: Dataset, pool: NDArray[np.int64], source: str, texts: int) -> NDArray[np.int64]:
    """A stratified, seeded sample of the pool; a larger one contains it."""
    return nested_order(pool, data.y, "encoder-sample", source)[:texts]
