"""The MXNet engine, every net of both tables: shapes, determinism, interruption, padding, and how it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from test_engine_torch import SPEC, every_net, same, toy_batches

from bench.batches import Batches, Hooks, Spec, State
from bench.engines import Engine
from bench.errors import BenchError
from bench.nets import EMBEDDING, HEAD, NETS, Net, initial_params
from bench.text import SPECIALS, Encoded, encode

GRU = replace(NETS["gru"], embedding=6, hidden=5, most_tokens=12)


@pytest.fixture(scope="module")
def mxnet() -> Engine:
    try:
        import bench.engines.mxnet as engine
    except BenchError as error:
        pytest.skip(str(error))
    return engine


@every_net
def test_scores_are_the_head_on_the_features(mxnet: Engine, net: Net):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    features, scores = mxnet.features(net, params, batches.x, "cpu"), mxnet.scores(net, params, batches.x, "cpu")
    assert features.shape == (96, net.features)
    assert scores.shape == (96, net.classes)
    assert features.std() > 0
    np.testing.assert_allclose(features @ params[HEAD].T + params["head.bias"], scores, atol=1e-5)


@every_net
def test_scores_of_a_text_do_not_depend_on_its_neighbours(mxnet: Engine, net: Net):
    x, words = encode(["a b c d e f g h i j k l", "a", "", "b c d e f", "f e d c b a"])
    x = Encoded(x.ids + np.int32(SPECIALS), x.offsets)
    params = initial_params(net, len(words) + SPECIALS, "toy")
    params = {k: v + np.float32(0.3) if k.endswith("bias") else v for k, v in params.items()}
    together = mxnet.scores(net, params, x, "cpu")
    alone = np.concatenate([mxnet.scores(net, params, x.take(np.array([i])), "cpu") for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_long_texts_do_not_change_the_scores_of_short_ones(mxnet: Engine):
    lengths = np.array([3, 40, 1, 17, 64])
    ids = np.random.default_rng(0).integers(2, 30, lengths.sum()).astype(np.int32)
    x = Encoded(ids, np.concatenate([[0], np.cumsum(lengths)]))
    for kind in ("gru", "bilstm", "textcnn"):
        net = replace(NETS[kind], embedding=6, hidden=5, most_tokens=64)
        params = {k: v + np.float32(0.3) if k.endswith("bias") else v for k, v in initial_params(net, 30, 0).items()}
        alone = np.concatenate([mxnet.scores(net, params, x.take(np.array([i])), "cpu") for i in range(5)])
        np.testing.assert_allclose(mxnet.scores(net, params, x, "cpu"), alone, atol=1e-5)


@every_net
def test_training_lowers_the_loss_and_repeats_to_the_bit(mxnet: Engine, net: Net):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    before = {k: v.copy() for k, v in params.items()}
    losses: list[float] = []
    hooks = Hooks(step=lambda done, total, loss, tokens: losses.append(loss))
    first = mxnet.fit(net, params, batches, SPEC, "cpu", hooks)
    assert len(losses) == SPEC.epochs * batches.steps()
    assert np.mean(losses[-batches.steps():]) < 0.9 * np.mean(losses[: batches.steps()])
    assert same(params, before), "the given weights were written to"
    assert same(first, mxnet.fit(net, params, batches, SPEC, "cpu"))
    assert first.keys() == params.keys()
    assert all(first[k].shape == params[k].shape and np.isfinite(first[k]).all() for k in params)


@every_net
def test_training_interrupted_after_an_epoch_goes_on_to_the_same_bits(mxnet: Engine, net: Net):
    from safetensors.numpy import load, save

    batches, vocabulary = toy_batches(64)
    params = initial_params(net, vocabulary, "toy")
    spec = replace(SPEC, epochs=3)
    states: list[State] = []

    def keep(state: State) -> dict[str, float]:
        states.append(replace(state, params=load(save(state.params)), moments=load(save(state.moments))))
        return {"epoch": float(state.epoch)}

    whole = mxnet.fit(net, params, batches, spec, "cpu", Hooks(epoch=keep))
    assert [s.epoch for s in states] == [1, 2, 3]
    assert states[2].history == ({"epoch": 1.0}, {"epoch": 2.0})
    for state in states[:2]:
        assert not same(state.params, whole)
        assert same(mxnet.fit(net, params, batches, spec, "cpu", None, state), whole)


@every_net
def test_frozen_weights_stay_as_they_are(mxnet: Engine, net: Net):
    batches, vocabulary = toy_batches(32)
    params = initial_params(net, vocabulary, "toy")
    trained = mxnet.fit(net, params, batches, replace(SPEC, epochs=1, frozen=("embedding.",)), "cpu")
    assert trained[EMBEDDING].tobytes() == params[EMBEDDING].tobytes()
    assert all((trained[k] != params[k]).any() for k in params if k != EMBEDDING)


def test_weights_without_training_come_back_as_they_were(mxnet: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")
    for array in params.values():
        array.flags.writeable = False
    assert same(mxnet.fit(GRU, params, batches, replace(SPEC, epochs=0), "cpu"), params)
    spec = replace(SPEC, epochs=1, weight_decay=0.1)
    for anchored in (False, True):
        mxnet.fit(GRU, params, batches, replace(spec, anchored=anchored), "cpu")


def test_an_embedding_rate_of_nothing_leaves_the_embedding_alone(mxnet: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")
    trained = mxnet.fit(GRU, params, batches, replace(SPEC, rates=((EMBEDDING, 0.0),)), "cpu")
    assert trained[EMBEDDING].tobytes() == params[EMBEDDING].tobytes()
    trained = mxnet.fit(GRU, params, batches, replace(SPEC, rates=(("head.", 0.0),)), "cpu")
    assert trained[HEAD].tobytes() == params[HEAD].tobytes()
    assert (trained[EMBEDDING] != params[EMBEDDING]).any()


def test_two_shards_give_the_gradient_of_one_and_the_last_may_be_empty(mxnet: Engine):
    net = replace(GRU, dropout=0.0)
    batches, vocabulary = toy_batches(33)
    params = initial_params(net, vocabulary, "toy")
    spec = Spec(epochs=2, batch=16, learning_rate=0.1, optimiser="sgd")
    one, two = (mxnet.fit(net, params, batches, replace(spec, shards=n), "cpu") for n in (1, 2))
    for name in params:
        np.testing.assert_allclose(one[name], two[name], atol=1e-5)


def test_the_padding_row_is_never_trained(mxnet: Engine):
    for kind in ("textcnn", "dense"):
        net = replace(NETS[kind], embedding=6, hidden=5, most_tokens=12)
        batches, vocabulary = toy_batches(32, 10)
        params = initial_params(net, vocabulary, "toy")
        assert not mxnet.fit(net, params, batches, SPEC, "cpu")[EMBEDDING][0].any()


def test_scores_do_not_depend_on_the_threads(mxnet: Engine, monkeypatch: pytest.MonkeyPatch):
    import bench.engines.mxnet as module

    monkeypatch.setattr(module, "SCORING_BATCH", 8)
    batches, vocabulary = toy_batches()
    params = initial_params(GRU, vocabulary, "toy")
    many = mxnet.scores(GRU, params, batches.x, "cpu")
    monkeypatch.setattr(module, "THREADS", [1])
    assert mxnet.scores(GRU, params, batches.x, "cpu").tobytes() == many.tobytes()


def test_no_texts_have_no_scores(mxnet: Engine):
    batches, vocabulary = toy_batches(8)
    params = initial_params(GRU, vocabulary, "toy")
    assert mxnet.scores(GRU, params, batches.x.take(np.arange(0)), "cpu").shape == (0, 2)


def test_denormals_are_flushed_in_the_engine_and_nowhere_else(mxnet: Engine):
    from mxnet import nd

    tiny = np.full(4, 1e-39, np.float32)
    assert not (nd.array(tiny) * 1).asnumpy().any()
    assert (tiny * np.float32(1)).all()


def test_the_engine_says_its_version_and_devices(mxnet: Engine):
    assert mxnet.devices()[-1] == "cpu"
    assert mxnet.version() == "1.9.1"


def test_importing_the_engine_changes_no_setting_and_loads_no_other_framework(mxnet: Engine):
    code = ("import os, sys; before = dict(os.environ); import bench.engines.mxnet;"
            "assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items());"
            "assert 'torch' not in sys.modules")
    for threads in ({}, {"OMP_NUM_THREADS": "2"}):
        subprocess.run([sys.executable, "-W", "error::FutureWarning", "-c", code], check=True,
                       env={**os.environ, **threads})


def test_without_mxnet_one_line_says_what_to_install():
    code = ("import sys; sys.modules['mxnet'] = None\n"
            "from bench.errors import MissingExtra\n"
            "try:\n    import bench.engines.mxnet\n"
            "except MissingExtra as error:\n    sys.exit(str(error))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert said == "MXNet is not installed (pip install 'transferbench[mxnet]')\n"


def test_batches_smaller_than_the_shards_are_trained(mxnet: Engine):
    batches, vocabulary = toy_batches(3)
    one = Batches(batches.x, batches.y, 1, ("toy",))
    params = initial_params(GRU, vocabulary, "toy")
    trained = mxnet.fit(GRU, params, one, replace(SPEC, shards=4), "cpu")
    assert all(np.isfinite(value).all() for value in trained.values())
