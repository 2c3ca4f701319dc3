"""Predictions of a trial, stored as text in its record."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError

LARGEST = 256 << 20  # bytes of the unpacked predictions of a record, and of a line of a records file


def pack(truth: NDArray[np.int64], scores: NDArray[np.float16],
         groups: NDArray[np.integer[Any]] | None = None) -> dict[str, Any]:
    """Classes and scores as text; `scores` are log-odds [n, 1] for two classes, else log-probabilities [n, classes].

    `groups` [n], which film or hotel each text is about, is stored only where it puts texts together.
    """
    def text(array: NDArray[Any]) -> str:
        return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()

    wide = scores.shape[1] > 256  # a byte does not hold the number of every class
    packed = {"truth": text(truth.astype("<u2" if wide else np.uint8)), "scores": text(scores.astype("<f2")),
              "columns": scores.shape[1]}
    if groups is not None:
        _, number = np.unique(groups, return_inverse=True)
        if 1 < number.max() + 1 < len(number):
            packed["groups"] = text(number.astype("<u4"))
    return packed


def groups_of(packed: dict[str, Any]) -> NDArray[np.int64] | None:
    """The group of each text [n]; None where the texts have none, as in records made before; `DataError` for damage."""
    if "groups" not in packed:
        return None
    try:
        return np.frombuffer(_inflated(packed["groups"]), "<u4").astype(np.int64)
    except (ValueError, TypeError, zlib.error) as error:
        raise DataError(f"a record's groups of texts cannot be unpacked: {str(error)[:100]}",
                        "was it made by another version? run its trial again") from None


def unpack(packed: dict[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """True classes [n] and probabilities [n, classes], exactly as they were scored; `DataError` for damage."""
    try:
        raw = np.frombuffer(_inflated(packed["scores"]), "<f2").reshape(-1, packed["columns"])
        stored = _inflated(packed["truth"])
        truth = np.frombuffer(stored, "<u2" if len(stored) == 2 * len(raw) else np.uint8).astype(np.int64)
        if len(truth) != len(raw) or not len(raw):
            raise ValueError(f"{len(truth)} truths of {len(raw)} texts")
        return truth, probabilities(raw)
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise DataError(f"a record's predictions cannot be unpacked: {str(error)[:100]}",
                        "was it made by another version? run its trial again") from None


def _inflated(text: str) -> bytes:
    """The bytes that `pack` compressed; `ValueError` beyond LARGEST."""
    inflate = zlib.decompressobj()
    data = inflate.decompress(base64.b64decode(text, validate=True), LARGEST)
    if not inflate.eof:
        raise ValueError(f"cut short, or more than {LARGEST >> 20} MB")
    return data


def quantise(p: NDArray[np.float32]) -> NDArray[np.float16]:
    """The 16-bit scores to store for probabilities [n, classes]."""
    p = np.clip(np.asarray(p, np.float64), 1e-12, None)
    p = p / p.sum(axis=1, keepdims=True)
    logs = np.log(p)
    scores = logs[:, 1:] - logs[:, :1] if p.shape[1] == 2 else logs
    return scores.astype(np.float16)


def probabilities(scores: NDArray[np.float16]) -> NDArray[np.float32]:
    """The probabilities [n, classes] that stored scores mean."""
    from bench.protocol.metrics import softmax

    logits = scores.astype(np.float32)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    return softmax(logits)
