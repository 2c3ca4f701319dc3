"""Both engines compute the same network from the same weights, and train it to the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.batches import Batches, Spec
from bench.engines import engine
from bench.errors import BenchError
from bench.nets import NETS, TUTORIAL, Net, initial_params
from bench.text import Encoded

SMALL = [pytest.param(replace(net, embedding=8, hidden=6, most_tokens=24, words=0, dropout=0.0), id=f"{preset}-{name}")
         for preset, table in (("default", NETS), ("tutorial", TUTORIAL)) for name, net in table.items()]
WORDS = 50


@pytest.fixture(scope="module")
def both():
    try:
        return engine("torch"), engine("mxnet")
    except BenchError as error:
        pytest.skip(str(error))


def texts(n: int = 40) -> tuple[Encoded, np.ndarray]:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 24, n)
    ids = rng.integers(2, WORDS, lengths.sum()).astype(np.int32)
    return Encoded(ids, np.concatenate([[0], np.cumsum(lengths)])), rng.integers(0, 2, n)


@pytest.mark.parametrize("net", SMALL)
def test_features_and_scores_agree(net: Net, both):
    x, _ = texts()
    params = initial_params(net, WORDS, "parity")
    for what in ("features", "scores"):
        ours, theirs = (getattr(e, what)(net, params, x, "cpu") for e in both)
        np.testing.assert_allclose(theirs, ours, atol=1e-5)


@pytest.mark.parametrize("net", SMALL)
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_few_steps_of_training_agree(net: Net, both, optimiser: str):
    x, y = texts()
    params = initial_params(net, WORDS, "parity")
    spec = Spec(epochs=2, batch=16, learning_rate=1e-2, optimiser=optimiser)
    ours, theirs = (e.fit(net, params, Batches(x, y, 16, ("parity",)), spec, "cpu") for e in both)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(theirs[name], value, atol=1e-4 if optimiser == "sgd" else 2e-3, err_msg=name)
