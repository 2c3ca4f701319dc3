"""Tokens in every script, and which texts are copies of one another."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.text import clean
from bench.data.tokens import ANY_TOKEN, PLAIN, PLAIN_TOKEN, _folded, identity, tokens

ASCII = st.text(st.characters(max_codepoint=127, exclude_characters="\\"))
EMOJI = st.characters(min_codepoint=0x1F300, max_codepoint=0x1F9FF)
SCRIPTS = st.text(st.one_of(st.characters(max_codepoint=0x2FFF), EMOJI, st.sampled_from(
    "don't ’ 很好 👍🏿 \u200d\ufe0f\u0301\u094d\u20e3 ! ? é 한국 द ن ِ")))


@given(ASCII)
def test_english_has_the_tokens_that_it_always_had(text: str):
    assert tokens(text) == re.findall(r"[^\W_]+(?:'[^\W\d_]+)?|[!?]", text.lower())


@given(SCRIPTS)
def test_no_token_is_empty_or_holds_a_blank_and_all_stand_in_the_text(text: str):
    found = tokens(clean(text))
    assert all(token and not re.search(r"\s", token) for token in found)
    assert tokens(" ".join(found)) == found


@given(SCRIPTS)
def test_a_long_text_is_cut_as_one_even_where_parts_of_it_take_the_fast_way(text: str):
    assert tokens(text) == ANY_TOKEN.findall(_folded(text))


def test_the_characters_of_the_fast_way_are_no_marks_and_are_cut_alike():
    plain = "".join(re.findall(f"[{PLAIN}]", "".join(map(chr, range(0x10000)))))
    assert not [c for c in plain if unicodedata.category(c)[0] == "M"]
    assert [c for c in plain if PLAIN_TOKEN.findall(c) != ANY_TOKEN.findall(c)] == []


@pytest.mark.parametrize(("text", "expected"), [
    ("दिन दान", ["दिन", "दान"]),
    ("রাত্রি ভালো", ["রাত্রি", "ভালো"]),
    ("தமிழ் உணவு", ["தமிழ்", "உணவு"]),
    ("كِتَابٌ جَمِيلٌ", ["كِتَابٌ", "جَمِيلٌ"]),
    ("שָׁלוֹם צ׳יפס צ'יפס", ["שָׁלוֹם", "צ'יפס", "צ'יפס"]),
    ("می‌خواهم", ["می\u200cخواهم"]),
    ("ශ්‍රී", ["ශ්\u200dරී"]),
    ("র‍্যাম", ["র\u200d্যাম"]),
    ("cafe\u0301 Auf\u200clage wonder\u00adful İstanbul", ["café", "auflage", "wonderful", "istanbul"]),
    ("สวัสดี น้ำ", ["ส", "วั", "ส", "ดี", "น้ำ"]),
    ("ភាសាខ្មែរ", ["ភា", "សា", "ខ្មែ", "រ"]),
    ("ကုမ္ပဏီ", ["ကု", "မ္ပ", "ဏီ"]),
    ("很好！iPhone手机3个", ["很", "好", "!", "iphone", "手", "机", "3", "个"]),
    ("ラーメン ｶﾞ", ["ラ", "ー", "メ", "ン", "ガ"]),
    ("한국어 텍스트는", ["한국어", "텍스트는"]),
    ("ＡＢＣ", ["abc"]),
])
def test_words_keep_their_marks_and_scripts_without_blanks_are_cut_into_characters(text: str, expected: list[str]):
    assert tokens(clean(text)) == expected


@pytest.mark.parametrize("apostrophe", "'’‘ʼ＇´′ʻ")
def test_every_apostrophe_inside_a_word_is_the_same(apostrophe: str):
    assert tokens(clean(f"I can{apostrophe}t say")) == ["i", "can't", "say"]
    assert identity(clean(f"I can{apostrophe}t say")) == identity("I can't say")


@pytest.mark.parametrize(("text", "expected"), [
    ("great 👍", ["great", "👍"]),
    ("great👎🏿!", ["great", "👎", "!"]),
    ("👨‍👩‍👧👍🏻👍", ["👨\u200d👩\u200d👧", "👍", "👍"]),
    ("🇩🇪🇫🇷 1️⃣ #️⃣", ["🇩🇪", "🇫🇷", "1\u20e3", "#\u20e3"]),
    ("❤️ ❤ ☺️ ★☆", ["❤", "❤", "☺", "★", "☆"]),
    ("©2024 Acme™ • → ▪", ["2024", "acme"]),
])
def test_emoji_are_tokens_whatever_their_colour_and_variant(text: str, expected: list[str]):
    assert tokens(clean(text)) == expected


@pytest.mark.parametrize(("text", "expected"), [
    (r"Great hotel.\nThe room\r\n\r\nwas small", ["great", "hotel", "the", "room", "was", "small"]),
    (r"a\\r\\nb", ["a", "b"]),
    (r"he said \"no\" and can\'t", ["he", "said", "no", "and", "can't"]),
    (r"can\u2019t \ud83d\ude00 caf\u00e9", ["can't", "😀", "café"]),
    (r"in C:\new\reports of 'D:\temp'", ["in", "c", "new", "reports", "of", "d", "temp"]),
    (r"\d83d \ude00", ["d83d"]),
])
def test_what_an_export_escaped_is_what_it_was_but_paths_stay(text: str, expected: list[str]):
    assert tokens(clean(text)) == expected


@pytest.mark.parametrize(("one", "other"), [
    ("great 👍", "great 👎"), ("great :)", "great :("), ("great :-D", "great :-P"), ("it costs $5", "it costs €5"),
    ("C++", "C#"), ("...", "---"), ("?!", "!"), ("★★★★☆", "★★★☆☆"), ("दिन", "दान"), ("спасибо)))", "спасибо((("),
    ("rated 3.5", "rated 35"), ("are you there?", "are you there"), ("I <3 it", "I </3 it"), ("50%", "50"),
])
def test_texts_that_mean_different_things_are_no_copies(one: str, other: str):
    assert identity(clean(one)) != identity(clean(other))


@pytest.mark.parametrize(("one", "other"), [
    ("Good, really", "good really."), ("good  —really…", "GOOD «really»"), ("很好，谢谢", "很 好 谢谢。"),
    ("great👍🏿", "great 👍"), ("❤️", "❤"), ("Straße", "STRASSE"), ("caf\u00e9", "CAFE\u0301"), ("don’t", "don't"),
    (r"a good\nhotel", "a good hotel"), ("wow! great", "wow!great"), ("5 €", "5€"),
])
def test_texts_are_copies_up_to_case_blanks_and_ordinary_punctuation(one: str, other: str):
    assert identity(clean(one)) == identity(clean(other))


@given(SCRIPTS, st.sampled_from(",.;—«»… "))
def test_identity_knows_no_case_no_form_no_blanks_at_the_ends_and_no_punctuation(text: str, mark: str):
    same = identity(clean(text))
    assert identity(clean(unicodedata.normalize("NFD", text))) == same
    if tokens(clean(text)):
        assert identity(clean(f" {text} {mark}")) == same


@given(st.text("abcde !?'.,:()$#+-_<3"))
def test_copies_have_the_same_tokens_but_for_apostrophes(text: str):
    other = re.sub("[.,_]", " ", text).upper()
    if identity(clean(other)) == identity(clean(text)):
        assert tokens(other.replace("'", " ")) == tokens(text.replace("'", " "))
