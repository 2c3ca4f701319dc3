"""Every engine, every net of both tables: shapes, determinism, interruption, padding."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import toy

from bench.core.errors import BenchError
from bench.data.text import SPECIALS, UNKNOWN, Ragged, encode
from bench.learning.networks import engines
from bench.learning.networks.architectures import (
    ARCHITECTURES,
    EMBEDDING,
    HEAD,
    TUTORIAL,
    Architecture,
    Params,
    initial_params,
)
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState
from bench.learning.networks.engines import ENGINES, Engine, engine, name_of

SMALL = {f"{preset} {name}": replace(net, embedding=6, hidden=5, most_tokens=12)
         for preset, table in (("default", ARCHITECTURES), ("tutorial", TUTORIAL)) for name, net in table.items()}
GRU = SMALL["default gru"]
every_net = pytest.mark.parametrize("net", SMALL.values(), ids=SMALL.keys())
RECIPE = Recipe(epochs=8, batch=16, learning_rate=4e-2)


def toy_batches(n: int = 96, most: int = 12) -> tuple[Batches, int]:
    frame = toy.rows(n)
    x, words = encode(frame["text"])
    x = Ragged(x.ids + np.int32(SPECIALS), x.offsets).clip(most)
    y = (frame["label"] == "positive").to_numpy().astype(np.int64)
    return Batches(x, y, RECIPE.batch, ("toy",)), len(words) + SPECIALS


def same(a: Params, b: Params) -> bool:
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() for k in a)


@pytest.fixture(scope="module", params=ENGINES)
def framework(request: pytest.FixtureRequest) -> Engine:
    try:
        return engine(request.param)
    except BenchError as error:
        pytest.skip(str(error))


@every_net
def test_scores_are_the_head_on_the_features(framework: Engine, net: Architecture):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    features = framework.features(net, params, batches.x, "cpu")
    scores = framework.scores(net, params, batches.x, "cpu")
    assert features.shape == (96, net.features)
    assert scores.shape == (96, net.classes)
    assert features.std() > 0
    np.testing.assert_allclose(features @ params[HEAD].T + params["head.bias"], scores, atol=1e-5)


@every_net
def test_scores_of_a_text_do_not_depend_on_its_neighbours(framework: Engine, net: Architecture):
    x, words = encode(["a b c d e f g h i j k l", "a", "", "b c d e f", "f e d c b a"])
    x = Ragged(x.ids + np.int32(SPECIALS), x.offsets)
    params = initial_params(net, len(words) + SPECIALS, "toy")
    params = {k: v + np.float32(0.3) if k.endswith("bias") else v for k, v in params.items()}
    together = framework.scores(net, params, x, "cpu")
    alone = np.concatenate([framework.scores(net, params, x.take(np.array([i])), "cpu") for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_long_texts_do_not_change_the_scores_of_short_ones(framework: Engine):
    lengths = np.array([3, 40, 1, 17, 64])
    ids = np.random.default_rng(0).integers(2, 30, lengths.sum()).astype(np.int32)
    x = Ragged(ids, np.concatenate([[0], np.cumsum(lengths)]))
    for kind in ("gru", "bigru", "bilstm", "textcnn"):
        net = replace(ARCHITECTURES[kind], embedding=6, hidden=5, most_tokens=64)
        params = {k: v + np.float32(0.3) if k.endswith("bias") else v for k, v in initial_params(net, 30, 0).items()}
        alone = np.concatenate([framework.scores(net, params, x.take(np.array([i])), "cpu") for i in range(5)])
        np.testing.assert_allclose(framework.scores(net, params, x, "cpu"), alone, atol=1e-5)


@every_net
def test_training_lowers_the_loss_and_repeats_to_the_bit(framework: Engine, net: Architecture):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    before = {k: v.copy() for k, v in params.items()}
    losses: list[float] = []
    hooks = Hooks(step=lambda done, total, loss, tokens: losses.append(loss))
    first = framework.fit(net, params, batches, RECIPE, "cpu", hooks)
    assert len(losses) == RECIPE.epochs * batches.steps()
    assert np.mean(losses[-batches.steps():]) < 0.9 * np.mean(losses[: batches.steps()])
    assert same(params, before), "the given weights were written to"
    assert same(first, framework.fit(net, params, batches, RECIPE, "cpu"))
    assert first.keys() == params.keys()
    assert all(first[k].shape == params[k].shape and np.isfinite(first[k]).all() for k in params)


@every_net
def test_training_interrupted_after_an_epoch_goes_on_to_the_same_bits(framework: Engine, net: Architecture):
    from safetensors.numpy import load, save

    batches, vocabulary = toy_batches(64)
    params = initial_params(net, vocabulary, "toy")
    recipe = replace(RECIPE, epochs=3)
    states: list[TrainingState] = []

    def keep(state: TrainingState) -> dict[str, float]:
        states.append(replace(state, params=load(save(state.params)), moments=load(save(state.moments))))
        return {"epoch": float(state.epoch)}

    whole = framework.fit(net, params, batches, recipe, "cpu", Hooks(epoch=keep))
    assert [s.epoch for s in states] == [1, 2, 3]
    assert states[2].history == ({"epoch": 1.0}, {"epoch": 2.0})
    for state in states[:2]:
        assert not same(state.params, whole)
        assert same(framework.fit(net, params, batches, recipe, "cpu", None, state), whole)


@every_net
def test_frozen_weights_stay_as_they_are(framework: Engine, net: Architecture):
    batches, vocabulary = toy_batches(32)
    params = initial_params(net, vocabulary, "toy")
    trained = framework.fit(net, params, batches, replace(RECIPE, epochs=1, frozen=("embedding.",)), "cpu")
    assert trained[EMBEDDING].tobytes() == params[EMBEDDING].tobytes()
    assert all((trained[k] != params[k]).any() for k in params if k != EMBEDDING)


def test_weights_without_training_come_back_as_they_were(framework: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")
    for array in params.values():
        array.flags.writeable = False
    assert same(framework.fit(GRU, params, batches, replace(RECIPE, epochs=0), "cpu"), params)
    recipe = replace(RECIPE, epochs=1, weight_decay=0.1)
    for anchored in (False, True):
        framework.fit(GRU, params, batches, replace(recipe, anchored=anchored), "cpu")


def test_an_embedding_rate_of_nothing_leaves_the_embedding_alone(framework: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")
    trained = framework.fit(GRU, params, batches, replace(RECIPE, rates=((EMBEDDING, 0.0),)), "cpu")
    assert trained[EMBEDDING].tobytes() == params[EMBEDDING].tobytes()
    trained = framework.fit(GRU, params, batches, replace(RECIPE, rates=(("head.", 0.0),)), "cpu")
    assert trained[HEAD].tobytes() == params[HEAD].tobytes()
    assert (trained[EMBEDDING] != params[EMBEDDING]).any()


def test_a_large_epsilon_slows_the_weights_that_it_names_alone(framework: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")

    def moved(recipe: Recipe) -> tuple[float, float]:
        trained = framework.fit(GRU, params, batches, recipe, "cpu")
        return tuple(float(np.abs(trained[name] - params[name]).max()) for name in (EMBEDDING, HEAD))

    recipe = replace(RECIPE, epochs=1, shards=1)
    before, slowed = moved(recipe), moved(replace(recipe, epsilons=((EMBEDDING, 1e3),)))
    assert slowed[0] < 1e-4 < before[0]
    assert slowed[1] == pytest.approx(before[1], rel=0.2)


def test_words_dropped_in_training_are_unknown_there_and_nowhere_else(framework: Engine):
    batches, vocabulary = toy_batches(32)
    params = initial_params(GRU, vocabulary, "toy")
    every = framework.fit(GRU, params, batches, replace(RECIPE, word_dropout=1.0), "cpu")
    alone = np.flatnonzero((every[EMBEDDING] != params[EMBEDDING]).any(axis=1))
    assert alone.tolist() == [UNKNOWN]
    half = framework.fit(GRU, params, batches, replace(RECIPE, word_dropout=0.5), "cpu")
    assert (half[EMBEDDING] != params[EMBEDDING]).any(axis=1).sum() > 3
    assert UNKNOWN not in batches.x.ids


def test_each_epoch_drops_other_words_and_the_same_ones_again_from_the_same_names():
    batches, _ = toy_batches(32)
    one, two = batches.with_word_dropout(0, 0.25), batches.with_word_dropout(1, 0.25)
    assert one.x.ids.tolist() == batches.with_word_dropout(0, 0.25).x.ids.tolist() != two.x.ids.tolist()
    gone = one.x.ids == UNKNOWN
    assert 0.15 < gone.mean() < 0.35
    assert (one.x.ids == batches.x.ids)[~gone].all()
    assert one.x.offsets is batches.x.offsets
    assert batches.with_word_dropout(0, 0.0) is batches


def test_two_shards_give_the_gradient_of_one_and_the_last_may_be_empty(framework: Engine):
    net = replace(GRU, dropout=0.0)
    batches, vocabulary = toy_batches(33)
    params = initial_params(net, vocabulary, "toy")
    recipe = Recipe(epochs=2, batch=16, learning_rate=0.1, optimiser="sgd")
    one, two = (framework.fit(net, params, batches, replace(recipe, shards=n), "cpu") for n in (1, 2))
    for name in params:
        np.testing.assert_allclose(one[name], two[name], atol=1e-5)


def test_the_padding_row_is_never_trained(framework: Engine):
    for kind in ("textcnn", "dense"):
        net = replace(ARCHITECTURES[kind], embedding=6, hidden=5, most_tokens=12)
        batches, vocabulary = toy_batches(32, 10)
        params = initial_params(net, vocabulary, "toy")
        assert not framework.fit(net, params, batches, RECIPE, "cpu")[EMBEDDING][0].any()


def test_scores_do_not_depend_on_the_threads(framework: Engine, monkeypatch: pytest.MonkeyPatch):
    module = sys.modules[framework.__name__]
    monkeypatch.setattr(module, "SCORING_BATCH", 8)
    batches, vocabulary = toy_batches()
    params = initial_params(GRU, vocabulary, "toy")
    many = framework.scores(GRU, params, batches.x, "cpu")
    monkeypatch.setattr(module, "THREADS", [1])
    assert framework.scores(GRU, params, batches.x, "cpu").tobytes() == many.tobytes()


def test_no_texts_have_no_scores(framework: Engine):
    batches, vocabulary = toy_batches(8)
    params = initial_params(GRU, vocabulary, "toy")
    assert framework.scores(GRU, params, batches.x.take(np.arange(0)), "cpu").shape == (0, 2)


def test_batches_smaller_than_the_shards_are_trained(framework: Engine):
    batches, vocabulary = toy_batches(3)
    one = Batches(batches.x, batches.y, 1, ("toy",))
    params = initial_params(GRU, vocabulary, "toy")
    trained = framework.fit(GRU, params, one, replace(RECIPE, shards=4), "cpu")
    assert all(np.isfinite(value).all() for value in trained.values())


def test_a_class_that_counts_twice_is_a_class_whose_texts_stand_there_twice(framework: Engine):
    net = replace(GRU, dropout=0.0)
    batches, vocabulary = toy_batches(24)
    params = initial_params(net, vocabulary, "toy")
    recipe = replace(RECIPE, epochs=1, optimiser="sgd", learning_rate=50.0, warmup=0.0, shards=1)
    twice = np.concatenate([np.arange(24), np.flatnonzero(batches.y == 1)])
    doubled = Batches(batches.x.take(twice), batches.y[twice], len(twice), ("toy",))
    weighed = replace(batches, size=24, class_weights=np.array([1.0, 2.0], np.float32))
    losses: list[float] = []
    hooks = Hooks(step=lambda done, total, loss, tokens: losses.append(loss * total))
    there = framework.fit(net, params, doubled, recipe, "cpu", hooks)
    here = framework.fit(net, params, weighed, replace(recipe, learning_rate=50.0 * 24 / len(twice)), "cpu", hooks)
    assert losses[1] * 24 == pytest.approx(losses[0] * len(twice), rel=1e-5)
    for name in params:
        np.testing.assert_allclose(there[name], here[name], atol=1e-6)
    assert np.abs(there[HEAD] - params[HEAD]).max() > 1e-3


def test_an_anchor_keeps_weights_nearer_to_where_they_began(framework: Engine):
    net = GRU
    batches, vocabulary = toy_batches(64)
    params = initial_params(net, vocabulary, "toy")

    def moved(recipe: Recipe) -> float:
        trained = framework.fit(net, params, batches, recipe, "cpu")
        return float(sum(np.abs(trained[k] - params[k]).sum() for k in params))

    recipe = replace(RECIPE, learning_rate=1e-2)
    assert moved(replace(recipe, weight_decay=20.0, anchored=True)) < 0.8 * moved(recipe)


def test_training_leaves_this_threads_arithmetic_as_it_was(framework: Engine):
    batches, vocabulary = toy_batches(32)
    net = GRU
    framework.fit(net, initial_params(net, vocabulary, "toy"), batches, replace(RECIPE, epochs=1), "cpu")
    assert np.float32(1e-40) * np.float32(0.5) > 0  # denormals are flushed while training only


def test_the_engine_says_its_version_and_devices(framework: Engine):
    name = name_of(framework)
    assert framework.devices()[-1] == "cpu"
    # The package of a CUDA build does not name its build, the module does.
    module_version = framework.version().partition("+")[0]
    assert engines.version(name).partition("+")[0] == module_version
    assert engines.devices(name) == framework.devices()


def test_an_unknown_engine_is_named_with_the_nearest():
    for ask in (engine, engines.version, engines.devices):
        with pytest.raises(BenchError, match="unknown engine 'torhc'; did you mean 'torch'"):
            ask("torhc")


@pytest.mark.skipif(not engines.version("torch").endswith("+cpu"), reason="PyTorch is built for a GPU here")
def test_a_cpu_build_says_its_device_without_being_imported():
    code = ("import sys; from bench.learning.networks import engines; "
            "print(engines.devices('torch'), 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "['cpu'] False"
