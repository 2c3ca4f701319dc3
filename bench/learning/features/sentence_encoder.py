"""A pre-trained sentence encoder as it is: vectors of texts, computed once per corpus."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.store import key_of
from bench.data.corpus import ArraysAndFacts, Corpus, derived, is_derived
from bench.data.http import one_line
from bench.learning.features.encoders import BUNDLED_ENCODER, WORD_PIECES, Encoder, weights_of


def corpus_vectors(corpus: Corpus, encoder: Encoder = BUNDLED_ENCODER,
                   device: str = "cpu") -> tuple[NDArray[np.float32], float]:
    """Vectors of length 1 of all texts of a corpus, [n, d], and the seconds that took; computed once per corpus.

    Raises `MissingExtra` where the encoder is not installed.
    """
    def make() -> ArraysAndFacts:
        return _encoded(corpus, range(len(corpus)), encoder, device)

    entry = derived(corpus, *_entry(encoder, device), make)
    return np.asarray(entry.array("vectors")), float(entry.facts["seconds"])


def sample_vectors(corpus: Corpus, rows: NDArray[np.int64], word_pieces: int,
                   encoder: Encoder = BUNDLED_ENCODER, device: str = "cpu") -> tuple[NDArray[np.float32], float]:
    """The same of some rows, of whose texts only the first `word_pieces` are read; computed once per sample."""
    def make() -> ArraysAndFacts:
        return _encoded(corpus, rows.tolist(), encoder, device, word_pieces)

    entry = derived(corpus, *_sample_entry(rows, word_pieces, encoder, device), make)
    return np.asarray(entry.array("vectors")), float(entry.facts["seconds"])


def are_cached(corpus: Corpus, encoder: Encoder, device: str = "cpu") -> bool:
    """Whether the cache has what `corpus_vectors` would compute."""
    return is_derived(corpus, *_entry(encoder, device))


def is_sample_cached(corpus: Corpus, rows: NDArray[np.int64], word_pieces: int, encoder: Encoder,
                     device: str = "cpu") -> bool:
    """Whether the cache has what `sample_vectors` would compute."""
    return is_derived(corpus, *_sample_entry(rows, word_pieces, encoder, device))


def vectors(texts: Sequence[str], encoder: Encoder = BUNDLED_ENCODER, word_pieces: int = 0,
            device: str = "cpu") -> NDArray[np.float32]:
    """Vectors of length 1 of texts, [n, d]; only the first `word_pieces` of a text are read (0: the encoder's limit).

    Raises `MissingExtra` where the encoder is not installed.
    """
    if not len(texts):
        return vectors([""], encoder, device=device)[:0]
    opened = _opened(encoder, device)
    limit, batch = opened.max_seq_length, 16 if device == "cpu" else 256
    try:
        opened.max_seq_length = min(word_pieces or limit, limit) if limit else word_pieces or None
        array = opened.encode(list(texts), batch_size=batch, show_progress_bar=False, normalize_embeddings=True)
    finally:
        opened.max_seq_length = limit
    return np.asarray(array, np.float32)


def _encoded(corpus: Corpus, rows: Sequence[int] | range, encoder: Encoder, device: str,
             word_pieces: int = 0) -> ArraysAndFacts:
    _opened(encoder, device)
    began = time.perf_counter()
    array = vectors([corpus.text(row) for row in rows], encoder, word_pieces, device)
    return {"vectors": array}, {"seconds": time.perf_counter() - began}


def _entry(encoder: Encoder, device: str) -> tuple[str, list[object]]:
    return "sentences", [encoder.sha256, WORD_PIECES if encoder.is_bundled else 0, *_other(device)]


def _sample_entry(rows: NDArray[np.int64], word_pieces: int, encoder: Encoder,
                  device: str) -> tuple[str, list[object]]:
    return "sentence-sample", [encoder.sha256, word_pieces, key_of(rows.tolist()), *_other(device)]


def _other(device: str) -> list[str]:
    """A GPU's vectors are those of a CPU but for the last bits, so that they have entries of their own."""
    return [] if device == "cpu" else [device]


@lru_cache(2)
def _opened(encoder: Encoder, device: str = "cpu") -> Any:
    folder = weights_of(encoder)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        opened = SentenceTransformer(str(folder), device=device, local_files_only=True, trust_remote_code=False)
    # Weights, tokenizer and settings of anyone's: each layer of two libraries has errors of its own.
    except Exception as error:
        raise BenchError(f"the encoder {encoder.model} cannot be opened: {type(error).__name__}: {one_line(error)}",
                         "can this version of sentence-transformers read it without code of its own?") from error
    if encoder.is_bundled:
        opened.max_seq_length = WORD_PIECES
    return opened
