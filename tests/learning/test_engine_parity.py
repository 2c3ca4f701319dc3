"""The two engines give the same numbers, and those of the golden file.

The golden file holds what PyTorch computed for every net, so that drift in either engine is seen, also where only one
of them is installed. `python tests/learning/test_engine_parity.py` writes it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_engines import SMALL, every_net, toy_batches

from bench.core.errors import BenchError
from bench.data.text import Ragged
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params, initial_params, with_classes
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState
from bench.learning.networks.engines import Engine

GOLDEN = Path(__file__).parents[1] / "engines.npz"
FORWARD, TRAINED = 1e-5, 1e-4  # the largest absolute differences allowed
DESCENT = Recipe(epochs=1, batch=16, learning_rate=0.1, optimiser="sgd")  # 5 steps on 80 texts
ADAM = {
    "plain": Recipe(epochs=2, batch=16, learning_rate=1e-2),
    "rates and decay": Recipe(
        epochs=2, batch=16, learning_rate=1e-2, weight_decay=0.5, rates=(("", 0.8), ("head.", 2.0), (EMBEDDING, 0.5))
    ),
    "epsilon and unknown words": Recipe(
        epochs=2, batch=16, learning_rate=1e-2, epsilons=(("", 1e-3), (EMBEDDING, 1e-2)), word_dropout=0.3
    ),
    "anchored": Recipe(epochs=2, batch=16, learning_rate=1e-2, weight_decay=5.0, anchored=True),
    "one shard, frozen": Recipe(epochs=2, batch=16, learning_rate=1e-2, shards=1, frozen=("embedding.", "rnn.bias")),
}


def named(name: str) -> Engine:
    import importlib

    try:
        return importlib.import_module(f"bench.learning.networks.engines.{name}")
    except BenchError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def torch() -> Engine:
    return named("torch")


@pytest.fixture(scope="module")
def mxnet() -> Engine:
    return named("mxnet")


def odd_texts() -> Ragged:
    """Texts of every length from none to more than the nets read, words repeated."""
    lengths = np.array([0, 1, 2, 3, 4, 5, 12, 20, 12, 7])
    ids = np.random.default_rng(7).integers(1, 9, lengths.sum()).astype(np.int32)
    return Ragged(ids, np.concatenate([[0], np.cumsum(lengths)]))


def drawn(net: Architecture, vocabulary: int) -> Params:
    """Initial weights with biases that padding would show through."""
    params = initial_params(net, vocabulary, "parity")
    return {k: v + np.float32(0.2) if k.endswith("bias") else v for k, v in params.items()}


def computed(engine: Engine, net: Architecture) -> dict[str, np.ndarray]:
    """What the golden file holds of a net: features and scores, and scores after five steps of descent."""
    x, params = odd_texts(), drawn(net, 9)
    batches, vocabulary = toy_batches(80)
    trained = engine.fit(net, drawn(net, vocabulary), batches, DESCENT, "cpu")
    return {"features": engine.features(net, params, x, "cpu"), "scores": engine.scores(net, params, x, "cpu"),
            "trained": engine.scores(net, trained, batches.x, "cpu")}


def furthest(a: Params, b: Params) -> float:
    """The largest absolute difference of two sets of weights."""
    assert a.keys() == b.keys()
    return max(float(np.abs(a[k] - b[k]).max()) for k in a)


@pytest.mark.parametrize("name", ["torch", "mxnet"])
@pytest.mark.parametrize("key", SMALL)
def test_an_engine_computes_what_the_golden_file_says(name: str, key: str):
    arrays = computed(named(name), SMALL[key])
    with np.load(GOLDEN, allow_pickle=False) as golden:
        for what, tolerance in (("features", FORWARD), ("scores", FORWARD), ("trained", TRAINED)):
            np.testing.assert_allclose(arrays[what], golden[f"{key}/{what}"], rtol=0, atol=tolerance)


@every_net
def test_features_and_scores_are_the_same_in_both_engines(torch: Engine, mxnet: Engine, net: Architecture):
    net = replace(net, embedding=50, hidden=64, most_tokens=40, classes=3)
    rng = np.random.default_rng(3)
    lengths = rng.integers(0, 50, 300)
    x = Ragged(rng.integers(0, 500, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))
    params = drawn(net, 500)
    for compute in ("features", "scores"):
        a, b = (getattr(engine, compute)(net, params, x, "cpu") for engine in (torch, mxnet))
        np.testing.assert_allclose(a, b, rtol=0, atol=FORWARD)


@every_net
def test_five_steps_of_descent_are_the_same_in_both_engines(torch: Engine, mxnet: Engine, net: Architecture):
    batches, vocabulary = toy_batches(80)
    losses: dict[str, list[float]] = {"torch": [], "mxnet": []}
    trained = []
    for (_, heard), engine in zip(losses.items(), (torch, mxnet), strict=True):
        hooks = Hooks(step=lambda done, total, loss, tokens, heard=heard: heard.append(loss))
        trained.append(engine.fit(net, drawn(net, vocabulary), batches, DESCENT, "cpu", hooks))
    assert furthest(*trained) < TRAINED
    np.testing.assert_allclose(losses["torch"], losses["mxnet"], atol=FORWARD)
    assert len(losses["torch"]) == 5
    assert furthest(trained[0], drawn(net, vocabulary)) > 10 * TRAINED, "nothing was learned"


# Every net takes Adam's steps, and every recipe is taken by one net of each kind: a recipe knows tensors, not nets.
STEPS = {f"{key}-{name}": (net, recipe) for key, net in SMALL.items() for name, recipe in ADAM.items()
         if name == "rates and decay" or key in ("default gru", "default bilstm", "default textcnn", "default dense")}


@pytest.mark.parametrize(("net", "recipe"), STEPS.values(), ids=STEPS.keys())
def test_adam_takes_the_same_steps_in_both_engines(torch: Engine, mxnet: Engine, net: Architecture, recipe: Recipe):
    batches, vocabulary = toy_batches(80)
    params = drawn(net, vocabulary)
    assert furthest(*(engine.fit(net, params, batches, recipe, "cpu") for engine in (torch, mxnet))) < TRAINED


def two_tasks() -> tuple[Batches, int]:
    """48 texts of a task of two classes and 32 of one of three, 24 and 24 of them an epoch."""
    batches, vocabulary = toy_batches(80)
    y = np.concatenate([batches.y[:48], 2 + np.arange(32) % 3])
    epoch_rows = tuple(np.concatenate([np.arange(24), 48 + start + np.arange(24)]) for start in (0, 8))
    return replace(batches, y=y, heads=(2, 3), epoch_rows=epoch_rows), vocabulary


@pytest.mark.parametrize("recipe", [replace(DESCENT, epochs=2), ADAM["plain"]], ids=["descent", "adam"])
@every_net
def test_two_heads_learn_the_same_in_both_engines(torch: Engine, mxnet: Engine, net: Architecture, recipe: Recipe):
    net = with_classes(net, 5)
    batches, vocabulary = two_tasks()
    params = drawn(net, vocabulary)
    assert furthest(*(engine.fit(net, params, batches, recipe, "cpu") for engine in (torch, mxnet))) < TRAINED


@pytest.mark.parametrize("name", ["torch", "mxnet"])
def test_a_text_teaches_its_own_head_alone(name: str):
    net = with_classes(SMALL["default gru"], 5)
    batches, vocabulary = two_tasks()
    params = drawn(net, vocabulary)
    own = replace(batches, epoch_rows=(np.arange(48),))
    trained = named(name).fit(net, params, own, DESCENT, "cpu")
    moved = np.abs(trained[HEAD] - params[HEAD]).max(axis=1)
    assert (moved[:2] > 10 * TRAINED).all()
    np.testing.assert_array_equal(moved[2:], 0.0)
    assert furthest(trained, named(name).fit(net, params, replace(own, heads=()), DESCENT, "cpu")) > 10 * TRAINED


@pytest.mark.parametrize("way", ["torch to mxnet", "mxnet to torch"])
def test_training_begun_in_one_engine_goes_on_in_the_other(torch: Engine, mxnet: Engine, way: str):
    first, second = (torch, mxnet) if way.startswith("torch") else (mxnet, torch)
    net, recipe = SMALL["default bilstm"], Recipe(epochs=3, batch=16, learning_rate=1e-2)
    batches, vocabulary = toy_batches(80)
    params = drawn(net, vocabulary)
    states: list[TrainingState] = []

    def keep(state: TrainingState) -> dict[str, float]:
        states.append(state)
        return {}

    whole = first.fit(net, params, batches, recipe, "cpu", Hooks(epoch=keep))
    expected = {f"{name}/{moment}" for name in params for moment in ("exp_avg", "exp_avg_sq", "step")}
    assert set(states[0].moments) == expected
    assert furthest(second.fit(net, params, batches, recipe, "cpu", None, states[0]), whole) < TRAINED
    forgetful = replace(states[0], moments={})
    assert furthest(second.fit(net, params, batches, recipe, "cpu", None, forgetful), whole) > 10 * TRAINED


def test_a_repeated_strongest_phrase_gets_the_gradient_once(torch: Engine, mxnet: Engine):
    net = SMALL["default cnn"]
    batches, vocabulary = toy_batches(32)
    repeated = Ragged(np.tile(np.arange(2, 8, dtype=np.int32), 64), np.arange(33) * 12)
    batches = replace(batches, x=repeated)
    trained = [e.fit(net, drawn(net, vocabulary), batches, DESCENT, "cpu") for e in (torch, mxnet)]
    assert furthest(*trained) < TRAINED
    assert (trained[1][EMBEDDING] != drawn(net, vocabulary)[EMBEDDING]).any()


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, **{f"{key}/{what}": value for key, net in SMALL.items()
                                   for what, value in computed(named("torch"), net).items()})
