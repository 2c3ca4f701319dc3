"""Self-training: which texts are labelled, in which shares, and what a model learns from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import World
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from test_strategies import accuracy, check, named, predicted

from bench.data.corpus import Examples
from bench.learning.self_training import OWN, class_shares, fit_further, self_train, surest
from bench.learning.source_linear import logistic_regression
from bench.protocol.trial import Trial


def logits(values: np.ndarray) -> np.ndarray:
    return np.column_stack([-values, values])


def test_the_surest_of_each_class_are_labelled_in_the_given_shares_and_never_against_the_model():
    values = np.array([-5.0, -4, -3, -2, -1, 1, 2, 3, 4, 5])
    chosen = surest(logits(values), np.array([0.5, 0.5]), 0.4)
    assert chosen.rows.tolist() == [0, 1, 8, 9]
    assert chosen.classes.tolist() == [0, 0, 1, 1]
    uneven = surest(logits(values), np.array([0.25, 0.75]), 0.5)
    assert np.bincount(uneven.classes).tolist() == [1, 3]  # 70% of five are three: both classes shrink alike
    rng = np.random.default_rng(0)
    for _ in range(200):
        classes = int(rng.integers(2, 5))
        values = rng.normal(rng.normal(size=classes), size=(int(rng.integers(1, 60)), classes))
        shares = rng.dirichlet(np.ones(classes))
        found = surest(values, shares, float(rng.uniform(0.1, 1)))
        own = values.argmax(1)
        assert (found.classes == own[found.rows]).all()
        counts, predicted_counts = (np.bincount(c, minlength=classes) for c in (found.classes, own))
        assert (counts <= OWN * predicted_counts + 1e-6).all()
        if len(found.rows):
            assert (counts <= shares * len(values) + 1e-6).all()


def test_a_class_that_the_model_gives_to_no_text_stops_the_labelling():
    assert len(surest(logits(np.array([1.0, 2, 3])), np.array([0.5, 0.5]), 0.9).rows) == 0
    assert len(surest(np.zeros((0, 2)), np.array([0.5, 0.5]), 0.9).rows) == 0


def test_the_shares_kept_are_the_sources_until_enough_labels_say_otherwise():
    source = np.repeat([0, 1], 50)
    np.testing.assert_allclose(class_shares(source, np.zeros(0, np.int64), 2), [0.5, 0.5])
    many = class_shares(source, np.repeat([0, 1], [220, 780]), 2)
    np.testing.assert_allclose(many, [0.22, 0.78], atol=0.02)
    few = class_shares(source, np.array([1, 1, 1, 1]), 2)
    assert 0.5 < few[1] < 0.6


@pytest.mark.parametrize("share", [0.5, 0.78, 0.22])
def test_a_shifted_domain_is_learned_without_labels_also_where_its_classes_are_uneven(share: float):
    """The source's feature is weak on the target, and shifted; a feature that no source text has goes with it."""
    rng = np.random.default_rng(1)

    def draw(n: int, positive: float, shared: float, shift: float, own: float) -> tuple[np.ndarray, np.ndarray]:
        y = (np.arange(n) < positive * n).astype(np.int64)
        sign = 2.0 * y - 1
        x = np.stack([shared * sign + shift + rng.normal(size=n), own * sign + rng.normal(size=n)], axis=1)
        return x, y

    x, y = draw(2000, 0.5, 2.0, 0.0, 0.0)
    x[:, 1] = 0.0
    target, truth = draw(2000, share, 1.0, 0.5, 3.0)

    def recall(model: LogisticRegression) -> float:
        right = model.predict(target) == truth
        return float(np.mean([right[truth == c].mean() for c in (0, 1)]))

    model = logistic_regression().fit(csr_matrix(x), y)
    before = recall(model)
    pseudo = self_train(model, csr_matrix(x), y, np.ones(len(y)), csr_matrix(target), np.array([0.5, 0.5]))
    assert recall(model) > before + (0.15 if share == 0.5 else 0.02)
    assert (pseudo.classes == truth[pseudo.rows]).mean() > 0.8


def test_a_fit_takes_a_step_also_where_its_gradient_is_below_the_tolerance_already():
    rng = np.random.default_rng(2)
    y = np.arange(400) % 2
    x = csr_matrix((2.0 * y[:, None] - 1) * np.array([1.0, 0.0]) + rng.normal(size=(400, 2)))
    new_y = 1 - y  # what the model knows says nothing there; the second feature does
    new = csr_matrix((2.0 * new_y[:, None] - 1) * np.array([0.0, 1.0]) + rng.normal(size=(400, 2)))
    model = logistic_regression().fit(x, y).set_params(tol=10.0)
    before, score = model.coef_.copy(), model.score(new, new_y)
    fit_further(model, new, new_y, np.ones(400))
    assert not np.allclose(model.coef_, before)
    assert model.score(new, new_y) > score
    assert model.tol == 10.0

    done = logistic_regression(1e-9).fit(x, y)
    before = done.coef_.copy()
    fit_further(done.set_params(tol=1e-3), x, y, np.ones(400))  # nothing is left to learn: it ends all the same
    np.testing.assert_array_equal(done.coef_, before)


@pytest.mark.parametrize("name", ["self-training", "gradual-self"])
@pytest.mark.parametrize("budget", [0, 16, "full"])
def test_self_training_works_with_no_label_and_with_all(world: World, name: str, budget: int | str):
    p = predicted(world, named(name), world.target, budget)
    check(p, world.target)
    alone = predicted(world, named("tfidf-source"), world.target, budget)
    assert accuracy(p, world.target) >= accuracy(alone, world.target) - 0.05
    if name == "self-training" and budget == "full":  # nothing is left to label
        joint = predicted(world, named("tfidf-joint"), world.target, budget)
        np.testing.assert_allclose(p, joint, atol=0.02)  # which fits closer


def test_with_no_label_words_of_the_target_alone_are_learned(world: World):
    p = predicted(world, named("self-training"), world.target, 0)
    alone = predicted(world, named("tfidf-source"), world.target, 0)
    assert accuracy(p, world.target) > accuracy(alone, world.target)


@pytest.mark.parametrize("name", ["self-training", "gradual-self"])
def test_only_texts_of_the_pool_are_read(world: World, name: str, monkeypatch: pytest.MonkeyPatch):
    read: list[np.ndarray] = []
    features = __import__("bench.learning.joint_linear", fromlist=["JointFeatures"]).JointFeatures
    target_x = features.target_x
    monkeypatch.setattr(features, "target_x", lambda self, examples: (read.append(examples.rows),
                                                                      target_x(self, examples))[1])
    predict_at = len(read)
    trial: Trial = replace(world.trial(0), unlabelled=Examples(world.target.data.corpus,
                                                               world.trial(0).unlabelled.rows[:50]))
    monkeypatch.setattr(type(world), "trial", lambda self, budget, seed, target: trial)
    predicted(world, named(name), world.target, 0)
    fitted_on = np.concatenate(read[predict_at:][: -1 if name == "self-training" else None])
    assert set(fitted_on) <= set(trial.unlabelled.rows)
