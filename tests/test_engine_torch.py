"""The PyTorch engine, every net of both tables: shapes, determinism, interruption, padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import toy

from bench.batches import Batches, Hooks, Spec, State
from bench.engines import ENGINES, engine
from bench.errors import BenchError
from bench.nets import EMBEDDING, HEAD, NETS, TUTORIAL, Net, Params, initial_params
from bench.text import SPECIALS, Encoded, encode

TORCH = engine("torch")
SMALL = {f"{preset} {name}": replace(net, embedding=6, hidden=5, most_tokens=12)
         for preset, table in (("default", NETS), ("tutorial", TUTORIAL)) for name, net in table.items()}
every_net = pytest.mark.parametrize("net", SMALL.values(), ids=SMALL.keys())
SPEC = Spec(epochs=8, batch=16, learning_rate=4e-2)


def toy_batches(n: int = 96, most: int = 12) -> tuple[Batches, int]:
    frame = toy.rows(n)
    x, words = encode(frame["text"])
    x = Encoded(x.ids + np.int32(SPECIALS), x.offsets).clip(most)
    y = (frame["label"] == "positive").to_numpy().astype(np.int64)
    return Batches(x, y, SPEC.batch, ("toy",)), len(words) + SPECIALS


def same(a: Params, b: Params) -> bool:
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() for k in a)


@every_net
def test_scores_are_the_head_on_the_features(net: Net):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    features, scores = TORCH.features(net, params, batches.x, "cpu"), TORCH.scores(net, params, batches.x, "cpu")
    assert features.shape == (96, net.features)
    assert scores.shape == (96, net.classes)
    assert features.std() > 0
    np.testing.assert_allclose(features @ params[HEAD].T + params["head.bias"], scores, atol=1e-5)


@every_net
def test_scores_of_a_text_do_not_depend_on_its_neighbours(net: Net):
    x, words = encode(["a b c d e f g h i j k l", "a", "", "b c d e f", "f e d c b a"])
    x = Encoded(x.ids + np.int32(SPECIALS), x.offsets)
    params = initial_params(net, len(words) + SPECIALS, "toy")
    params = {k: v + np.float32(0.3) if k.endswith("bias") else v for k, v in params.items()}
    together = TORCH.scores(net, params, x, "cpu")
    alone = np.concatenate([TORCH.scores(net, params, x.take(np.array([i])), "cpu") for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@every_net
def test_training_lowers_the_loss_and_repeats_to_the_bit(net: Net):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    before = {k: v.copy() for k, v in params.items()}
    losses: list[float] = []
    hooks = Hooks(step=lambda done, total, loss, tokens: losses.append(loss))
    first = TORCH.fit(net, params, batches, SPEC, "cpu", hooks)
    assert len(losses) == SPEC.epochs * batches.steps()
    assert np.mean(losses[-batches.steps():]) < 0.9 * np.mean(losses[: batches.steps()])
    assert same(params, before), "the given weights were written to"
    assert same(first, TORCH.fit(net, params, batches, SPEC, "cpu"))
    assert first.keys() == params.keys()
    assert all(first[k].shape == params[k].shape and np.isfinite(first[k]).all() for k in params)


@every_net
def test_training_interrupted_after_an_epoch_goes_on_to_the_same_bits(net: Net):
    batches, vocabulary = toy_batches(64)
    params = initial_params(net, vocabulary, "toy")
    spec = replace(SPEC, epochs=3)
    states: list[State] = []

    def keep(state: State) -> dict[str, float]:
        states.append(state)
        return {"epoch": float(state.epoch)}

    whole = TORCH.fit(net, params, batches, spec, "cpu", Hooks(epoch=keep))
    assert [s.epoch for s in states] == [1, 2, 3]
    assert states[2].history == ({"epoch": 1.0}, {"epoch": 2.0})
    for state in states[:2]:
        assert not same(state.params, whole)
        assert same(TORCH.fit(net, params, batches, spec, "cpu", None, state), whole)


@every_net
def test_frozen_weights_stay_as_they_are(net: Net):
    batches, vocabulary = toy_batches(32)
    params = initial_params(net, vocabulary, "toy")
    trained = TORCH.fit(net, params, batches, replace(SPEC, epochs=1, frozen=("embedding.",)), "cpu")
    assert trained[EMBEDDING].tobytes() == params[EMBEDDING].tobytes()
    assert all((trained[k] != params[k]).any() for k in params if k != EMBEDDING)


def test_read_only_weights_are_accepted():
    net = SMALL["default gru"]
    batches, vocabulary = toy_batches(32)
    params = initial_params(net, vocabulary, "toy")
    for array in params.values():
        array.flags.writeable = False
    spec = replace(SPEC, epochs=1, weight_decay=0.1)
    for anchored in (False, True):
        TORCH.fit(net, params, batches, replace(spec, anchored=anchored), "cpu")
    assert TORCH.scores(net, params, batches.x, "cpu").shape == (32, 2)


def test_an_anchor_keeps_weights_nearer_to_where_they_began():
    net = SMALL["default gru"]
    batches, vocabulary = toy_batches(64)
    params = initial_params(net, vocabulary, "toy")

    def moved(spec: Spec) -> float:
        trained = TORCH.fit(net, params, batches, spec, "cpu")
        return float(sum(np.abs(trained[k] - params[k]).sum() for k in params))

    spec = replace(SPEC, learning_rate=1e-2)
    assert moved(replace(spec, weight_decay=20.0, anchored=True)) < 0.8 * moved(spec)


def test_two_shards_give_the_gradient_of_one():
    net = replace(SMALL["default gru"], dropout=0.0)
    batches, vocabulary = toy_batches(48)
    params = initial_params(net, vocabulary, "toy")
    spec = Spec(epochs=2, batch=16, learning_rate=0.1, optimiser="sgd")
    one, two = (TORCH.fit(net, params, batches, replace(spec, shards=n), "cpu") for n in (1, 2))
    for name in params:
        np.testing.assert_allclose(one[name], two[name], atol=1e-5)


def test_the_padding_row_is_never_trained():
    net = SMALL["default textcnn"]
    batches, vocabulary = toy_batches(32)
    params = initial_params(net, vocabulary, "toy")
    assert not TORCH.fit(net, params, batches, SPEC, "cpu")[EMBEDDING][0].any()


def test_the_engine_says_its_version_and_devices():
    assert TORCH.devices()[-1] == "cpu"
    assert TORCH.version().split(".")[0].isdigit()
    with pytest.raises(BenchError, match="unknown engine 'torhc'; did you mean 'torch'"):
        engine("torhc")
    assert "torch" in ENGINES


def test_training_leaves_this_threads_arithmetic_as_it_was():
    batches, vocabulary = toy_batches(32)
    net = SMALL["default gru"]
    TORCH.fit(net, initial_params(net, vocabulary, "toy"), batches, replace(SPEC, epochs=1), "cpu")
    assert np.float32(1e-40) * np.float32(0.5) > 0  # denormals are flushed while training only
