"""Nets as values, their first weights, the batches and the recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import BenchError
from bench.data.text import Ragged, encode
from bench.learning.networks.architectures import (
    ARCHITECTURES,
    EMBEDDING,
    HEAD,
    TUTORIAL,
    Architecture,
    architecture_named,
    initial_params,
)
from bench.learning.networks.batches import Batches, learning_rate_factor, pad, scoring_batches

ALL = [
    *((f"default {n}", net) for n, net in ARCHITECTURES.items()),
    *((f"tutorial {n}", net) for n, net in TUTORIAL.items()),
]


def encoded(lengths: list[int]) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.arange(1, offsets[-1] + 1, dtype=np.int32), offsets)


@pytest.mark.parametrize("net", [n for _, n in ALL], ids=[name for name, _ in ALL])
def test_first_weights_depend_on_the_names_alone_and_the_padding_row_is_zero(net: Architecture):
    net = replace(net, most_tokens=12)
    first = initial_params(net, 30, "toy", 0)
    assert {k: v.shape for k, v in first.items()}[HEAD] == (net.classes, net.features)
    assert not first[EMBEDDING][0].any()
    assert all(v.dtype == np.float32 for v in first.values())
    again, other = initial_params(net, 30, "toy", 0), initial_params(net, 30, "toy", 1)
    assert all((first[k] == again[k]).all() for k in first)
    assert (first[HEAD] != other[HEAD]).any()


def test_an_unknown_net_or_preset_is_answered_with_what_there_is():
    with pytest.raises(BenchError, match="unknown net 'gruu'; did you mean 'gru'"):
        architecture_named("gruu")
    with pytest.raises(BenchError, match="unknown preset 'tiny'"):
        architecture_named("gru", "tiny")
    with pytest.raises(BenchError, match="unknown kind of net"):
        initial_params(Architecture("transformer"), 10)
    assert architecture_named("gru", "tutorial") is TUTORIAL["gru"]


def test_both_presets_know_the_same_nets():
    assert set(ARCHITECTURES) == set(TUTORIAL)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=300), st.integers(1, 7), st.integers(0, 3))
def test_an_epoch_visits_each_text_once_in_as_many_batches_as_promised(lengths: list[int], size: int, number: int):
    batches = Batches(encoded(lengths), np.zeros(len(lengths), np.int64), size, ("toy",))
    order = batches.epoch(number)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert len(order) == batches.steps()
    assert max(map(len, order)) <= size


def test_epochs_differ_and_repeat_by_name():
    x = encoded([3, 4] * 50)
    batches = Batches(x, np.zeros(100, np.int64), 10, ("toy",))

    def order(b: Batches, number: int) -> list[int]:
        return np.concatenate(b.epoch(number)).tolist()

    assert order(batches, 0) == order(batches, 0)
    assert order(batches, 0) != order(batches, 1)
    assert order(batches, 0) != order(replace(batches, seed_names=("other",)), 0)


def test_a_batch_holds_texts_of_like_length():
    lengths = np.random.default_rng(0).integers(1, 100, 400).tolist()
    batches = Batches(encoded(lengths), np.zeros(400, np.int64), 10, ("toy",))
    spans = [np.ptp(batches.x.lengths[rows]) for rows in batches.epoch(0)]
    assert max(spans) <= 15


def test_padding_puts_time_first_and_texts_in_order():
    x, _ = encode(["a b c", "d", ""])
    ids, lengths = pad(x, np.array([1, 0, 2]))
    assert ids.T.tolist() == [[3, 0, 0], [0, 1, 2], [0, 0, 0]]
    assert lengths.tolist() == [1, 3, 1]
    assert pad(x, np.array([1]), 5)[0].shape == (5, 1)


def test_scoring_batches_cover_all_rows():
    x = encoded([5, 1, 3, 9, 2])
    assert np.concatenate(scoring_batches(x, 2)).tolist() == [3, 0, 2, 4, 1]


def test_the_learning_rate_rises_then_falls():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    top = int(np.argmax(factors))
    assert 8 <= top <= 11
    assert factors == sorted(factors[: top + 1]) + sorted(factors[top + 1:], reverse=True)
    assert 0 < factors[-1] < 0.05
    assert learning_rate_factor(0, 10, 0.0) > 0.9
