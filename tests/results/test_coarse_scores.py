"""Predictions of many classes in a few bits: the same class, the same scores when read, and records from before."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.core.errors import DataError
from bench.protocol.metrics import score
from bench.reproduce.published import OFF, SAME, Rerun
from bench.results import coarse_scores, stored_predictions
from bench.results.coarse_scores import CoarseScores, coarse
from bench.results.record import Record
from bench.results.record_merge import same_result

# Few values make many ties; the others reach from certainty to differences that 16 bits do not hold.
VALUES = st.sampled_from([0.0, 2.0**-20, 0.25, 0.5, 0.5 + 2.0**-17]) | st.floats(0.0, 1.0, width=32)
TABLES = arrays(np.float32, st.tuples(st.integers(1, 25), st.integers(5, 30)), elements=VALUES)


def in_16_bits(p: np.ndarray) -> np.ndarray:
    p = np.clip(p.astype(np.float64), 1e-12, None)
    return np.log(p / p.sum(axis=1, keepdims=True)).astype(np.float16)


def model_of(spread: float, classes: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = np.arange(4000) % classes
    logits = rng.normal(0.0, 1.0, (len(truth), classes)) + 2.0 * np.eye(classes)[truth]
    odds = np.exp(spread * logits)
    return truth, odds / odds.sum(axis=1, keepdims=True)


@given(TABLES)
@example(np.full((3, 20), 0.05, np.float32))
@example(np.eye(20, dtype=np.float32))
def test_the_predicted_class_and_the_scores_survive(p: np.ndarray):
    p = p + np.float32(1e-7)
    truth = np.arange(len(p)) % p.shape[1]
    stored = stored_predictions.quantise(p)
    assert isinstance(stored, CoarseScores)
    packed = json.loads(json.dumps(stored_predictions.pack(truth, stored)))
    again, back = stored_predictions.unpack(packed)
    scored = stored_predictions.probabilities(stored)
    assert again.tolist() == truth.tolist()
    assert back.tobytes() == scored.tobytes()
    assert back.argmax(axis=1).tolist() == p.argmax(axis=1).tolist()
    assert (np.sort(back, axis=1)[:, -1] > np.sort(back, axis=1)[:, -2]).all()
    assert score(again, back) == score(truth, scored)


@given(TABLES)
def test_a_record_from_before_is_read_as_it_was_and_compared_in_the_coarse_form(p: np.ndarray):
    p = p + np.float32(1e-7)
    truth, fine = np.arange(len(p)) % p.shape[1], in_16_bits(p)
    before = stored_predictions.pack(truth, fine)
    now = stored_predictions.pack(truth, stored_predictions.quantise(p))
    assert "levels" not in before
    assert stored_predictions.unpack(before)[1].tobytes() == stored_predictions.probabilities(fine).tobytes()
    assert stored_predictions.same_answers(before, now)
    assert stored_predictions.same_answers(now, before)


def test_other_answers_differ_from_a_record_of_either_form():
    truth, p = model_of(1.0)
    before = stored_predictions.pack(truth, in_16_bits(p))
    now = stored_predictions.pack(truth, stored_predictions.quantise(p))
    other_p = p.copy()
    other_p[0] = other_p[0][::-1]
    other = stored_predictions.pack(truth, stored_predictions.quantise(other_p))
    assert stored_predictions.same_answers(before, now)
    assert not stored_predictions.same_answers(before, other)
    assert not stored_predictions.same_answers(now, other)
    assert not stored_predictions.same_answers(now, {**now, "truth": stored_predictions.pack(
        truth[::-1], stored_predictions.quantise(p))["truth"]})


def test_a_published_record_from_before_is_the_same_trial_run_again_and_merges_as_one():
    def record(p: np.ndarray, stored: object) -> Record:
        return Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {}, "gru", "torch", "cpu", 32, 0,
                      **score(truth, stored_predictions.probabilities(stored)),
                      predictions=stored_predictions.pack(truth, stored))

    truth, p = model_of(1.0)
    before, now = record(p, in_16_bits(p)), record(p, stored_predictions.quantise(p))
    assert before.auc != now.auc
    assert Rerun(before, now, 1.0).verdict == SAME
    assert same_result(before, now)
    other = record(p, stored_predictions.quantise(p[:, ::-1]))
    assert Rerun(before, other, 1.0).verdict == OFF
    assert not same_result(before, other)


@pytest.mark.parametrize("spread", [0.002, 0.1, 1.0, 3.0])
def test_a_nearly_undecided_model_keeps_its_ranking_as_a_certain_one_does(spread: float):
    truth, p = model_of(spread)
    fine = score(truth, stored_predictions.probabilities(in_16_bits(p)))
    stored = stored_predictions.quantise(p)
    back = score(truth, stored_predictions.probabilities(stored))
    size = len(stored_predictions.pack(truth, stored)["levels"]) * 6 / p.size
    assert size < 1.15 * coarse_scores.BITS
    assert back["accuracy"] == (p.argmax(axis=1) == truth).mean()
    assert back["auc"] == pytest.approx(fine["auc"], abs=0.012)
    assert back["log_loss"] == pytest.approx(fine["log_loss"], abs=0.03)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        coarse(np.full((2, 6), np.nan), np.array([0, 1]))


@pytest.mark.parametrize("wrong", [{"step": 0.0}, {"step": "1"}, {"step": 1e300}, {"step": float("nan")},
                                   {"columns": 7}, {"columns": 0}, {"levels": "AAAA"}, {"levels": 3}, {"truth": "!"}])
def test_a_damaged_record_is_refused(wrong: dict[str, object]):
    truth, p = np.arange(12) % 6, np.eye(6, dtype=np.float32)[np.arange(12) % 6] + np.float32(0.1)
    packed = stored_predictions.pack(truth, stored_predictions.quantise(p))
    with pytest.raises(DataError, match="predictions cannot be unpacked"):
        stored_predictions.unpack({**packed, **wrong})


def test_levels_that_unpack_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch):
    truth, p = model_of(1.0)
    packed = stored_predictions.pack(truth, stored_predictions.quantise(p))
    monkeypatch.setattr(stored_predictions, "LARGEST", 2 * p.size - 2)
    with pytest.raises(DataError, match="cut short, or more than"):
        stored_predictions.unpack(packed)
