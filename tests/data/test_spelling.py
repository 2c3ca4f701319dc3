"""Spellings that are certainly one class are merged; those that only look alike are not."""

from __future__ import annotations

import pytest

from bench.data.spelling import classes_of, is_missing, look_alikes, members, same, tidy


@pytest.mark.parametrize(("cell", "label"), [
    (" positive ", "positive"), ('"positive"', "positive"), ("'positive'", "positive"), ("“positive”", "positive"),
    ("«très bien»", "très bien"), ("\u200bpositive\ufeff", "positive"), ("not\u00a0spam", "not spam"), ("1.0", "1"),
    ("-1.0", "-1"), ("+1", "1"), ("1,0", "1"), ("0.0", "0"), ("-0", "0"), ("1.5", "1.5"), ("01", "01"),
    ("fe\u0302te", "fête"), ("it's", "it's"), ("'", "'"), ("1,000", "1,000"), ("a\u200d", "a"), ('""x""', "x")])
def test_a_label_is_shown_without_what_is_not_part_of_it(cell: str, label: str):
    assert tidy(cell) == label
    assert tidy(tidy(cell)) == label


@pytest.mark.parametrize(("cell", "labels"), [
    ('["positive"]', ["positive"]), ("['positive']", ["positive"]), ('{"choices": ["Positive"]}', ["Positive"]),
    ('[{"choices": ["Positive"]}]', ["Positive"]), ('[["a"]]', ["a"]), ("[1]", ["1"]), ("[true]", ["true"]),
    ('["a", "b"]', ["a", "b"]), ('{"choices": ["a", "b"]}', ["a", "b"]), ('["a", "A "]', ["a", "A"]), ("[]", []),
    ("[null]", []), ('[""]', []), ("[unsure]", ["[unsure]"]), ("", []), (None, []), ("  ", []), ("nan", []),
    ("NULL", []), ("<NA>", []), ("\\N", []), ("none", ["none"]), ("N/A", []), ('""', []), ("\u200b", [])])
def test_a_cell_holds_none_one_or_several_labels(cell: str | None, labels: list[str]):
    assert list(members(cell)) == labels


def test_a_list_in_lists_a_thousand_deep_is_no_crash():
    assert len(members("[" * 900 + "]" * 900)) <= 1
    assert len(members("[" * 100_000 + "]" * 100_000)) <= 1


def test_missing_cells_are_those_that_programs_write_for_nothing():
    assert all(map(is_missing, (None, "", " \t", "NaN", "null", "\ufeff", "#N/A")))
    assert not any(map(is_missing, ("no", "0", "none", "nannan")))


def test_case_unicode_forms_quotes_and_numbers_are_one_class():
    found = classes_of({"Positive": 3, "positive": 5, "POSITIVE ": 1, '"positive"': 1, "f\u00eate": 2, "fe\u0302te": 1})
    assert dict(found.counts) == {"positive": 10, "fête": 3}
    assert set(found.merged["positive"]) == {"Positive", "positive", "POSITIVE ", '"positive"'}
    assert found.cells["POSITIVE "] == "positive"
    assert dict(classes_of({"1": 2, "1.0": 3, "0": 4}).counts) == {"1": 5, "0": 4}


@pytest.mark.parametrize(("cells", "counts"), [
    ({"true": 2, "false": 3, "1": 4}, {"1": 6, "0": 3}), ({"True": 2, "TRUE": 1, "false": 3}, {"True": 3, "false": 3}),
    ({"true": 1, "1": 1, "2": 1}, {"1": 1, "2": 1, "true": 1}), ({"1": 2, "0": 1}, {"1": 2, "0": 1}),
    ({"yes": 2, "y": 1}, {"yes": 2, "y": 1})])
def test_true_is_one_only_beside_zero_and_one(cells: dict[str, int], counts: dict[str, int]):
    assert dict(classes_of(cells).counts) == counts


def test_the_most_frequent_spelling_is_shown_and_lower_case_among_equals():
    assert list(classes_of({"SPORT": 3, "sport": 2}).counts) == ["SPORT"]
    assert list(classes_of({"SPORT": 2, "sport": 2}).counts) == ["sport"]


@pytest.mark.parametrize(("names", "pairs"), [
    (["refund", "refunds"], 1), (["e-mail", "email"], 1), (["not spam", "not_spam"], 1), (["billing", "biling"], 1),
    (["positive", "posetive"], 1), (["topic 1", "topic 2"], 0), (["v1", "v11"], 0), (["cat", "car"], 0),
    (["negative", "positive"], 0), (["1", "2"], 0), (["1", "-1"], 0), (["good", "bad"], 0), (["评论", "评价"], 0)])
def test_classes_that_differ_by_a_letter_are_suspected(names: list[str], pairs: int):
    assert len(look_alikes(names)) == pairs


def test_suspecting_takes_no_time_with_a_thousand_classes():
    assert look_alikes([f"intent number {i:04d} of them" for i in range(1_000)]) == []


def test_equal_labels_have_equal_keys():
    assert same("Straße") == same("STRASSE")
    assert same("É") == same("e\u0301")
    assert same("a b") == same(" A\u00a0 B")
