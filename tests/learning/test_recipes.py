"""A recipe that changes has a new number: else old records would be averaged with new ones."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import toy
from conftest import World

from bench.baselines import BASELINES
from bench.core import recipes, store
from bench.learning.networks.architectures import Architecture, Params, with_classes
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.networks.engines import engine
from bench.learning.resources import Resources
from bench.runs.registry import strategies_named

# Of each strategy that trains a network: the number of its recipe, and a digest of what the engine is asked to do with
# 32 labels and with all. Where the digest changes, say in bench/core/recipes.py what the recipe was, and pin both anew.
PINNED = {
    "finetune": (1, "6523f94e5bfb"), "gradual": (1, "a70ca199182d"), "multitask": (1, "310ca2459a6c"),
    "scratch": (3, "9f6f985fdde3"), "scratch-random": (2, "9f6f985fdde3"), "glove-frozen": (3, "0eb80cec2efe"),
    "glove-trainable": (3, "9f6f985fdde3"),
}

YOUNGER = {"adversarial": 0.0, "adversarial_every": 1}  # fields that recipes have had since the digests, as they were


def asked_of_the_engine(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A digest of the recipes, batch sizes and heads with which a strategy trains, whatever the weights."""
    asked: list[object] = []
    real = engine("torch").fit

    def fit(net: Architecture, params: Params, batches: Batches, recipe: Recipe, *rest: object) -> Params:
        settings = {k: v for k, v in asdict(recipe).items() if k not in YOUNGER or v != YOUNGER[k]}
        asked.append([settings, batches.size, len(batches.heads), batches.class_weights is None])
        return real(net, params, batches, recipe, *rest)

    monkeypatch.setattr(engine("torch"), "fit", fit)
    (strategy,) = strategies_named((name,), BASELINES)
    for target, budget in ((world.target, 32), (world.target, "full"), (world.three, 48)):
        resources = Resources(engine("torch"), with_classes(toy.NET, len(target.data.labels)), "cpu", 0, world.base,
                              world.vectors, world.source.data.examples(world.source.split.pool),
                              target is world.target)
        strategy.fit()(world.trial(budget, 0, target), resources)
    return store.key_of(asked)[:12]


@pytest.mark.parametrize("name", PINNED)
def test_a_recipe_that_changes_has_a_new_number(world: World, monkeypatch: pytest.MonkeyPatch, name: str):
    assert (recipes.current(name), asked_of_the_engine(world, name, monkeypatch)) == PINNED[name]


def test_what_an_earlier_recipe_was_can_be_said():
    assert set(recipes.EARLIER) <= set(BASELINES)
    assert recipes.current("tfidf") == 1
    assert recipes.current("scratch") == 1 + len(recipes.EARLIER["scratch"])
    assert "random word vectors" in recipes.what_it_was("scratch", 1)
    assert [recipes.what_it_was("scratch", n) for n in (0, recipes.current("scratch"), 99)] == ["", "", ""]
