"""Predictions that are no probabilities are refused with what was seen; those that NumPy converts are converted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from bench.core.errors import BenchError
from bench.protocol.outputs import TOLERANCE, checked_probabilities

P = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize("value", [P, P.tolist(), P.astype(np.float32), P.astype(np.float16), pd.DataFrame(P),
                                   torch.from_numpy(P), np.ma.masked_array(P), tuple(map(tuple, P))])
def test_what_numpy_converts_is_taken(value: Any):
    array = checked_probabilities(value, (3, 2), "s")
    assert type(array) is np.ndarray
    assert np.array_equal(array, P)


def test_what_the_strategy_changes_later_is_not_seen():
    mine = P.copy()
    array = checked_probabilities(mine, (3, 2), "s")
    mine[:] = 9
    assert np.array_equal(array, P)


@pytest.mark.parametrize(("value", "said"), [
    (np.log(P + 1e-9), "log-probabilities: return np.exp"), (P * 2 - 1.5, "logits or margins"), (P * 0, "all zero"),
    (P * (1 + 2 * TOLERANCE), "rows that sum to 1.002"), (P * 100, "divide each row"), (P + 0j, "complex128"),
    (P.astype(object), "type object"), (P > 0.5, "type bool"), (P.astype(str), "type <U32"),
    (P.T, "the other way round"),
    (P[:, 1], "one number per text"), (P[:, :1], "one number per text"), (P[:2], "a row for each text"),
    (np.column_stack([P, P]), "a column for each"), (P * np.nan, "NaN or infinite"), (P + np.inf, "NaN or infinite"),
    (None, "nothing"), ("positive", "predicted a str"), ({}, "predicted a dict"), (iter(P), "predicted a "),
    ([[0.5, 0.5], [0.5]], "a list that is no array"), (torch.zeros((3, 2), requires_grad=True), "detach"),
    (np.ma.masked_less(P, 0.3), "masked")])
def test_what_is_none_is_refused_by_name(value: Any, said: str):
    with pytest.raises(BenchError, match="the strategy") as refusal:
        checked_probabilities(value, (3, 2), "the strategy")
    assert said in str(refusal.value)


def test_rounding_to_half_precision_is_no_error():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(20), 1000).astype(np.float16)
    assert checked_probabilities(p, p.shape, "s").shape == p.shape
