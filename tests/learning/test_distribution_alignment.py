"""Distribution alignment: the mean prediction gets the class shares of the labelled texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import World

from bench.data.corpus import Examples
from bench.learning import distribution_alignment
from bench.learning.distribution_alignment import FARTHEST, SMOOTHING, aligned_bias, bias_to_match
from bench.learning.models.calibration import AS_IT_IS, Calibration
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial


def test_the_mean_prediction_becomes_the_shares():
    logits = np.random.default_rng(0).normal(0, 2, (500, 3)) + np.array([3.0, 0.0, -1.0])
    shares = np.array([0.2, 0.5, 0.3])
    bias = bias_to_match(logits, shares)
    assert softmax(logits).mean(axis=0)[0] > 0.7
    np.testing.assert_allclose(softmax(logits + bias).mean(axis=0), shares, atol=1e-3)
    out_of_reach = bias_to_match(np.array([[30.0, 0.0]] * 5), shares[:2] / shares[:2].sum())
    assert np.abs(out_of_reach).max() <= FARTHEST


def prefers(truth: np.ndarray, by: np.ndarray) -> object:
    """A classifier that sees the class of each text, dimly, and prefers some classes."""
    def logits_of(examples: Examples) -> np.ndarray:
        noise = np.random.default_rng(1).normal(0, 1, (len(truth), len(by)))[examples.rows]
        return 2.0 * (truth[examples.rows, None] == np.arange(len(by))) + noise + by

    return logits_of


@pytest.fixture
def trial(world: World, monkeypatch: pytest.MonkeyPatch) -> Trial:
    monkeypatch.setattr(distribution_alignment, "FEWEST", 20)  # the toy's pools are small
    return world.trial(40, target=world.three)


def test_a_class_that_is_predicted_too_often_is_pushed_back_and_scores_rise(world: World, trial: Trial):
    truth = world.three.data.y
    logits_of = prefers(truth, np.array([3.0, 0.0, 0.0]))
    bias = aligned_bias(trial, logits_of)  # type: ignore[arg-type]
    assert bias.sum() == pytest.approx(0.0, abs=1e-9)
    assert bias[0] < min(bias[1:])
    test = Examples(world.three.data.corpus, world.three.split.test)
    logits, y = logits_of(test), truth[test.rows]  # type: ignore[operator]
    before, after = ((z.argmax(axis=1) == y).mean() for z in (logits, logits + bias))
    assert after > before + 0.1
    again = aligned_bias(trial, logits_of)  # type: ignore[arg-type]
    np.testing.assert_array_equal(bias, again)


def test_where_every_class_counts_alike_a_rare_one_is_predicted_as_often_as_a_frequent_one(trial: Trial):
    counts = np.bincount(trial.labelled.labels, minlength=3)
    rows = np.concatenate([np.flatnonzero(trial.labelled.labels == c)[:n] for c, n in enumerate((10, 5, 2))])
    uneven = replace(trial, labelled=trial.labelled.part(rows))
    assert (counts[:2] >= (10, 5)).all()

    def flat(examples: Examples) -> np.ndarray:
        return np.zeros((len(examples), 3))

    shares = (np.array([10, 5, 2]) + SMOOTHING) / (17 + 3 * SMOOTHING)
    plain, balanced = (aligned_bias(replace(uneven, balanced=b), flat) for b in (False, True))
    np.testing.assert_allclose(plain, np.log(shares) - np.log(shares).mean(), atol=1e-3)
    np.testing.assert_allclose(balanced, 0.0, atol=1e-3)


def test_a_class_without_a_labelled_text_and_texts_that_are_too_few_change_nothing(trial: Trial):
    def first(examples: Examples) -> np.ndarray:
        return np.tile([2.0, 0.0, 1.0], (len(examples), 1))

    two = replace(trial, labelled=trial.labelled.part(np.flatnonzero(trial.labelled.labels != 2)))
    bias = aligned_bias(two, first)
    assert bias[2] == 0.0
    assert bias[0] < 0 < bias[1]
    few = replace(trial, unlabelled=trial.unlabelled.part(np.arange(19)))
    one_class = replace(trial, labelled=trial.labelled.part(np.flatnonzero(trial.labelled.labels == 1)))
    for without in (few, one_class):
        np.testing.assert_array_equal(aligned_bias(without, first), 0.0)


def test_no_label_of_an_unlabelled_text_and_no_test_text_is_seen(world: World, trial: Trial):
    seen: list[Examples] = []

    def watching(examples: Examples) -> np.ndarray:
        seen.append(examples)
        return np.zeros((len(examples), 3))

    aligned_bias(trial, watching)
    assert seen
    assert all(examples.y is None for examples in seen)
    assert not np.isin(np.concatenate([examples.rows for examples in seen]), world.three.split.test).any()


def test_a_calibration_takes_the_biases_besides_its_own():
    bias = np.array([0.5, -0.5])
    assert AS_IT_IS.shifted(bias) == Calibration(1.0, (0.5, -0.5))
    assert Calibration(2.0, (1.0, 0.0)).shifted(bias) == Calibration(2.0, (1.5, -0.5))
