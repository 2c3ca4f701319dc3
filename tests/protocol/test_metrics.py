"""Scores of a test set, against values worked out by hand and those of scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from bench.protocol.metrics import score

TWO = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]], np.float32)


def test_two_classes_by_hand():
    scores = score(np.array([0, 1, 0, 1]), TWO)
    assert scores["accuracy"] == 0.5
    assert scores["balanced_accuracy"] == 0.5
    assert scores["macro_f1"] == pytest.approx(0.5)
    assert scores["auc"] == pytest.approx(0.75)  # of the four pairs only (0.4, 0.7) is in the wrong order
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.3) + math.log(0.8)) / 4
    assert scores["log_loss"] == pytest.approx(expected, abs=1e-5)


def test_imbalanced_classes_by_hand():
    p = np.tile(np.array([[0.6, 0.4]], np.float32), (10, 1))
    scores = score(np.array([0] * 9 + [1]), p)
    assert scores["accuracy"] == 0.9
    assert scores["balanced_accuracy"] == 0.5
    assert scores["auc"] == 0.5
    assert scores["macro_f1"] == pytest.approx((2 * 0.9 / 1.9 + 0) / 2)


def test_three_classes_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 200)
    p = rng.dirichlet(np.ones(3), 200).astype(np.float32)
    scores, predicted = score(truth, p), p.argmax(1)
    exact = p.astype(float) / p.astype(float).sum(1, keepdims=True)
    assert scores["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert scores["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    assert scores["macro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"))
    assert scores["auc"] == pytest.approx(sk.roc_auc_score(truth, exact, multi_class="ovr", average="macro"))
    assert scores["log_loss"] == pytest.approx(sk.log_loss(truth, exact), abs=1e-4)


def test_a_class_that_the_test_set_lacks_leaves_auc_out_and_the_rest_stands():
    p = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], np.float32)
    scores = score(np.array([0, 1, 1]), p)
    assert scores["auc"] is None
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["balanced_accuracy"] == pytest.approx(0.75)
    assert scores["macro_f1"] == pytest.approx((1.0 + 2 / 3) / 2)
    one = score(np.zeros(4, int), TWO)
    assert one["auc"] is None
    assert one["log_loss"] is not None


def test_a_certain_and_wrong_answer_has_a_finite_log_loss():
    scores = score(np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]], np.float32))
    assert scores["log_loss"] == pytest.approx(-math.log(1e-7), rel=0.01)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_what_is_no_probability_is_refused(bad: float):
    p = TWO.copy()
    p[1, 0] = bad
    with pytest.raises(ValueError, match="NaN, infinite or negative"):
        score(np.array([0, 1, 0, 1]), p)


def test_truths_and_predictions_must_be_of_one_number():
    with pytest.raises(ValueError, match=r"\(3,\) true classes for 4 predictions"):
        score(np.array([0, 1, 0]), TWO)
    with pytest.raises(ValueError, match="true classes for 0 predictions"):
        score(np.zeros(0, int), np.zeros((0, 2), np.float32))
