"""A classifier of n-grams with hidden layers, as a model: what it computes, and what a stranger's folder cannot do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.learning.models import folder as model_folder
from bench.learning.models.model import ModelError
from bench.learning.models.ngram_network_model import TEXTS_AT_ONCE, NgramNetworkModel
from bench.protocol.metrics import softmax

WORDS = ("good", "bad", "room", "film")
GRAMS = np.array([[2, -1], [0, 2], [1, -1], [0, -1]], np.int32)  # room · good room · bad · good
IDF = np.array([1.0, 2.0, 3.0, 1.5])


def model() -> NgramNetworkModel:
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=(3, 5)), rng.normal(size=(2, 4))]
    return NgramNetworkModel.from_ngrams(WORDS, GRAMS, IDF, layers, rng.normal(size=(2, 4 + 5)), np.array([0.1, -0.1]))


def test_it_computes_the_layers_of_the_ngrams_in_the_order_that_they_were_given_in():
    rng = np.random.default_rng(0)
    first, second, weight = rng.normal(size=(3, 5)), rng.normal(size=(2, 4)), rng.normal(size=(2, 9))
    x = np.array([[1 + np.log(2), 1.0, 0.0, 1.0], [0, 0, 1.0, 0], [0, 0, 0, 0]]) * IDF
    x[:2] /= np.linalg.norm(x[:2], axis=1, keepdims=True)
    h1 = np.tanh(x @ first[:, :-1].T + first[:, -1])
    h2 = np.tanh(h1 @ second[:, :-1].T + second[:, -1])
    expected = softmax(np.concatenate([x, h1, h2], axis=1) @ weight.T + [0.1, -0.1])
    got = model().probabilities(["a good room, this room", "bad film", "nothing"])
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_many_texts_are_read_in_parts_and_none_is_lost():
    texts = ["good room", "bad"] * TEXTS_AT_ONCE
    p = model().probabilities(texts)
    assert p.shape == (len(texts), 2)
    np.testing.assert_array_equal(p, np.tile(p[:2], (TEXTS_AT_ONCE, 1)))
    assert model().probabilities([]).shape == (0, 2)


def test_a_saved_one_predicts_the_same(tmp_path):
    model_folder.save(tmp_path / "model", model(), ("no", "yes"), {}, force=False)
    loaded = model_folder.load(tmp_path / "model").model
    texts = ["good room", "bad film"]
    np.testing.assert_array_equal(loaded.probabilities(texts), model().probabilities(texts))


@pytest.mark.parametrize(("change", "said"), [
    (lambda p: replace(p, settings={}), "layers = 'None'"),
    (lambda p: replace(p, settings={"layers": True}), "layers = 'True'"),
    (lambda p: replace(p, settings={"layers": 10**9}), "layers = '1000000000'"),
    (lambda p: replace(p, settings={"layers": 3}), "no array 'layer.2'"),
    (lambda p: replace(p, arrays={**p.arrays, "layer.0": p.arrays["layer.0"][:, :4]}), "'layer.0'"),
    (lambda p: replace(p, arrays={**p.arrays, "layer.0": p.arrays["layer.0"][:2]}), "'layer.1'"),
    (lambda p: replace(p, arrays={**p.arrays, "layer.1": p.arrays["layer.1"] * np.float32(np.nan)}), "NaN"),
    (lambda p: replace(p, arrays={**p.arrays, "head": p.arrays["head"][:, 1:]}), "'head'"),
    (lambda p: replace(p, words=("good",)), "pairs of its 1 words"),
])
def test_parts_that_do_not_fit_are_refused(change, said: str):
    with pytest.raises(ModelError) as caught:
        NgramNetworkModel.from_parts(change(model().parts()))
    assert said in caught.value.message
