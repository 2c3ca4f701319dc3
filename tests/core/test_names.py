"""Names of tasks and editions: letters of every script, safe as file names, different for different files."""

from __future__ import annotations

import unicodedata

import pytest

from bench.core.names import TaskRef, is_name, name_of


@pytest.mark.parametrize(("text", "task", "edition"), [
    ("amazon", "amazon", ""), ("amazon@blitzer-2007", "amazon", "blitzer-2007"), ("my-file@own", "my-file", "own")])
def test_a_task_name_is_parsed_and_written_back(text: str, task: str, edition: str):
    assert TaskRef.parse(text) == TaskRef(task, edition)
    assert str(TaskRef.parse(text)) == text


def test_an_edition_left_open_after_the_sign_stands_for_any():
    assert TaskRef.parse("amazon@") == TaskRef("amazon")


@pytest.mark.parametrize("name", ["amazon", "blitzer-2007", "a", "0", "x" * 64, "a.b_c-d", "отзывы", "评论",
                                  "समीक्षा", "مراجعات", "ความคิดเห็น", "größe"])
def test_letters_of_every_script_make_a_name(name: str):
    assert is_name(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize("name", ["", "Amazon", ".hidden", "-a", "_a", "a/b", "a\\b", "..", "a b", "a\0", "x" * 65,
                                  "ОТЗЫВЫ", "a\u202eb", "a\u200bb", "e\u0301", "评" * 65, "a:b", "a*", "\ud800",
                                  "😀", "𐀀" * 60])
def test_what_could_not_be_a_file_name_everywhere_is_none(name: str):
    assert not is_name(name)


@pytest.mark.parametrize(("text", "name"), [
    ("My Reviews", "my-reviews"), ("reviews.2023", "reviews-2023"), ("a__b  c", "a-b-c"),
    ("Отзывы 2024", "отзывы-2024"), ("评论（第一批）", "评论-第一批"), ("समीक्षा", "समीक्षा"), ("e\u0301te\u0301", "été"),
    ("--x--", "x"), ("😀", ""), ("", ""), ("❤️ love", "love")])
def test_a_files_name_becomes_the_nearest_name(text: str, name: str):
    assert name_of(text) == name
    assert not name or is_name(name)


def test_long_names_that_differ_at_their_ends_stay_different():
    long = "export of all the reviews of the shop of the year "
    first, second = name_of(f"{long}2023"), name_of(f"{long}2024")
    assert first != second
    assert len(first) <= 48
    assert is_name(first)
    assert is_name(name_of("评论" * 200))
    assert is_name(name_of("𐐨" * 300))
