"""Tokens, cleaning, and the flat array of word numbers against a naive list of lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.text import SPECIALS, UNKNOWN, Ragged, Vocabulary, clean, encode, frequent
from bench.data.tokens import tokens

TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12).map(" ".join), max_size=8)


def lists(x: Ragged) -> list[list[int]]:
    return [x[i].tolist() for i in range(len(x))]


@pytest.mark.parametrize(("text", "expected"), [
    ("It DON'T work!", ["it", "don't", "work", "!"]),
    ("why?? 3.5 stars", ["why", "?", "?", "3", "5", "stars"]),
    ("Отель 很好", ["отель", "很", "好"]),
    ("rock'n'roll", ["rock'n", "roll"]),
    ("... --- ___", []),
    ("", []),
])
def test_tokens_are_lower_case_words_and_marks(text: str, expected: list[str]):
    assert tokens(text) == expected


@pytest.mark.parametrize(("raw", "cleaned"), [
    ("a<br />b<BR>c", "a b c"),
    ("fish &amp; chips", "fish & chips"),
    ("  a \t\n b  ", "a b"),
    ("a\x00b\x07c\ufffdd", "a b c d"),
    ("cafe\u0301", "caf\u00e9"),
    ("\x01 \x02", ""),
])
def test_clean_resolves_what_crawling_left(raw: str, cleaned: str):
    assert clean(raw) == cleaned


@given(st.text(max_size=60).map(lambda t: t.replace("&", "")))
def test_cleaning_twice_changes_nothing_more(text: str):
    once = clean(text)
    assert clean(once) == once


@given(TEXTS)
def test_encode_and_back_gives_the_tokens(texts: list[str]):
    x, words = encode(texts)
    assert [[words[i] for i in ids] for ids in lists(x)] == [tokens(t) for t in texts]
    assert len(set(words)) == len(words)
    assert x.lengths.tolist() == [len(tokens(t)) for t in texts]


@given(TEXTS, st.data())
def test_take_is_indexing(texts: list[str], data: st.DataObject):
    x, _ = encode(texts)
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=10)) if texts else []
    taken = x.take(np.array(rows, np.int64))
    assert lists(taken) == [lists(x)[r] for r in rows]


@given(TEXTS, st.integers(1, 14))
def test_clip_keeps_the_first_quarter_and_the_end(texts: list[str], most: int):
    x, _ = encode(texts)

    def naive(ids: list[int]) -> list[int]:
        first = most // 4
        return ids if len(ids) <= most else ids[:first] + ids[len(ids) - (most - first):]

    assert lists(x.clip(most)) == [naive(ids) for ids in lists(x)]


@given(TEXTS)
@settings(max_examples=40)
def test_renumber_replaces_each_word(texts: list[str]):
    x, words = encode(texts)
    table = (np.arange(len(words), dtype=np.int32) * 7 + 3).astype(np.int32)
    assert lists(x.renumber(table)) == [[i * 7 + 3 for i in ids] for ids in lists(x)]


def test_frequent_words_come_first_and_rare_ones_not_at_all():
    x, words = encode(["b a a c", "a b d", "c"])
    assert frequent(x, words).words == ("a", "b", "c")
    assert frequent(x, words, most=1).words == ("a",)
    assert frequent(x, words, least=1).words == ("a", "b", "c", "d")
    assert frequent(x, words, least=4).words == ()


def test_a_vocabulary_table_leads_unknown_words_to_unknown():
    vocabulary = Vocabulary(("a", "b"))
    assert len(vocabulary) == 2 + SPECIALS
    assert vocabulary.table(["b", "new", "a"]).tolist() == [SPECIALS + 1, UNKNOWN, SPECIALS]
