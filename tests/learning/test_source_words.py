"""Word vectors learned from a source's own texts: skip-gram itself, its place beside GloVe, and a base that has it."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import toy
from conftest import World

from bench.core.seeds import generator_for, seed_for
from bench.data.corpus import Examples
from bench.data.text import SPECIALS, Ragged
from bench.learning import pretrain as pretrain_module
from bench.learning import skip_gram
from bench.learning.networks.architectures import EMBEDDING, Architecture
from bench.learning.networks.engines import compiled
from bench.learning.pretrain import BaseSpec, base_key, pretrain
from bench.learning.source_words import SourceTexts, beside_glove, numbers_of


@pytest.fixture(autouse=True)
def kernels() -> None:
    assert compiled.ready(), compiled.why_not()


def ragged(texts: list[list[int]]) -> Ragged:
    lengths = [len(text) for text in texts]
    words = np.array(list(chain.from_iterable(texts)), np.int32)
    return Ragged(words, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def topics(n: int = 600, seed: int = 0) -> Ragged:
    """Texts of one of two topics: words 0 to 9 of one, 10 to 19 of the other, 20 to 29 of both; word 30 once."""
    rng = np.random.default_rng(seed)
    texts = [np.concatenate([rng.integers(0, 10, 12) + 10 * (i % 2), rng.integers(20, 30, 6)]) for i in range(n)]
    return ragged([*(rng.permutation(text).tolist() for text in texts), [30]])


def by_the_formula(texts: Ragged, words: int) -> np.ndarray:
    """Skip-gram as `skip_gram.learn` says it is, written out one number after the other."""
    counts = np.bincount(texts.ids, minlength=words)
    texts = texts.take(generator_for("skip-gram order").permutation(len(texts)))
    share = counts / counts.sum()
    kept = np.minimum(1.0, np.sqrt(skip_gram.OFTEN / share) + skip_gram.OFTEN / share).astype(np.float32)
    draws = counts**0.75
    drawn = np.repeat(np.arange(words), np.maximum(1, np.round(draws / draws.sum() * skip_gram.DRAWS)).astype(int))
    start = generator_for("skip-gram start").random((words, skip_gram.DIMENSIONS), np.float32) - 0.5
    inputs, outputs = start / skip_gram.DIMENSIONS, np.zeros_like(start)
    parts, shares = skip_gram.PARTS, skip_gram.SHARES
    cuts = np.linspace(0, len(texts), parts * shares + 1).astype(int)
    rates = np.linspace(skip_gram.RATE, skip_gram.LAST_RATE, parts + 1)
    for part in range(parts):
        learned = []
        for place in range(part * shares, (part + 1) * shares):
            a, b = inputs.astype(np.float64), outputs.astype(np.float64)
            state, first, last = seed_for("skip-gram", place), cuts[place], cuts[place + 1]
            total = max(texts.offsets[last] - texts.offsets[first], 1)

            def draw() -> int:
                nonlocal state
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                return state

            for text in range(first, last):
                done = (texts.offsets[text] - texts.offsets[first]) / total
                rate = rates[part] + (rates[part + 1] - rates[part]) * done
                line = [w for w in texts[text] if np.float32(draw() >> 40) * np.float32(2.0**-24) <= kept[w]]
                for i, word in enumerate(line):
                    reach = 1 + (draw() >> 33) % skip_gram.WINDOW
                    near = [line[j] for j in range(max(0, i - reach), min(len(line), i + reach + 1)) if j != i]
                    changes = np.zeros((len(near), skip_gram.DIMENSIONS))
                    for sample in range(skip_gram.NEGATIVES + 1):
                        other = drawn[(draw() >> 33) % len(drawn)] if sample else word
                        if sample and other == word:
                            continue
                        step = rate * ((sample == 0) - 1.0 / (1.0 + np.exp(-a[near] @ b[other])))
                        changes += step[:, None] * b[other]
                        b[other] = b[other] + step @ a[near]
                    for j, neighbour in enumerate(near):
                        a[neighbour] += changes[j]
            learned.append((a, b))
        inputs = inputs + sum(a - inputs for a, _ in learned)
        outputs = outputs + sum(b - outputs for _, b in learned)
    return inputs


def test_skip_gram_is_what_the_formula_says():
    rng = np.random.default_rng(1)
    texts = ragged([rng.integers(0, 12, length).tolist() for length in (0, 1, 2, 9, 17, 30, 5, 5, 8, 40) * 2])
    vectors = skip_gram.learn(texts, 12)
    np.testing.assert_allclose(vectors, by_the_formula(texts, 12), atol=1e-6)


def test_words_of_one_topic_lie_together_and_a_word_seen_once_has_no_vector(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(skip_gram, "OFTEN", 1.0)  # a handful of words are all frequent
    vectors = skip_gram.learn(topics(), 31)
    assert not vectors[30].any()
    unit = vectors[:20] / np.linalg.norm(vectors[:20], axis=1, keepdims=True)
    alike = unit @ unit.T
    within = np.concatenate([alike[:10, :10][np.triu_indices(10, 1)], alike[10:, 10:][np.triu_indices(10, 1)]])
    assert within.mean() > alike[:10, 10:].mean() + 0.5


def test_texts_without_a_word_seen_twice_give_no_vectors():
    assert not skip_gram.learn(ragged([[0], [1], []]), 3).any()


def test_the_vectors_are_the_same_bits_again():
    np.testing.assert_array_equal(skip_gram.learn(topics(), 31), skip_gram.learn(topics(), 31))


def test_glove_stays_whole_and_the_rest_is_what_it_does_not_say():
    rng = np.random.default_rng(0)
    glove = rng.normal(size=(300, 5)).astype(np.float32)
    news = rng.normal(size=(300, 2))  # what GloVe does not know
    learned = np.concatenate([glove @ rng.normal(size=(5, 6)), news @ np.array([[3.0, 1.0], [0.0, 2.0]])], axis=1)
    learned = learned.astype(np.float32)
    glove[0], learned[1] = 0.0, 0.0  # a word without a GloVe vector, and one without a learned one
    rows = beside_glove(glove, learned, rng.integers(2, 50, 300), 7)
    np.testing.assert_allclose(rows[1:, :5], glove[1:], atol=1e-6)
    assert rows[0].any()
    assert not rows[1, 5:].any()
    foretold = np.linalg.lstsq(rows[2:, 5:], news[2:], rcond=None)[0]
    errors = news[2:] - rows[2:, 5:] @ foretold
    assert (errors.var(axis=0) < 0.1 * news.var(axis=0)).all()
    assert rows[2:, 5:].std() == pytest.approx(0.6, rel=0.05)


def test_without_glove_the_vectors_are_the_learned_ones_and_without_both_there_are_zeros():
    learned = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    rows = beside_glove(np.zeros((40, 0), np.float32), learned, np.full(40, 3), 8)
    products = learned @ learned.T
    np.testing.assert_allclose(rows @ rows.T / np.trace(rows @ rows.T), products / np.trace(products), atol=1e-5)
    assert not beside_glove(np.zeros((40, 5), np.float32), np.zeros((40, 6), np.float32), np.full(40, 3), 8).any()


def test_an_embedding_narrower_than_glove_takes_its_first_columns():
    glove = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    rows = beside_glove(glove, glove[:, :6].copy(), np.full(40, 3), 8)
    np.testing.assert_allclose(rows, glove[:, :8], atol=1e-6)


@pytest.fixture
def spec(world: World, monkeypatch: pytest.MonkeyPatch) -> BaseSpec:
    """A base on a source that counts as large, with room beside GloVe's vectors."""
    monkeypatch.setattr(pretrain_module, "SMALL_SOURCE", 10)
    wide = Architecture("gru", embedding=56, hidden=4, most_tokens=16)
    return replace(toy.base_spec(world.source, world.vectors), net=wide, recipe=replace(toy.RECIPE, epochs=1))


@pytest.fixture
def more(world: World, tmp_path: Path) -> Examples:
    """Other texts with the same words, whose labels nothing knows."""
    data = toy.dataset(tmp_path, toy.rows(200, seed=9))
    return Examples(data.corpus, np.arange(len(data.corpus)))


def test_a_base_on_a_large_source_learns_words_and_says_so(spec: BaseSpec, tmp_path: Path):
    heard: list[dict] = []
    base = pretrain(spec, tmp_path, heard.append)
    assert heard[0]["phase"].startswith("learning word vectors from ")
    assert base.facts["source_words"][0] == skip_gram.FORM
    assert 0 < base.facts["word_seconds"] < base.seconds
    plain = replace(spec, source_words=False)
    assert "source_words" not in plain.describe()
    assert base_key(plain) != base.key
    known = spec.vectors.look_up(base.vocabulary.words).any(axis=1)
    frozen = replace(spec.recipe, frozen=("embedding.",))
    rows = pretrain(replace(spec, recipe=frozen), tmp_path).params[EMBEDDING][SPECIALS:]
    np.testing.assert_allclose(rows[known, :50], spec.vectors.look_up(base.vocabulary.words)[known], atol=1e-6)
    assert rows[known, 50:].std() > 0.3


def test_more_texts_give_other_vectors_and_another_base(spec: BaseSpec, more: Examples):
    with_more = replace(spec, unlabelled=more)
    assert base_key(with_more) != base_key(spec)
    assert base_key(replace(spec, unlabelled=more.part(np.arange(100)))) != base_key(with_more)
    train = Examples(spec.data.corpus, spec.split.pool)
    alone, _, _ = SourceTexts(train, None, compiled.version()).vectors()
    together, counts, seconds = SourceTexts(train, more, compiled.version()).vectors()
    assert together.shape == alone.shape
    assert not np.allclose(together, alone)
    assert counts.sum() == len(train.x.ids)
    assert seconds > 0


def test_a_word_of_the_other_texts_keeps_its_vector_under_its_own_number(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(skip_gram, "OFTEN", 1.0)
    other = toy.dataset(tmp_path, toy.rows(300, seed=4))  # the same words under other numbers
    train = Examples(world.source.data.corpus, world.source.split.pool[:1])
    vectors, _, _ = SourceTexts(train, Examples(other.corpus, np.arange(300)), compiled.version()).vectors()
    of_other, _, _ = SourceTexts(Examples(other.corpus, np.arange(300)), None, compiled.version()).vectors()
    names = ["zala", "zemi", "grum", "grek"]

    def alike(rows: np.ndarray) -> np.ndarray:
        return rows @ rows.T / (np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(rows, axis=1))

    ours = alike(vectors[numbers_of(names, world.source.data.corpus)])
    theirs = alike(of_other[numbers_of(names, other.corpus)])
    assert abs(ours - theirs).max() < 0.3


def test_a_small_source_and_a_network_with_other_vectors_learn_none(spec: BaseSpec, monkeypatch: pytest.MonkeyPatch):
    assert spec.learns_words
    for glove in ("no", "frozen"):
        assert not replace(spec, net=replace(spec.net, glove=glove)).learns_words
    monkeypatch.setattr(pretrain_module, "SMALL_SOURCE", 10_000)
    assert not spec.learns_words
    assert "source_words" not in spec.describe()


def test_without_numba_no_words_are_learned(spec: BaseSpec, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert not spec.learns_words
