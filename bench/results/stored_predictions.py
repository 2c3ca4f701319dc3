"""Predictions of a trial, stored as text in its record."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.results.coarse_scores import FEWEST_CLASSES, CoarseScores, coarse

LARGEST = 256 << 20  # bytes of the unpacked predictions of a record, and of a line of a records file
Scores = NDArray[np.float16] | CoarseScores


def pack(truth: NDArray[np.int64], scores: Scores,
         groups: NDArray[np.integer[Any]] | None = None) -> dict[str, Any]:
    """Classes and scores, as `quantise` makes them, as text.

    Under `scores` are 16-bit numbers: log-odds [n, 1] of two classes, log-probabilities [n, classes] of a few more.
    Many classes have `levels` and a `step` instead. `groups` [n], which film or hotel each text is about, is stored
    only where it puts texts together.
    """
    def text(array: NDArray[Any]) -> str:
        return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()

    if isinstance(scores, CoarseScores):
        columns, stored = scores.levels.shape[1], {"levels": _levels_as_text(scores), "step": scores.step}
    else:
        columns, stored = scores.shape[1], {"scores": text(scores.astype("<f2"))}
    wide = columns > 256  # a byte does not hold the number of every class
    packed = {"truth": text(truth.astype("<u2" if wide else np.uint8)), **stored, "columns": columns}
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
    truth, scores = _unpacked(packed)
    return truth, probabilities(scores)


def same_answers(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records hold the same truth and predictions, bit for bit; of two forms, in the coarser one.

    The coarse form is made from the 16-bit one, so that records of many classes from before it can be compared with
    later ones. Where 16 bits cannot tell the two most probable classes apart, either may be the predicted one.
    """
    if one == other:
        return True
    try:  # another version of zlib packs the same predictions into other bytes
        (truth, scores), (other_truth, other_scores) = _unpacked(one), _unpacked(other)
    except DataError:
        return False
    if not np.array_equal(truth, other_truth):
        return False
    if isinstance(scores, CoarseScores) and isinstance(other_scores, CoarseScores):
        return scores.step == other_scores.step and np.array_equal(scores.levels, other_scores.levels)
    if isinstance(scores, CoarseScores):
        return not isinstance(other_scores, CoarseScores) and _rounds_to(other_scores, scores)
    if isinstance(other_scores, CoarseScores):
        return _rounds_to(scores, other_scores)
    return np.array_equal(scores, other_scores, equal_nan=True)


def _rounds_to(fine: NDArray[np.float16], levels: CoarseScores) -> bool:
    """Whether 16-bit scores [n, classes], stored coarser, are these levels."""
    if fine.shape != levels.levels.shape or not np.isfinite(fine).all():
        return False
    predicted = levels.levels.argmin(axis=1)
    if (fine[np.arange(len(fine)), predicted] != fine.max(axis=1)).any():
        return False
    rounded = coarse(fine, predicted)
    return rounded.step == levels.step and np.array_equal(rounded.levels, levels.levels)


def _unpacked(packed: dict[str, Any]) -> tuple[NDArray[np.int64], Scores]:
    try:
        scores: Scores
        if "levels" in packed:
            levels = np.frombuffer(_levels_of_text(packed["levels"]), np.uint8).reshape(-1, packed["columns"])
            scores, n = CoarseScores(levels, packed["step"]), len(levels)
        else:
            scores = np.frombuffer(_inflated(packed["scores"]), "<f2").reshape(-1, packed["columns"])
            n = len(scores)
        stored = _inflated(packed["truth"])
        truth = np.frombuffer(stored, "<u2" if len(stored) == 2 * n else np.uint8).astype(np.int64)
        if len(truth) != n or not n:
            raise ValueError(f"{len(truth)} truths of {n} texts")
        return truth, scores
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


def _levels_as_text(scores: CoarseScores) -> str:
    """Small numbers without words in them: LZMA takes a tenth less than zlib."""
    import lzma  # some builds of Python lack it, and records of few classes need none

    packing = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20, "lc": 0, "lp": 0, "pb": 0}
    data = lzma.compress(scores.levels.tobytes(), check=lzma.CHECK_NONE, filters=[packing])
    return base64.b64encode(data).decode()


def _levels_of_text(text: str) -> bytes:
    """The bytes that `_levels_as_text` compressed; `ValueError` where 16 bits of each would exceed LARGEST."""
    import lzma

    expand = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=64 << 20)
    try:
        data = expand.decompress(base64.b64decode(text, validate=True), LARGEST // 2)
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from None
    if not expand.eof:
        raise ValueError(f"cut short, or more than {LARGEST >> 21} MB")
    return data


def quantise(p: NDArray[np.floating[Any]]) -> Scores:
    """The scores to store for probabilities [n, classes]: of 16 bits, or coarser for many classes."""
    given, p = p, np.clip(np.asarray(p, np.float64), 1e-12, None)
    p = p / p.sum(axis=1, keepdims=True)
    logs = np.log(p)
    scores = (logs[:, 1:] - logs[:, :1] if p.shape[1] == 2 else logs).astype(np.float16)
    return scores if p.shape[1] < FEWEST_CLASSES else coarse(scores, given.argmax(axis=1))


def probabilities(scores: Scores) -> NDArray[np.float32]:
    """The probabilities [n, classes] that stored scores mean."""
    from bench.protocol.metrics import softmax

    logits = (scores.logits() if isinstance(scores, CoarseScores) else scores).astype(np.float32)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    return softmax(logits)
