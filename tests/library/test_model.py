"""`bench.fit` and `bench.load`: the model that the command line makes, for Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy
from conftest import Bench

import bench
from bench.core.errors import BenchError, InputError

FIT = {"source": "toy-source", "tasks": "cards", "data_dir": "data", "offline": True, "baseline": "tfidf", "budget": 32,
       "progress": False}
TEXTS = ["bako zala zemi delu", "grum grek bako"]


@pytest.fixture
def model(bench_: Bench):
    return bench.fit("model", target="toy-target", **FIT)


def test_it_predicts_what_the_command_predicts(model, bench_: Bench):
    assert list(model.classes_) == ["negative", "positive"]
    assert list(model.predict(TEXTS)) == ["positive", "negative"]
    shares = model.predict_proba(pd.Series(TEXTS))
    assert shares.shape == (2, 2)
    assert shares.sum(axis=1) == pytest.approx(1)
    lines = bench_("predict", "model", *TEXTS, "--format", "csv").stdout.splitlines()[1:]
    np.testing.assert_allclose([[float(x) for x in line.split(",")[-2:]] for line in lines], shares, atol=1e-6)
    np.testing.assert_array_equal(bench.load("model").predict_proba(TEXTS), shares)
    assert model.card["baseline"] == "tfidf"
    assert "tfidf for negative, positive, accuracy" in repr(model)
    assert model.predict_proba([]).shape == (0, 2)
    assert model.predict(np.array([], object)).shape == (0,)


def test_many_texts_are_scored_in_batches(model):
    many = TEXTS * 1100
    np.testing.assert_array_equal(model.predict_proba(many), np.tile(model.predict_proba(TEXTS), (1100, 1)))


def test_a_frames_model_answers_in_its_words(bench_: Bench):
    frame = toy.rows(80, seed=4).replace({"negative": "sad", "positive": "happy"})
    model = bench.fit("mood", target=frame, **FIT)
    assert set(model.predict(TEXTS)) <= {"sad", "happy"}
    assert model.card["columns"] == {"text": "text", "label": "label"}


@pytest.mark.parametrize(("texts", "words"), [
    ("one text", "texts is a single string"), ([None], "text 0 of texts is None, a NoneType"),
    (["a", np.nan], "text 1 of texts is nan, a float"), (pd.DataFrame({"a": ["b"]}), "table of 1 × 1"),
    (7, "texts is a int"), ([b"a"], "a bytes and not a string")])
def test_what_is_no_list_of_strings_is_refused(model, texts: object, words: str):
    with pytest.raises(InputError) as raised:
        model.predict(texts)
    assert words in str(raised.value)
    assert isinstance(raised.value, ValueError)


def test_unknown_words_are_a_warning(model):
    with pytest.warns(UserWarning, match="words are known to the model"):
        model.predict(["entirely unheard of words everywhere"])


def test_a_model_is_not_replaced_unasked_and_is_of_one_target(model, tmp_path: Path):
    with pytest.raises(BenchError, match="model exists"):
        bench.fit("model", target="toy-target", **FIT)
    with pytest.raises(BenchError, match="one target"):
        bench.fit("other", target=["toy-target", "toy-three"], **FIT)
    with pytest.raises(BenchError, match="no model at"):
        bench.load(tmp_path / "nothing")
