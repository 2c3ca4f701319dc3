"""Domain adaptation on toy texts and on made features: each method does what its definition says."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import World
from scipy.sparse import csr_matrix, random
from sklearn.linear_model import LogisticRegression

from bench.learning.adaptation.coral import Standardisation, coral_alignment
from bench.learning.adaptation.dann import fit_dann
from bench.learning.adaptation.denoising import fit_denoising_layers, hidden_layers
from bench.learning.adaptation.easyadapt import augment, augmented_for_target
from bench.learning.adaptation.importance import importance_weights
from bench.learning.adaptation.ngrams import JointNgrams, pool_of
from bench.learning.joint_linear import weights_of_labelled
from bench.learning.source_linear import fit_source_linear

RNG = np.random.default_rng


def test_a_denoising_layer_is_the_least_squares_answer_over_many_corruptions():
    rng = RNG(0)
    x = random(200, 12, 0.3, random_state=0, format="csr", dtype=np.float32)
    (layer,) = fit_denoising_layers(x, 1, 0.4)
    dense = x.toarray().astype(np.float64)
    corrupted = np.concatenate([np.column_stack([dense * (rng.random(dense.shape) > 0.4), np.ones(200)])
                                for _ in range(400)])
    expected = np.linalg.lstsq(corrupted, np.tile(dense, (400, 1)), rcond=None)[0].T
    np.testing.assert_allclose(layer, expected, atol=0.04)
    np.testing.assert_allclose(layer, fit_denoising_layers(x.toarray(), 1, 0.4)[0], atol=1e-5)


def test_hidden_layers_stand_side_by_side_and_a_feature_that_never_occurs_harms_nothing():
    x = random(50, 8, 0.4, random_state=1, format="csr", dtype=np.float32)
    x = csr_matrix(np.column_stack([x.toarray(), np.zeros(50, np.float32)]))
    layers = fit_denoising_layers(x, 3, 0.5)
    assert [layer.shape for layer in layers] == [(9, 10)] * 3
    outputs = hidden_layers(x, layers)
    assert outputs.shape == (50, 27)
    assert np.isfinite(outputs).all()
    first = np.tanh(x.toarray() @ layers[0][:, :-1].T + layers[0][:, -1])
    np.testing.assert_allclose(outputs[:, :9], first, atol=1e-6)
    np.testing.assert_allclose(outputs[:, 9:18], np.tanh(first @ layers[1][:, :-1].T + layers[1][:, -1]), atol=1e-5)


def test_coral_gives_the_source_the_covariance_of_the_target():
    rng = RNG(0)
    source = 100 * rng.normal(size=(5_000, 4)) @ rng.normal(size=(4, 4))  # so large that the identity hardly counts
    target = 100 * rng.normal(size=(4_000, 4)) @ rng.normal(size=(4, 4))
    aligned = source @ coral_alignment(source, target)
    np.testing.assert_allclose(np.cov(aligned, rowvar=False), np.cov(target, rowvar=False), rtol=0.01, atol=20)
    np.testing.assert_allclose(coral_alignment(source, source), np.eye(4), atol=1e-8)


def test_a_feature_that_never_varies_is_standardised_without_a_division_by_zero():
    x = np.column_stack([np.full(5, 3.0), np.arange(5.0)])
    z = Standardisation.of(x)(x)
    np.testing.assert_allclose(z[:, 0], 0.0)
    np.testing.assert_allclose([z[:, 1].mean(), z[:, 1].std()], [0.0, 1.0], atol=1e-12)


def test_augmented_weights_are_those_of_a_target_text():
    source, target = (random(n, 5, 0.5, random_state=n, format="csr") for n in (6, 4))
    x = augment(source, target)
    assert x.shape == (10, 15)
    weight = RNG(0).normal(size=(2, 15))
    np.testing.assert_allclose((x @ weight.T)[6:], target @ augmented_for_target(weight).T, atol=1e-12)
    np.testing.assert_allclose((x @ weight.T)[:6], source @ (weight[:, :5] + weight[:, 5:10]).T, atol=1e-12)


def test_source_texts_that_are_like_the_target_weigh_more():
    rng = RNG(0)
    source, target = rng.normal(0, 1, (400, 2)), rng.normal([2, 0], 1, (300, 2))
    weights = importance_weights(source, target, flattening=1.0, heaviest=20.0, seed=0)
    assert weights.mean() == pytest.approx(1.0)
    assert np.corrcoef(weights, source[:, 0])[0, 1] > 0.5
    assert (weights * source[:, 0]).mean() > 0.8  # the weighted source lies nearer to the target's mean, 2
    flat = importance_weights(source, target, flattening=0.0, heaviest=20.0, seed=0)
    np.testing.assert_allclose(flat, 1.0)
    capped = importance_weights(source, target, flattening=1.0, heaviest=2.0, seed=0)
    assert capped.max() < weights.max()
    as_sparse = importance_weights(csr_matrix(source), csr_matrix(target), flattening=1.0, heaviest=20.0, seed=0)
    np.testing.assert_allclose(as_sparse, weights, rtol=0.01)


def domains(n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Feature 0 shows the class in both domains, feature 1 in the source alone: in the target it only shifts."""
    rng = RNG(1)
    y, y_target = rng.integers(0, 2, n), rng.integers(0, 2, n)
    source = np.column_stack([2 * y - 1 + rng.normal(0, 0.5, n), rng.normal(0, 0.3, n) - (y - 0.5)])
    target = np.column_stack([2 * y_target - 1 + rng.normal(0, 0.5, n), 2 + rng.normal(0, 0.3, n)])
    return source.astype(np.float32), y, target.astype(np.float32), y_target


def test_a_dann_does_not_learn_what_differs_between_the_domains():
    source, y, target, y_target = domains()

    def accuracies(adaptation: float) -> list[float]:
        network = fit_dann(source, y, np.ones(len(y)), source, target, 2, hidden=20, adaptation=adaptation,
                           learning_rate=0.02, steps=300, rng=RNG(0))
        return [float((network.probabilities(x).argmax(1) == truth).mean())
                for x, truth in ((source, y), (target, y_target))]

    plain, adapted = accuracies(0.0), accuracies(1.0)
    assert min(plain[0], adapted[0]) > 0.9
    assert plain[1] < 0.7
    assert adapted[1] > 0.9


def test_a_dann_reads_sparse_features_as_it_reads_dense_ones():
    source, y, target, _ = domains(100)
    one, two = (fit_dann(kind(source), y, np.ones(len(y)), kind(source), kind(target), 2, hidden=5, adaptation=0.5,
                         learning_rate=0.02, steps=50, rng=RNG(0)) for kind in (np.asarray, csr_matrix))
    np.testing.assert_allclose(one.hidden, two.hidden, atol=1e-3)


def test_ngrams_of_the_labelled_texts_are_those_of_the_source_and_new_ones(world: World):
    source, trial = fit_source_linear(world.source.data.examples(world.source.split.pool)), world.trial(32)
    ngrams = JointNgrams.of_labelled(source, trial.labelled)
    np.testing.assert_allclose(ngrams.of_source()[:, :source.x.shape[1]].toarray(), source.x.toarray(), atol=1e-6)
    assert (ngrams.in_source < 0).sum() > 0
    x = ngrams.of_target(trial.labelled)
    np.testing.assert_allclose(np.sqrt(x.multiply(x).sum(axis=1)), 1.0, rtol=1e-5)
    none = JointNgrams.of_labelled(source, trial.labelled.part(np.arange(0)))
    assert len(none.idf) == source.x.shape[1]


def test_the_most_frequent_ngrams_weigh_both_domains_alike_and_a_text_has_the_same_values_from_both_sides(world: World):
    source, trial = fit_source_linear(world.source.data.examples(world.source.split.pool)), world.trial(32)
    ngrams = JointNgrams.most_frequent(source, pool_of(trial), 40)
    assert len(ngrams.idf) == 40
    words, grams = ngrams.words_and_ngrams()
    names = [tuple(words[i] for i in gram if i >= 0) for gram in grams]
    assert len(set(names)) == 40
    # the source's texts as if they were the target's: the same n-grams, and the same values
    own = JointNgrams.most_frequent(source, source.examples, 40)
    np.testing.assert_allclose(own.of_source().toarray(), own.of_target(source.examples).toarray(), atol=1e-6)


def test_the_pool_is_the_same_for_every_budget_and_has_no_labels(world: World):
    small, large = pool_of(world.trial(16)), pool_of(world.trial("full"))
    np.testing.assert_array_equal(small.rows, large.rows)
    assert small.y is None


def test_labelled_texts_weigh_as_much_as_the_source_but_never_more_than_the_heaviest(world: World):
    assert weights_of_labelled(world.trial(32), 320, 16.0).sum() == pytest.approx(320)
    np.testing.assert_allclose(weights_of_labelled(world.trial(2), 320, 16.0), 16.0)


def test_an_importance_weighted_fit_follows_the_target():
    rng = RNG(2)
    source = rng.normal(0, 2, (2_000, 1))
    y = (np.abs(source[:, 0]) > 1).astype(int)  # no line is right everywhere
    target = rng.normal(1.5, 0.7, (500, 1))
    truth = (np.abs(target[:, 0]) > 1).astype(int)
    weights = importance_weights(source, target, flattening=1.0, heaviest=20.0, seed=0)
    plain, weighted = LogisticRegression().fit(source, y), LogisticRegression().fit(source, y, sample_weight=weights)
    assert weighted.score(target, truth) > plain.score(target, truth) + 0.05
