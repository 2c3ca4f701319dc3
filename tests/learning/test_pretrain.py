"""The base: trained once, saved, trained again when damaged, resumed when interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from conftest import World
from safetensors.numpy import load

from bench.data.text import SPECIALS
from bench.learning.checkpoints import saved_checkpoints
from bench.learning.networks.architectures import EMBEDDING, Params, initial_params, place_vectors
from bench.learning.networks.engines import compiled, kernels
from bench.learning.pretrain import (
    BaseSpec,
    base_key,
    load_base,
    pretrain,
    train_and_validation_rows,
)
from bench.protocol.metrics import softmax


class Stopped(Exception):
    """What stands for a SIGKILL here."""


@pytest.fixture
def spec(world: World) -> BaseSpec:
    return toy.base_spec(world.source)


def same(a: Params, b: Params) -> bool:
    return a.keys() == b.keys() and all(np.asarray(a[k]).tobytes() == np.asarray(b[k]).tobytes() for k in a)


def epochs(events: list[dict[str, Any]]) -> list[int]:
    return [int(e["epoch"]) for e in events if "epoch" in e]


def test_a_base_learns_and_is_trained_once(spec: BaseSpec, tmp_path: Path):
    events: list[dict[str, Any]] = []
    first = pretrain(spec, tmp_path, events.append)
    assert epochs(events) == [1, 2, 3]
    assert first.accuracy > 0.8
    assert first.seconds > 0
    assert [h["epoch"] for h in first.facts["history"]] == [1, 2, 3]
    assert {"step", "steps", "loss", "tokens_per_second"} <= events[0].keys()
    events.clear()
    again = pretrain(spec, tmp_path, events.append)
    assert events == []
    assert same(first.params, again.params)
    assert (again.vocabulary, again.net, again.key) == (first.vocabulary, first.net, first.key)
    assert again.accuracy == first.accuracy
    assert not list((tmp_path / "bases").glob("*.checkpoint"))


@pytest.mark.parametrize("name", ["params.safetensors", "words.txt", "facts.json"])
def test_a_damaged_base_is_trained_again_to_the_same_bits(world: World, spec: BaseSpec, tmp_path: Path, name: str):
    spec = replace(spec, recipe=replace(spec.recipe, epochs=1))
    first = pretrain(spec, tmp_path)
    toy.flip(tmp_path / "bases" / first.key / name)
    assert load_base(tmp_path, first.key) is None
    events: list[dict[str, Any]] = []
    again = pretrain(spec, tmp_path, events.append)
    assert epochs(events) == [1]
    assert same(first.params, again.params)


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_interrupted_training_goes_on_to_the_same_bits(spec: BaseSpec, tmp_path: Path, epoch: int):
    undisturbed = pretrain(spec, tmp_path / "a")
    events: list[dict[str, Any]] = []

    def stop(event: dict[str, Any]) -> None:
        events.append(event)
        if "step" in event and epoch in epochs(events):
            raise Stopped

    with pytest.raises(Stopped):
        pretrain(spec, tmp_path / "b", stop)
    assert load_base(tmp_path / "b", base_key(spec)) is None
    events.clear()
    finished = pretrain(spec, tmp_path / "b", events.append)
    assert epochs(events) == list(range(epoch + 1, 4))
    assert same(finished.params, undisturbed.params)
    assert finished.accuracy == undisturbed.accuracy
    assert [h["epoch"] for h in finished.facts["history"]] == [1, 2, 3]
    assert not list((tmp_path / "b" / "bases").glob("*.checkpoint"))


def test_a_damaged_checkpoint_only_costs_its_epochs(spec: BaseSpec, tmp_path: Path):
    seen: list[dict[str, Any]] = []

    def stop(event: dict[str, Any]) -> None:
        seen.append(event)
        if "step" in event and epochs(seen):
            raise Stopped

    with pytest.raises(Stopped):
        pretrain(spec, tmp_path, stop)
    toy.flip(next((tmp_path / "bases").glob("*.checkpoint")) / "moments.safetensors")
    events: list[dict[str, Any]] = []
    pretrain(spec, tmp_path, events.append)
    assert epochs(events) == [1, 2, 3]


def test_the_key_is_made_of_the_names_that_older_bases_were_saved_under(spec: BaseSpec):
    described = spec.describe()
    assert set(described) == {"form", "source", "content_sha256", "pool", "net", "spec", "engine", "version", "device",
                              "seed", "glove", "kernels"}
    assert set(described["spec"]) == {"epochs", "batch", "learning_rate", "warmup", "rates", "weight_decay", "anchored",
                                      "frozen", "shards", "optimiser"}
    assert set(described["net"]) == {"kind", "classes", "embedding", "hidden", "widths", "pooling", "most_tokens",
                                     "words", "dropout", "glove"}


def test_the_key_changes_with_everything_that_the_weights_depend_on(
        world: World, spec: BaseSpec, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.learning.pretrain.version", lambda name: f"1.0 of {name}")  # MXNet need not be here
    pool = replace(spec.split, pool=spec.split.pool[1:])
    others = {
        "source": replace(spec, source="other@toy"), "data": replace(spec, data=world.target.data),
        "pool": replace(spec, split=pool), "net": replace(spec, net=replace(spec.net, hidden=9)),
        "glove kind": replace(spec, net=replace(spec.net, glove="no")),
        "engine": replace(spec, engine="mxnet"),
        "device": replace(spec, device="cuda"), "vectors": replace(spec, vectors=world.vectors),
        "seed": replace(spec, seed=1), "epochs": replace(spec, recipe=replace(spec.recipe, epochs=9)),
        "rate": replace(spec, recipe=replace(spec.recipe, learning_rate=0.5)), "share": replace(spec, validation=0.1),
    }
    keys = {name: base_key(o) for name, o in others.items()}
    assert len(set(keys.values()) | {base_key(spec)}) == len(others) + 1, keys
    assert base_key(replace(spec)) == base_key(spec)
    before = base_key(spec)
    monkeypatch.setattr("bench.learning.pretrain.version", lambda name: "0.0")
    other_engine = base_key(spec)
    assert other_engine != before
    monkeypatch.setattr("bench.learning.pretrain.TEXT_VERSION", 0)
    assert base_key(spec) not in (before, other_engine)


def test_the_key_of_a_base_with_an_lstm_says_whether_our_kernel_computed_it(spec: BaseSpec):
    gru, lstm = (replace(spec, net=replace(spec.net, kind=kind)).describe()["kernels"] for kind in ("gru", "bilstm"))
    assert lstm == f"{gru}, lstm"
    assert kernels("torch", "cuda", "bilstm") == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "version", lambda: "none")
        assert kernels("torch", "cpu", "bilstm") == "none"


def test_the_words_are_those_of_the_pool_seen_twice(world: World):
    data, pool = world.source.data, world.source.split.pool
    counts = np.bincount(data.corpus.tokens.take(pool).ids, minlength=len(data.corpus.words))
    assert set(world.base.vocabulary.words) == {w for w, c in zip(data.corpus.words, counts, strict=True) if c >= 2}


def test_glove_is_placed_where_there_is_a_vector(world: World):
    params = initial_params(toy.NET, 3 + SPECIALS, "toy")
    before = params[EMBEDDING].copy()
    vectors = world.vectors.look_up(["zala", "nowhere", "bako"])
    place_vectors(params, vectors)
    np.testing.assert_array_equal(params[EMBEDDING][SPECIALS], vectors[0, :8])
    np.testing.assert_array_equal(params[EMBEDDING][SPECIALS + 2], vectors[2, :8])
    np.testing.assert_array_equal(params[EMBEDDING][[0, 1, SPECIALS + 1]], before[[0, 1, SPECIALS + 1]])


def test_a_frozen_embedding_is_still_glove_after_training(world: World, spec: BaseSpec, tmp_path: Path):
    net = replace(toy.NET, embedding=50, glove="frozen")
    base = pretrain(replace(spec, net=net, vectors=world.vectors, recipe=replace(spec.recipe, epochs=1)), tmp_path)
    expected = world.vectors.look_up(base.vocabulary.words)
    assert expected.any(axis=1).all()
    np.testing.assert_array_equal(base.params[EMBEDDING][SPECIALS:], expected)


def test_softmax_survives_large_logits():
    p = softmax(np.array([[1000.0, 0.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(p, [[1.0, 0.0], [0.5, 0.5]])


def test_a_held_out_part_is_scored_after_every_epoch_and_never_trained_on(spec: BaseSpec, tmp_path: Path):
    validated = replace(spec, validation=0.25, recipe=replace(spec.recipe, epochs=8))
    train, held_out = train_and_validation_rows(validated)
    assert len(held_out) == round(0.25 * len(spec.split.pool))
    assert not np.intersect1d(train, held_out).size
    np.testing.assert_array_equal(np.union1d(train, held_out), np.sort(spec.split.pool))
    np.testing.assert_allclose(np.bincount(spec.data.y[held_out]) / len(held_out), 0.5, atol=0.02)
    base = pretrain(validated, tmp_path)
    assert (base.facts["n_train"], base.facts["n_validation"]) == (len(train), len(held_out))
    assert base.facts["history"][-1]["validation_accuracy"] > 0.8
    assert base.facts["history"][-1]["train_accuracy"] > 0.8
    whole = pretrain(spec, tmp_path)
    assert "validation_accuracy" not in whole.facts["history"][0]
    assert whole.key != base.key


def test_the_weights_of_every_epoch_are_kept_where_that_is_asked(spec: BaseSpec, tmp_path: Path):
    plain = pretrain(spec, tmp_path)
    assert saved_checkpoints(tmp_path, plain.key) == []
    asked = pretrain(replace(spec, every_epoch=True), tmp_path)  # trained again, to the same bits
    folders = saved_checkpoints(tmp_path, plain.key)
    assert [f.name for f in folders] == ["epoch-1", "epoch-2", "epoch-3"]
    assert same(asked.params, plain.params)
    weights = [load((f / "params.safetensors").read_bytes()) for f in folders]
    assert same(weights[2], plain.params)
    assert not same(weights[0], weights[1])
    toy.flip(folders[1] / "params.safetensors")
    events: list[dict[str, Any]] = []
    pretrain(replace(spec, every_epoch=True), tmp_path, events.append)
    assert epochs(events) == [1, 2, 3]
    assert len(saved_checkpoints(tmp_path, plain.key)) == 3
