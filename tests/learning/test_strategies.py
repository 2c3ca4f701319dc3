"""Every baseline of the table on toy trials: probabilities, the same bits twice, better than chance."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import toy
from conftest import World
from toy_fits import every, fit_anew, fitted, named

from bench.data.corpus import Examples
from bench.data.text import SPECIALS, tokens
from bench.learning.finetune import EMBEDDING_RATE_FACTOR
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params, with_classes
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.networks.engines import engine
from bench.learning.pretrain import COMMON_RECIPE
from bench.learning.probe import fit_probe
from bench.learning.resources import Resources
from bench.learning.source_linear import logistic_regression
from bench.protocol.domain import Domain
from bench.runs.registry import Strategy


def predicted(world: World, strategy: Strategy, target: Domain, budget: int | str, seed: int = 0,
              **given: object) -> np.ndarray:
    """What the strategy, fitted anew, predicts for the test texts."""
    return fit_anew(world, strategy, target, budget, seed, **given)(Examples(target.data.corpus, target.split.test))


def predicted_once(world: World, strategy: Strategy, target: Domain, budget: int | str) -> np.ndarray:
    """The same, from a fit that other tests look at too."""
    return fitted(world, strategy, target, budget)(Examples(target.data.corpus, target.split.test))


def accuracy(p: np.ndarray, target: Domain) -> float:
    return float((p.argmax(1) == target.data.y[target.split.test]).mean())


def check(p: np.ndarray, target: Domain) -> None:
    assert p.shape == (len(target.split.test), len(target.data.labels))
    assert p.dtype == np.float32
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-4)


@every
def test_a_baseline_gives_probabilities_and_the_same_bits_twice(world: World, strategy: Strategy):
    first = predicted_once(world, strategy, world.target, 32)
    check(first, world.target)
    assert first.tobytes() == predicted(world, strategy, world.target, 32).tobytes()


@every
def test_a_baseline_knows_three_classes_or_says_that_it_cannot(world: World, strategy: Strategy):
    if "same-labels" in strategy.needs():
        return  # left out by the suite; test_cli sees that it says so
    p = predicted_once(world, strategy, world.three, 96)
    check(p, world.three)
    if strategy.name != "majority":
        assert accuracy(p, world.three) > 0.5


@every
def test_a_baseline_beats_chance_with_all_labels(world: World, strategy: Strategy):
    right = accuracy(predicted_once(world, strategy, world.target, "full"), world.target)
    if strategy.name == "majority":
        assert right == pytest.approx(0.5, abs=0.05)
    else:
        assert right > 0.7


@every
def test_a_baseline_works_with_one_label_of_each_class(world: World, strategy: Strategy):
    check(predicted_once(world, strategy, world.target, 2), world.target)


@every
@pytest.mark.parametrize("which", ["target", "three"])
def test_a_strategy_that_needs_no_label_predicts_without_one(world: World, strategy: Strategy, which: str):
    target: Domain = getattr(world, which)
    if "no-labels" in strategy.needs() and (which == "target" or "same-labels" not in strategy.needs()):
        check(predicted(world, strategy, target, 0), target)


@every
def test_a_module_says_what_it_needs_and_what_it_is(strategy: Strategy):
    module = strategy.load()
    assert strategy.described().needs >= module.NEEDS
    assert (module.__doc__ or "").strip()
    own = strategy.name.replace("-", "_")
    assert strategy.module.rsplit(".", 1)[1] == own or own.endswith(f"_{strategy.function}")
    assert callable(getattr(module, strategy.function))


def test_the_floor_is_the_frequencies_of_the_labelled_texts(world: World):
    p = predicted(world, Strategy("majority", "bench.baselines.majority"), world.target, 32)
    np.testing.assert_allclose(p, 0.5, atol=0.04)
    assert len(np.unique(p, axis=0)) == 1


def test_a_probe_keeps_a_column_for_a_class_that_it_never_saw():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)).astype(np.float32)
    y = np.array([0, 2] * 20)
    p = fit_probe(x, y, 0)(x, 3)
    assert p.shape == (40, 3)
    assert not p[:, 1].any()
    only = fit_probe(x, np.full(40, 2), 0)(x, 3)
    np.testing.assert_allclose(only, np.tile([1 / 43, 1 / 43, 41 / 43], (40, 1)), rtol=1e-6)


def test_a_joint_fit_does_not_depend_on_where_it_began(world: World, monkeypatch: pytest.MonkeyPatch):
    warm = predicted(world, named("tfidf-joint"), world.target, 64)
    with monkeypatch.context() as patch:
        patch.setattr("bench.learning.source_linear.SourceLinear.model",
                      lambda self, more, tolerance: logistic_regression(tolerance))
        np.testing.assert_allclose(warm, predicted(world, named("tfidf-joint"), world.target, 64), atol=2e-3)
    without = predicted(world, named("tfidf-joint"), world.target, 64, heaviest=0.0)
    alone = predicted(world, named("tfidf-source"), world.target, 64)
    assert np.corrcoef(without[:, 0], alone[:, 0])[0, 1] > max(0.95, np.corrcoef(warm[:, 0], alone[:, 0])[0, 1])
    assert np.abs(warm - without).max() > 0.1


def test_glove_gives_words_that_no_label_showed_a_meaning(world: World):
    few = {name: np.mean([accuracy(predicted(world, named(name), world.target, 16, seed), world.target)
                          for seed in range(3)])
           for name in ("glove-frozen", "glove-trainable", "scratch", "scratch-random")}
    assert min(few["glove-frozen"], few["glove-trainable"], few["scratch"]) > few["scratch-random"] + 0.05


def test_scratch_begins_with_the_bases_word_vectors_and_its_reference_without(
        world: World, monkeypatch: pytest.MonkeyPatch):
    asked = heard(monkeypatch)
    predicted(world, named("scratch"), world.target, 32)
    predicted(world, named("scratch-random"), world.target, 32)
    (recipe, batches, params), (other, same_batches, random) = asked
    assert (recipe, batches.seed_names) == (other, same_batches.seed_names)
    assert all((params[name] == random[name]).all() for name in params if name != EMBEDDING)
    labelled = world.trial(32).labelled
    used = np.unique(labelled.x.ids)  # the engine gets the rows of the labelled texts' words, behind the specials
    vectors, known = world.vectors.of(labelled.corpus)
    width = min(vectors.shape[1], toy.NET.embedding)
    rows, known = params[EMBEDDING][SPECIALS:], known[used]
    assert known.any()
    np.testing.assert_array_equal(rows[known, :width], vectors[used][known, :width])
    np.testing.assert_array_equal(rows[~known], random[EMBEDDING][SPECIALS:][~known])
    assert recipe.rate_of(EMBEDDING) == 1.0
    assert recipe.rate_of(EMBEDDING) * recipe.learning_rate > COMMON_RECIPE.learning_rate


def test_a_word_that_no_labelled_text_teaches_moves_as_the_taught_words_did(world: World, tmp_path: Path):
    test = Examples(world.target.data.corpus, world.target.split.test)
    resources = Resources(engine("torch"), with_classes(toy.NET, 2), "cpu", 0, vectors=world.vectors)
    trial = world.trial(64)
    fitted = named("scratch").fit()(trial, resources)
    model = fitted.model()
    vocabulary = list(model.vocabulary.words)
    rows = model.params[EMBEDDING][SPECIALS:]
    counts = np.bincount(trial.labelled.x.ids, minlength=len(trial.labelled.corpus.words))
    taught = {word for word, count in zip(trial.labelled.corpus.words, counts, strict=True) if count >= 2}
    glove = world.vectors.look_up(vocabulary)
    untaught = [i for i, word in enumerate(vocabulary) if word not in taught and glove[i].any()]
    assert untaught
    width = min(50, toy.NET.embedding)
    assert (np.abs(rows[untaught, :width] - glove[untaught, :width]).max(axis=1) > 1e-3).all()
    np.testing.assert_allclose(fitted(test), model.probabilities(test.texts()), atol=1e-5)


@pytest.mark.parametrize("words", ["no vectors", "a network without"])
def test_scratch_without_word_vectors_is_its_reference(world: World, words: str):
    net = replace(with_classes(toy.NET, 2), **({"glove": "no"} if words == "a network without" else {}))
    resources = Resources(engine("torch"), net, "cpu", 0, vectors=None if words == "no vectors" else world.vectors)
    test = Examples(world.target.data.corpus, world.target.split.test)
    first, second = (named(name).fit()(world.trial(32), resources)(test) for name in ("scratch", "scratch-random"))
    assert first.tobytes() == second.tobytes()


def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Recipe, Batches, Params]]:
    """What the engine is asked to train from now on; it trains all the same."""
    asked: list[tuple[Recipe, Batches, Params]] = []
    real = engine("torch").fit

    def fit(net: Architecture, params: Params, batches: Batches, recipe: Recipe, *rest: object) -> Params:
        asked.append((recipe, batches, params))
        return real(net, params, batches, recipe, *rest)

    monkeypatch.setattr(engine("torch"), "fit", fit)
    return asked


def test_gradual_unfreezing_goes_from_the_head_down_and_slows_from_layer_to_layer(
        world: World, monkeypatch: pytest.MonkeyPatch):
    asked = heard(monkeypatch)
    predicted(world, named("gradual"), world.target, 32)
    names = list(asked[0][2])
    open_ = [{n.split(".")[0] for n in names if not n.startswith(recipe.frozen or ("\0",))} for recipe, _, _ in asked]
    assert open_ == [{"head"}, {"head", "rnn"}, {"head", "rnn", "embedding"}]
    for recipe, _, _ in asked:
        rates = [recipe.rate_of(n) for n in ("head.bias", "rnn.bias_hh_l0", EMBEDDING)]
        assert rates == pytest.approx([1.0, 1 / 2.6, EMBEDDING_RATE_FACTOR / 2.6**2])
    for a, b in ((0, 1), (1, 2)):  # a stage begins where the one before ended
        np.testing.assert_array_equal(asked[a][2][EMBEDDING], asked[b][2][EMBEDDING])
        assert (asked[a][2][HEAD] != asked[b][2][HEAD]).any()


@pytest.mark.parametrize("name", ["finetune", "multitask", "gradual"])
def test_a_base_learns_faster_where_the_labels_are_new_and_its_new_head_begins_as_a_probe(
        world: World, monkeypatch: pytest.MonkeyPatch, name: str):
    asked = heard(monkeypatch)
    predicted(world, named(name), world.target, 32)
    predicted(world, named(name), world.three, 48)
    (same, _, kept), (new, _, made) = asked[0], asked[len(asked) // 2]
    assert new.learning_rate > same.learning_rate
    assert same.rate_of(HEAD) == new.rate_of(HEAD) == 1.0
    assert same.rate_of(EMBEDDING) == new.rate_of(EMBEDDING)
    assert name == "gradual" or same.rate_of(EMBEDDING) == EMBEDDING_RATE_FACTOR
    np.testing.assert_array_equal(kept[HEAD][:2], world.base.params[HEAD])
    assert len(made[HEAD]) >= 3
    resources = Resources(engine("torch"), toy.NET, "cpu", 0, world.base, world.vectors)
    trial = world.trial(48, 0, world.three)
    head = fit_probe(resources.features(trial.labelled), trial.labelled.labels, 0).head(3)
    np.testing.assert_allclose(made[HEAD][:3], head.weight, atol=1e-5)
    np.testing.assert_allclose(made["head.bias"][:3], head.bias, atol=1e-5)


@pytest.mark.parametrize("name", ["finetune", "scratch", "scratch-random", "gradual", "multitask",
                                  "glove-trainable"])
def test_a_network_on_a_target_learns_its_words_slowly_and_not_all_at_once(
        world: World, monkeypatch: pytest.MonkeyPatch, name: str):
    asked = heard(monkeypatch)
    predicted(world, named(name), world.target, 32)
    for recipe, _, _ in asked:
        assert recipe.epsilon_of(EMBEDDING) == COMMON_RECIPE.epsilon_of(EMBEDDING) == 1e-4
        assert recipe.epsilon_of(HEAD) < 1e-6
        assert recipe.word_dropout == COMMON_RECIPE.word_dropout == 0.1


LEARN = ("frozen", "finetune", "gradual", "multitask", "scratch", "scratch-random", "glove-frozen", "glove-trainable",
         "glove-forest", "tfidf", "tfidf-joint", "self-training", "gradual-self")


@pytest.mark.parametrize("name", LEARN)
def test_where_balanced_accuracy_leads_a_rare_class_counts_as_much_as_a_common_one(
        world: World, tmp_path: Path, name: str):
    frame = toy.rows(600, seed=5, words=slice(1, 4))
    frame = frame[(frame["label"] == "positive") | (np.arange(len(frame)) % 20 == 0)]  # one in eleven is negative
    plain = toy.loaded(world.root, "skewed", frame)
    alike = replace(plain, task=replace(plain.task, imbalanced=True))
    truth = plain.data.y[plain.split.test]

    def rare(target: Domain) -> float:
        """The mean probability that texts of the rare class are given for it, over three draws."""
        return float(np.mean([predicted(world, named(name), target, 48, seed)[truth == 0, 0] for seed in range(3)]))

    assert rare(alike) > rare(plain)


def test_two_tasks_are_learned_in_equal_parts_and_share_their_words(world: World, monkeypatch: pytest.MonkeyPatch):
    asked = heard(monkeypatch)
    predicted(world, named("multitask"), world.three, 48)
    [(_, batches, params)] = asked
    assert batches.heads == (3, 2)
    mine, epochs = batches.y < 3, [np.sort(rows) for rows in batches.epoch_rows]
    assert all(len(rows) == 96 and mine[rows].sum() == 48 for rows in epochs)
    assert any((a != b).any() for a, b in pairwise(epochs)), "every epoch has the same source texts"
    assert len(params[HEAD]) == 5
    source = world.source.data
    by_words = {" ".join(tokens(text)): y for text, y in zip(source.examples(np.arange(len(source.y))).texts(),
                                                             source.y, strict=True)}
    known = world.three.data.corpus.words
    rows = {row.tobytes(): word for word, row in zip(world.base.vocabulary.words, world.base.params[EMBEDDING][2:],
                                                     strict=True)}
    assert set(rows.values()) <= {*known, *source.corpus.words}
    for i in np.flatnonzero(~mine)[:20]:  # of the source: its words' own rows, its label behind the target's
        text = " ".join(rows[params[EMBEDDING][row].tobytes()] for row in batches.x[i])
        assert 3 + by_words[text] == batches.y[i]
