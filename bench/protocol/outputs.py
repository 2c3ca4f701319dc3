"""What a strategy predicts, checked: probabilities of every class for every text, or an error that says what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError

# How far from 1 a text's probabilities may sum. Half precision rounds each by up to 0.0005 of itself, and so their sum;
# a sum that is further off is no rounding.
TOLERANCE = 1e-3


def checked_probabilities(predicted: Any, shape: tuple[int, int], strategy: str) -> NDArray[np.floating[Any]]:
    """What a strategy predicted for `shape` (texts, classes), as an array of its own that nothing else changes.

    It must be real finite numbers, none below 0, whose rows sum to 1 within `TOLERANCE`. Lists, data frames and tensors
    on the CPU that NumPy converts are converted. Raises `BenchError`, which names the strategy and what was seen.
    """
    array = _as_array(predicted, strategy)
    if array.shape != shape:
        raise BenchError(f"{strategy} predicted {array.shape}, expected {shape}", _shape_hint(array.shape, shape))
    if array.dtype.kind not in "fiu":
        raise BenchError(f"{strategy} predicted values of the type {array.dtype}", "probabilities are real numbers")
    if not np.isfinite(array).all():
        raise BenchError(f"{strategy} predicted NaN or infinite values", "did its training diverge?")
    sums = array.sum(axis=1, dtype=np.float64)
    if (array < 0).any() or (np.abs(sums - 1) > TOLERANCE).any():
        raise BenchError(f"{strategy} predicted no probabilities: values from {array.min():.4g} to {array.max():.4g}, "
                         f"rows that sum to {_between(sums)}", _values_hint(array, sums))
    return array


def _as_array(predicted: Any, strategy: str) -> NDArray[Any]:
    kind = type(predicted).__name__
    if isinstance(predicted, np.ma.MaskedArray) and np.any(predicted.mask):
        raise BenchError(f"{strategy} predicted a masked array", "every text needs a probability of every class")
    if not isinstance(predicted, (np.ndarray, list, tuple)) and not hasattr(predicted, "__array__"):
        hint = ".toarray() makes an array of it" if hasattr(predicted, "toarray") else \
            "its predictor must return an array of probabilities, [texts, classes]"
        raise BenchError(f"{strategy} predicted {'nothing (None)' if predicted is None else f'a {kind}'}", hint)
    try:
        array = np.array(predicted)  # a copy: what the strategy writes later changes nothing
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BenchError(f"{strategy} predicted a {kind} that is no array: {reason}",
                         "return an array of probabilities, [texts, classes]; of a tensor .detach().cpu().numpy()"
                         ) from None
    return array if type(array) is np.ndarray else np.asarray(array)


def _shape_hint(shape: tuple[int, ...], expected: tuple[int, int]) -> str:
    texts, classes = expected
    if shape in ((texts,), (texts, 1)):
        return "one number per text; it must give the probability of every class, such as np.column_stack([1 - p, p])"
    if shape == (classes, texts):
        return "the other way round: return its .T"
    if len(shape) == 2 and shape[0] == texts:
        return "a column for each of trial.labels, also for classes that no labelled text has"
    return "a row for each text, a column for each of trial.labels"


def _values_hint(array: NDArray[Any], sums: NDArray[np.float64]) -> str:
    if not array.any():
        return "they are all zero"
    if (array <= TOLERANCE).all():  # their rounding may be above 0
        if (np.abs(np.exp(array.astype(np.float64)).sum(axis=1) - 1) <= TOLERANCE).all():
            return "they are log-probabilities: return np.exp of them"
        return "are they log-probabilities? then return np.exp of them; of logits bench.api.softmax"
    if (array < 0).any():
        return "are they logits or margins? bench.api.softmax makes probabilities of logits"
    if (sums > 0).all():
        return "divide each row by its sum, if that makes probabilities of them"
    return "each row must sum to 1"


def _between(values: NDArray[np.float64]) -> str:
    low, high = f"{values.min():.4g}", f"{values.max():.4g}"
    return low if low == high else f"{low} … {high}"
