"""The encoder as a base: trained once, kept whole, the same bits again; fine-tuned, saved, and safe to load."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoder
import toy
from conftest import Prepare, World

from bench.baselines import BASELINES
from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.learning import encoder_base
from bench.learning.encoder_base import (
    EncoderBase,
    EncoderBaseSpec,
    base_recipe,
    base_texts,
    folder_of,
    load_encoder_base,
    new_head,
    train_encoder,
)
from bench.learning.encoder_finetuning import encoder_recipe
from bench.learning.encoder_network import EncoderRecipe, features, open_network, train
from bench.learning.features import sentence_encoder
from bench.learning.features.encoders import BUNDLED_ENCODER, missing
from bench.learning.models.encoder_model import EncoderModel
from bench.learning.models.model import ModelError, ModelParts
from bench.learning.networks.batches import Batches
from bench.learning.resources import Resources
from bench.runs import needs
from bench.runs.costs import MeasuredCosts
from bench.runs.inputs import TrialContext, for_pair
from bench.runs.need import Workload
from bench.runs.options import Options
from bench.runs.registry import Strategy, strategies_named

pytestmark = pytest.mark.skipif(missing("any") is not None, reason="the extra `sentence` is not installed")


def named(name: str) -> Strategy:
    return strategies_named((name,), BASELINES)[0]


def accuracy(p: np.ndarray, test: Examples, y: np.ndarray) -> float:
    return float((p.argmax(1) == y[test.rows]).mean())


def test_a_base_is_trained_once_and_its_key_is_all_that_it_depends_on(world: World, tmp_path: Path):
    spec = tiny_encoder.spec(world.root, world.source)
    steps: list[dict[str, Any]] = []
    base = train_encoder(spec, tmp_path, steps.append)
    assert steps[-1]["step"] == steps[-1]["steps"] == len(steps) == 4 * -(-len(spec.rows) // 16)
    again = train_encoder(spec, tmp_path, lambda event: pytest.fail("trained again"))
    assert again.key == base.key
    for name, array in base.classifier.network.params.items():
        np.testing.assert_array_equal(again.classifier.network.params[name], array)
        assert not array.flags.writeable
    others = [replace(spec, rows=spec.rows[1:]), replace(spec, word_pieces=16), replace(spec, device="cuda"),
              replace(spec, recipe=EncoderRecipe(2, 3e-3)), replace(spec, encoder=BUNDLED_ENCODER)]
    assert len({folder_of(tmp_path, each) for each in [spec, *others]}) == 6
    with pytest.raises(BenchError, match="0 epochs train nothing"):
        train_encoder(replace(spec, recipe=EncoderRecipe(0)), tmp_path)


def test_a_base_that_was_interrupted_or_damaged_is_trained_anew_to_the_same_bits(world: World, tmp_path: Path):
    spec = tiny_encoder.spec(world.root, world.source)

    def stop(event: dict[str, Any]) -> None:
        if event["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_encoder(spec, tmp_path, stop)
    folder = folder_of(tmp_path, spec)
    assert load_encoder_base(folder) is None
    first = train_encoder(spec, tmp_path)
    weights = (folder / encoder_base.PARAMS).read_bytes()
    (folder / encoder_base.PARAMS).write_bytes(weights[:-1] + b"\0")
    assert load_encoder_base(folder) is None
    assert train_encoder(spec, tmp_path).key == first.key
    assert (folder / encoder_base.PARAMS).read_bytes() == weights


def test_source_texts_of_the_targets_test_set_are_not_trained_on(
        world: World, context: TrialContext, prepare: Prepare, monkeypatch: pytest.MonkeyPatch):
    leaked = world.source.split.pool[:5]
    allowed = world.source.data.examples(np.setdiff1d(world.source.split.pool, leaked))
    monkeypatch.setattr("bench.runs.encoder_needs.source_pool", lambda root, source, target: allowed)
    trained: list[np.ndarray] = []

    def train_on(spec: EncoderBaseSpec, *given: Any) -> EncoderBase:
        trained.append(spec.rows)
        return train_encoder(spec, *given)

    monkeypatch.setattr("bench.runs.encoder_needs.train_encoder", train_on)
    names = named("encoder-source-only").needs()
    context = replace(context, encoders=(tiny_encoder.bundled(world.root),))
    base = prepare(context, *names).need_encoder_base()
    assert set(trained[0]) == set(allowed.rows)
    assert needs.resources_for(names, context, 0).need_encoder_base() is base
    folders = needs.cache_entries(names, context)
    assert world.root / "encoder-bases" / base.key in folders
    pair = for_pair(Options(cache_dir=world.root, device="cpu"), world.source, world.target, world.vectors)
    work = Workload(world.source.name, world.target.name, 300, 320, 2, (), MeasuredCosts({}), world.root, pair,
                    context.encoders, context)
    assert [step.cached for step in needs.steps(names, work)] == [True]
    (world.root / "encoder-bases" / base.key / encoder_base.PARAMS).write_bytes(b"damaged")
    with pytest.raises(BenchError, match="no longer in the cache"):
        needs.resources_for(names, context, 0)


def test_a_gpu_reads_all_of_the_source_twice_and_a_cpu_a_part_of_it_once():
    assert (base_texts("cpu", 25_000), base_texts("cuda", 25_000), base_texts("cpu", 300)) == (1_800, 25_000, 300)
    assert (base_texts("cuda", 25_000, 64), base_texts("cpu", 300, 1_000)) == (64, 300)
    assert base_recipe("cpu") == EncoderRecipe(1, 1e-4)
    assert base_recipe("cuda") == EncoderRecipe(2, 5e-5)
    assert base_recipe("cuda", 5) == EncoderRecipe(5, 5e-5)


@pytest.mark.parametrize(("name", "budget", "which"), [
    ("encoder-source-only", 0, "target"), ("encoder-finetune", 16, "target"), ("encoder-finetune", "full", "target"),
    ("encoder-scratch", "full", "target"), ("encoder-finetune", 96, "three"), ("encoder-scratch", 96, "three"),
    ("setfit", 16, "target"), ("setfit", 96, "three")])
def test_an_encoder_learns_and_its_saved_model_predicts_the_same(
        world: World, name: str, budget: int | str, which: str):
    target = getattr(world, which)
    strategy = named(name)
    resources = Resources(None, toy.NET, "cpu", 0, same_labels=which == "target",  # type: ignore[arg-type]
                          **tiny_encoder.resources(world.root, world.source, strategy.described().needs))
    given: dict[str, float] = {"encoder-source-only": {}, "setfit": {"learning_rate": 3e-3}}.get(
        name, {"learning_rate": 1e-2})
    fitted, again = (strategy.fit()(world.trial(budget, 0, target), resources, **given) for _ in range(2))
    test = Examples(target.data.corpus, target.split.test)
    p = fitted(test)
    assert p.tobytes() == again(test).tobytes()
    assert accuracy(p, test, target.data.y) > (0.6 if which == "target" else 0.5)
    model = fitted.model()
    parts = model.parts()
    loaded = EncoderModel.from_parts(ModelParts(json.loads(json.dumps(parts.settings)), parts.arrays))
    np.testing.assert_allclose(loaded.probabilities(test.texts()), p, atol=1e-6)  # with several threads
    assert loaded.probabilities([]).shape == (0, len(target.data.labels))
    assert loaded.probabilities(["", "🙂 unheard of"]).shape == (2, len(target.data.labels))


def spoiled(settings: Callable[[dict[str, Any]], object] = lambda settings: None,
            arrays: Callable[[dict[str, Any]], object] = lambda arrays: None) -> Callable[[ModelParts], ModelParts]:
    def change(parts: ModelParts) -> ModelParts:
        card, weights = json.loads(json.dumps(parts.settings)), dict(parts.arrays)
        settings(card)
        arrays(weights)
        return ModelParts(card, weights)

    return change


@pytest.mark.parametrize(("spoil", "reason"), [
    (spoiled(lambda card: card["config"].update(num_hidden_layers=10**9)), "1000000000 layers"),
    (spoiled(lambda card: card["config"].update(hidden_size=10**7)), "not those that its config describes|cannot be"),
    (spoiled(lambda card: card["config"].update(model_type="none")), "config cannot be used"),
    (spoiled(lambda card: card.update(config=[])), "does not state the encoder's config"),
    (spoiled(lambda card: card.update(word_pieces=True)), "word pieces"),
    (spoiled(arrays=lambda arrays: arrays.update(tokenizer=np.zeros(9, np.uint8))), "tokenizer.json cannot be read"),
    (spoiled(arrays=lambda arrays: arrays.pop("embeddings.word_embeddings.weight")), "not those that its config"),
    (spoiled(arrays=lambda arrays: arrays.update({"head.weight": np.zeros((2, 3), np.float32)})), "head.weight"),
])
def test_a_strangers_model_that_does_not_fit_itself_is_refused(
        world: World, spoil: Callable[[ModelParts], ModelParts], reason: str):
    parts = EncoderModel(tiny_encoder.base(world.root, world.source).classifier).parts()
    with pytest.raises(ModelError, match=reason):
        EncoderModel.from_parts(spoil(parts))


def test_classes_that_are_rare_weigh_more_where_balance_counts(world: World):
    network = open_network(tiny_encoder.bundled(world.root))
    rows = np.concatenate([np.flatnonzero(world.target.data.y == 0)[:60], np.flatnonzero(world.target.data.y == 1)[:4]])
    examples = world.target.data.examples(rows)
    pieces = network.pieces(examples.texts(), 32)

    def share(weights: np.ndarray | None) -> float:
        batches = Batches(pieces, examples.labels, 16, ("toy",), class_weights=weights)
        tuned, head = train(network, new_head(network, 2), batches, EncoderRecipe(2, 1e-3), "cpu")
        logits = features(tuned, pieces, "cpu") @ head.weight.T + head.bias
        return float((logits[:, 1] - logits[:, 0]).mean())

    assert share(np.array([0.5, 8.0], np.float32)) > share(None)


def test_few_labels_are_read_more_often():
    assert [encoder_recipe(n, 1e-4).epochs for n in (2, 32, 128, 512, 6000)] == [10, 10, 5, 2, 1]


@pytest.mark.skipif(missing() is not None, reason="the bundled encoder is not installed")
def test_the_network_of_the_bundled_encoder_computes_its_own_vectors():
    texts = ["A lovely film.", "The invoice is overdue, and nobody answers the telephone."]
    network = open_network(BUNDLED_ENCODER)
    vectors = features(network, network.pieces(texts, 256), "cpu")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, sentence_encoder.vectors(texts), atol=1e-5)
