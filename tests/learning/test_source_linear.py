"""The source's linear model is scikit-learn's own on the same tokens, and reads another corpus's counts."""

from __future__ import annotations

import numpy as np
import toy
from conftest import World
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.data.text import tokens
from bench.learning.features import ngrams
from bench.learning.source_linear import MIN_TEXTS, PENALTY, SCALES, fit_source_linear, scale_of_least_loss, tfidf


def vectorizer_of_scikit_learn() -> TfidfVectorizer:
    return TfidfVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False, ngram_range=(1, 2), min_df=MIN_TEXTS,
                           sublinear_tf=True)


def test_the_model_is_that_of_scikit_learn_on_either_corpus(world: World):
    source = world.source.data.examples(world.source.split.pool)
    target = world.target.data.examples(world.target.split.test)
    linear = fit_source_linear(source)
    vectorizer = vectorizer_of_scikit_learn()
    theirs = LogisticRegression(C=PENALTY, max_iter=1000, tol=1e-7)
    theirs.fit(vectorizer.fit_transform(source.texts()), source.labels)
    expected = theirs.predict_proba(vectorizer.transform(target.texts()))
    columns = linear.columns_in(target.corpus)
    counts = ngrams.counts(target.corpus)[target.rows]
    np.testing.assert_allclose(linear.model().predict_proba(tfidf(counts, columns, linear.idf)), expected, atol=1e-3)
    assert expected.std() > 0.1
    assert len(linear.columns) == len(vectorizer.vocabulary_)
    assert linear.seconds > 0


def test_the_fit_has_converged_where_a_token_stands_in_most_texts(tmp_path):
    """L-BFGS stops early there: its intercept is then far off for texts without that token."""
    import pandas as pd

    rng = np.random.default_rng(0)
    good, bad, plain = ([f"{stem}{i}" for i in range(n)] for stem, n in (("good", 30), ("bad", 30), ("word", 200)))
    rows = []
    for i in range(600):
        negative = i % 2 == 0
        words = [*rng.choice(plain, 40), *rng.choice(bad if negative else good, 2),
                 *rng.choice(good + bad, 1), *["?"] * int(rng.integers(1, 6 if negative else 4)), "!"]
        rows.append((" ".join(rng.permutation(words)), toy.LABELS[0 if negative else 1]))
    data = toy.dataset(tmp_path, pd.DataFrame(rows, columns=["text", "label"]))
    source = data.examples(np.arange(len(rows)))
    linear = fit_source_linear(source)
    best = LogisticRegression(C=PENALTY, max_iter=5000, tol=1e-8).fit(linear.x, source.labels)
    assert abs(float(linear.intercept[0] - best.intercept_[0])) < 0.02
    np.testing.assert_allclose(linear.model().decision_function(linear.x), best.decision_function(linear.x), atol=0.02)


def test_calibration_changes_probabilities_and_no_decision(world: World):
    source = world.source.data.examples(world.source.split.pool)
    linear = fit_source_linear(source)
    raw, calibrated = linear.model(), linear.model(calibrated=True)
    assert linear.scale != 1.0
    assert SCALES[0] <= linear.scale <= SCALES[1]
    np.testing.assert_allclose(calibrated.decision_function(linear.x), linear.scale * raw.decision_function(linear.x),
                               rtol=1e-4, atol=1e-5)
    assert (calibrated.predict(linear.x) == raw.predict(linear.x)).all()


def test_calibrated_probabilities_fit_texts_that_no_fit_saw(world: World):
    """On new texts of the source, whole and cut, their log-loss is no worse than that of the raw probabilities."""
    pool = world.source.data.examples(world.source.split.pool)
    test = world.source.data.examples(world.source.split.test)
    linear = fit_source_linear(pool)
    halves = test.x.excerpts(np.zeros(len(test), np.int64), np.maximum(test.x.lengths // 2, 1))

    def loss(calibrated: bool) -> float:
        model = linear.model(calibrated=calibrated)
        p = [model.predict_proba(tfidf(counts, linear.columns, linear.idf))[np.arange(len(test)), test.labels]
             for counts in (ngrams.counts(test.corpus)[test.rows], ngrams.counts_of(halves, test.corpus))]
        return float(-np.log(np.concatenate(p)).mean())

    assert loss(calibrated=True) < loss(calibrated=False)


def test_a_class_with_a_single_text_leaves_the_logits_as_they_are(world: World):
    pool = world.source.data.examples(world.source.split.pool)
    first = [int(np.flatnonzero(pool.labels == 0)[0]), *np.flatnonzero(pool.labels == 1)[:20].tolist()]
    assert fit_source_linear(pool.part(np.array(sorted(first)))).scale == 1.0


def test_the_scale_of_overconfident_logits_is_found_for_two_classes_and_for_more():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=20_000) * 2
    truth = (rng.random(20_000) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    assert abs(scale_of_least_loss(3 * logits, truth) - 1 / 3) < 0.02
    three = rng.normal(size=(20_000, 3)) * 2
    drawn = (three + rng.gumbel(size=three.shape)).argmax(axis=1)
    assert abs(scale_of_least_loss(0.5 * three, drawn) - 2) < 0.1
    assert scale_of_least_loss(np.array([-1.0, 1.0]), np.array([0, 1])) > SCALES[1] * 0.99


def test_counts_of_whole_texts_are_those_of_the_corpus(world: World):
    texts = world.source.data.examples(np.arange(50))
    assert (ngrams.counts_of(texts.x, texts.corpus) != ngrams.counts(texts.corpus)[texts.rows]).nnz == 0
    part = texts.x.excerpts(np.ones(50, np.int64), texts.x.lengths - 2)
    assert all(part[i].tolist() == texts.x[i][1:-1].tolist() for i in range(50))


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
