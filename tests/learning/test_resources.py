"""What baselines share: words that the source never showed, features, counts, mean vectors."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy
from conftest import World
from sklearn.feature_extraction.text import CountVectorizer

from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.data.routes import Access
from bench.data.text import SPECIALS, UNKNOWN, Vocabulary, tokens
from bench.learning.features import ngrams
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import EMBEDDING, Architecture, initial_params
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base
from bench.learning.resources import Resources


def resources(world: World) -> Resources:
    return Resources(engine("torch"), toy.NET, "cpu", 0, world.base, world.vectors)


def test_words_that_the_source_never_showed_get_their_mapped_glove_vectors(tmp_path: Path):
    rng = np.random.default_rng(0)
    known = [f"known{i}" for i in range(200)]
    new = [f"new{i}" for i in range(5)]
    matrix = rng.normal(0.0, 2.0, (205, 50)).astype(np.float32)
    np.save(tmp_path / "m.npy", matrix)
    pq.write_table(pa.table({"word": [*known, *new]}), tmp_path / "i.parquet")
    net = Architecture("gru", embedding=6, hidden=4, most_tokens=12)
    params = initial_params(net, 200 + SPECIALS, "toy")
    true = (matrix @ rng.normal(0.0, 0.1, (50, 6)) + 0.5).astype(np.float32)
    params[EMBEDDING][SPECIALS:] = true[:200]
    base = Base(net, params, Vocabulary(tuple(known)), {"seconds": 1.0, "accuracy": 0.9}, "key")
    texts = [*known, *(f"{w} known0" for w in new), "odd known1"]
    labels = [toy.LABELS[i % 2] for i in range(len(texts))]
    data = toy.dataset(tmp_path, pd.DataFrame({"text": texts, "label": labels}))
    vectors = WordVectors(tmp_path / "m.npy", tmp_path / "i.parquet", "")
    with_glove = Resources(engine("torch"), net, "cpu", 0, base, vectors)
    without = replace(with_glove, vectors=None)
    place = {w: i + SPECIALS for i, w in enumerate(data.corpus.words)}
    rows = with_glove.base_params(data.corpus)[EMBEDDING]
    assert rows.dtype == np.float32
    assert rows.shape == (len(data.corpus.words) + SPECIALS, 6)
    np.testing.assert_array_equal(rows[[place[w] for w in known]], true[:200])
    np.testing.assert_allclose(rows[[place[w] for w in new]], true[200:], atol=0.15)
    np.testing.assert_array_equal(rows[place["odd"]], params[EMBEDDING][UNKNOWN])
    np.testing.assert_array_equal(rows[:SPECIALS], params[EMBEDDING][:SPECIALS])
    again = with_glove.base_rows(data.corpus, [*new, "elsewhere"])
    np.testing.assert_allclose(again[:-1], rows[[place[w] for w in new]], atol=1e-5)
    np.testing.assert_array_equal(again[-1], params[EMBEDDING][UNKNOWN])
    plain = without.base_params(data.corpus)[EMBEDDING]
    np.testing.assert_array_equal(plain[place["new0"]], params[EMBEDDING][UNKNOWN])


def test_features_of_a_slice_are_those_computed_directly(world: World):
    trial = world.trial(32)
    features = resources(world).features(trial.labelled)
    params = resources(world).base_params(trial.labelled.corpus)
    x = trial.labelled.x.renumber(np.arange(len(trial.labelled.corpus.words), dtype=np.int32) + SPECIALS)
    direct = engine("torch").features(world.base.net, params, x, "cpu")
    assert features.shape == (32, toy.NET.features)
    np.testing.assert_allclose(features, direct, atol=1e-5)
    assert resources(world).feature_seconds(trial.labelled.corpus) > 0


def test_features_are_computed_once_a_corpus(world: World, monkeypatch: pytest.MonkeyPatch):
    trial = world.trial(32)
    first = resources(world).features(trial.labelled)
    monkeypatch.setattr(engine("torch"), "features", lambda *a: pytest.fail("computed again"))
    np.testing.assert_array_equal(resources(world).features(trial.labelled), first)


def test_counts_are_those_of_scikit_learn_up_to_the_columns_order(world: World):
    corpus = world.target.data.corpus
    counts = ngrams.counts(corpus)

    def words_and_pairs(text: str) -> list[str]:
        own = tokens(text)
        return own + [f"{a} {b}" for a, b in pairwise(own)]

    expected = CountVectorizer(analyzer=words_and_pairs).fit_transform([corpus.text(i) for i in range(len(corpus))])
    assert counts.shape == expected.shape

    def columns(matrix: object) -> list[bytes]:
        return sorted(c.tobytes() for c in matrix.toarray().astype(np.int16).T)  # type: ignore[attr-defined]

    assert columns(counts) == columns(expected)


def test_counts_of_a_trial_are_rows_of_its_corpus(world: World):
    trial = world.trial(32)
    part = resources(world).counts(trial.labelled)
    whole = ngrams.counts(trial.labelled.corpus)
    np.testing.assert_array_equal(part.toarray(), whole.toarray()[trial.labelled.rows])


def test_a_pair_never_joins_two_texts(tmp_path: Path):
    frame = pd.DataFrame({"text": ["a b", "c d", "!!"], "label": ["negative", "positive", "positive"]})
    corpus = toy.dataset(tmp_path, frame).corpus
    assert ngrams.counts(corpus).shape == (3, 5 + 3)  # a b c d ! and "a b", "c d", "! !"


def test_mean_vectors_are_the_mean_over_words_that_have_one(world: World, tmp_path: Path):
    frame = pd.DataFrame({"text": ["zala zala bako odd", "odd", "grum"], "label": ["positive", "positive", "negative"]})
    corpus = toy.dataset(tmp_path, frame).corpus
    means = resources(world).mean_vectors(Examples(corpus, np.arange(3)))
    for i in range(3):
        vectors = [v for v in world.vectors.look_up(tokens(corpus.text(i))) if v.any()]
        np.testing.assert_allclose(means[i], np.mean(vectors, axis=0) if vectors else np.zeros(50), atol=1e-6)


def test_a_contraction_is_the_mean_of_its_parts(world: World):
    both, do, nt, none = world.vectors.look_up(["don't", "do", "n't", "xyz"])
    np.testing.assert_allclose(both, (do + nt) / 2, atol=1e-6)
    assert not none.any()


def test_what_a_baseline_did_not_ask_for_is_an_error_that_says_so(world: World):
    bare = Resources(engine("torch"), toy.NET, "cpu", 0)
    with pytest.raises(BenchError, match=r"NEEDS = \{'base'\}"):
        bare.need_base()
    with pytest.raises(BenchError, match=r"NEEDS = \{'glove'\}"):
        bare.mean_vectors(world.trial().labelled)


def test_glove_is_found_in_the_data_folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    toy.vectors(tmp_path / "data")
    monkeypatch.setattr("bench.data.package_index._installed", lambda *a: None)
    glove = find_glove(Access(tmp_path / "data", tmp_path / "raw", offline=True))
    assert glove.look_up(["zala"]).any()
    with pytest.raises(BenchError, match=r"GloVe vectors are not available.*transferbench\[glove\]"):
        find_glove(Access(None, tmp_path / "raw", offline=True))
