"""The source's linear model is scikit-learn's own on the same tokens, and reads another corpus's counts."""

from __future__ import annotations

import numpy as np
import toy
from conftest import World
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.data.text import tokens
from bench.learning.features import ngrams
from bench.learning.source_linear import MIN_TEXTS, PENALTY, fit_source_linear, tfidf


def vectorizer_of_scikit_learn() -> TfidfVectorizer:
    return TfidfVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False, ngram_range=(1, 2), min_df=MIN_TEXTS,
                           sublinear_tf=True)


def test_the_model_is_that_of_scikit_learn_on_either_corpus(world: World):
    source = world.source.data.examples(world.source.split.pool)
    target = world.target.data.examples(world.target.split.test)
    linear = fit_source_linear(source)
    vectorizer = vectorizer_of_scikit_learn()
    theirs = LogisticRegression(C=PENALTY, max_iter=300).fit(vectorizer.fit_transform(source.texts()), source.labels)
    expected = theirs.predict_proba(vectorizer.transform(target.texts()))
    columns = linear.columns_in(target.corpus)
    counts = ngrams.counts(target.corpus)[target.rows]
    np.testing.assert_allclose(linear.model().predict_proba(tfidf(counts, columns, linear.idf)), expected, atol=2e-3)
    assert expected.std() > 0.1
    assert len(linear.columns) == len(vectorizer.vocabulary_)
    assert linear.seconds > 0


def test_a_model_is_fitted_once(world: World):
    source = world.source.data.examples(world.source.split.pool)
    first, again = fit_source_linear(source), fit_source_linear(source)
    assert first.seconds == again.seconds
    assert fit_source_linear(source.part(np.arange(100))).seconds != first.seconds


def test_the_columns_of_two_corpora_are_joined_by_their_words(tmp_path):
    import pandas as pd

    def corpus(*texts: str):
        return toy.dataset(tmp_path, pd.DataFrame({"text": texts, "label": toy.LABELS})).corpus

    def names(c):
        words = c.words
        return [*words, *(f"{words[p // len(words)]} {words[p % len(words)]}" for p in ngrams._pairs(c))]

    mine, theirs = corpus("a b a b d", "b c"), corpus("c b x a b", "zz top")
    matching = ngrams.matching_columns(theirs, mine)
    where = {name: i for i, name in enumerate(names(theirs))}
    assert matching.tolist() == [where.get(name, -1) for name in names(mine)]
    assert {n for n, at in zip(names(mine), matching, strict=True) if at >= 0} == {"a", "b", "c", "a b"}
    lonely = corpus("only", "words")
    assert ngrams.matching_columns(lonely, mine).tolist() == [-1] * len(names(mine))
    assert ngrams.matching_columns(mine, lonely).tolist() == [-1, -1]
