"""What labels mean: the file's own names, stars where they are stars, sentiment where it is said, else classes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench.core.errors import DataError
from bench.data.labels import Meaning, listed, meaning_of
from bench.data.ratings import rating_of
from bench.data.spelling import classes_of

SENTIMENT = {"negative", "positive"}


def meaning(values: object, column: str = "label", **said: object) -> Meaning:
    counts = values if isinstance(values, Mapping) else dict.fromkeys(map(str, values), 20)  # type: ignore[call-overload]
    return meaning_of(classes_of(counts), column, "f.csv", **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(("values", "column"), [
    ([1, 2, 3, 4], "label"), ([1, 2, 3, 4], "Class Index"), ([1, 2, 3], "label"), ([1, 2, 3], "rating"),
    ([1, 2, 3, 4], "rating"), ([0, 1], "label"), ([0, 1], "spam"), ([0, 1], "subjective"), ([-1, 1], "y"),
    (["true", "false"], "label"), (["yes", "no"], "is_spam"), ([0, 1, 2], "sentiment"), ([1, 2], "label"),
    ([1, 2, 3, 4, 5], "topic"), ([1, 2, 3, 4, 5], "category"), ([0, 1, 2, 3, 4, 5], "stars"), ([0, 1], "rating"),
    ([0, 4], "target"), (["good", "great"], "label"), (["sport", "art"], "topic"), ([0, 1], "negative"),
    (["very negative", "negative", "positive"], "sentiment"), (range(1, 11), "rating"), (["1st", "2nd"], "label"),
    (["ham", "spam"], "v1"), ([0.5, 1.5], "label"), (["good", "bad", "other"], "label"), ([1, 5], "class")])
def test_what_is_neither_stars_nor_sentiment_stands_as_it_is(values: object, column: str):
    found = meaning(values, column)
    assert all(name == label for name, label in found.names.items())
    assert not found.left_out
    assert found.rule == "as they stand"


@pytest.mark.parametrize(("values", "column"), [
    (["pos", "neg"], "label"), (["Positive", "NEGATIVE"], "x"), (["good", "bad"], "label"), ([1, 0], "sentiment"),
    ([1, -1], "polarity"), (["yes", "no"], "Satisfied?"), ([1, 0], "Liked"), (["true", "false"], "positive"),
    ([1, 0], "airline_sentiment"), (["satisfied", "dissatisfied"], "label"), (["👍", "👎"], "label"),
    (["正面", "负面"], "label"), (["позитивный", "негативный"], "x"), (["+", "-"], "label"),
    (["Y", "N"], "recommended"), ([1, 0], "is_positive"), (["True", "0"], "sentiment")])
def test_words_and_columns_that_mean_sentiment_make_negative_and_positive(values: list[object], column: str):
    found = meaning(values, column)
    assert set(found.names.values()) == SENTIMENT
    assert {found.names[name] for name in found.names if name.lower() in ("0", "-1", "no", "n")} <= {"negative"}


def test_three_words_of_sentiment_keep_their_neutral():
    assert meaning(["pos", "neu", "neg"]).names == {"pos": "positive", "neu": "neutral", "neg": "negative"}
    assert meaning([-1, 0, 1], "sentiment").names == {"-1": "negative", "0": "neutral", "1": "positive"}
    assert meaning(["positive", "neutral", "negative"]).rule == "as they stand"


@pytest.mark.parametrize(("values", "column"), [
    ([1, 2, 3, 4, 5], "label"), ([1, 2, 3, 4, 5], "y"), ([1, 2, 4, 5], "stars"), ([1, 5], "Rating"),
    ([1.0, 2.0, 5.0], "score"), ([1, 2, 3, 4], "stars"), (["1 star", "2 stars", "5 stars"], "label"),
    (["★☆☆☆☆", "★★★★★"], "label"), (["1/5", "5/5"], "label"), (["1.0 out of 5 stars", "4.0 out of 5 stars"], "x"),
    ([1, 5], "reviews.rating"), ([1, 4, 5], "star_rating")])
def test_stars_are_cut_in_the_middle(values: list[object], column: str):
    found = meaning(values, column)
    for name, label in found.names.items():
        assert label == ("negative" if (rating_of(name) or 0) < 3 else "positive")
    assert set(found.names.values()) == SENTIMENT
    assert len(found.names) + len(found.left_out) == len(values)
    assert all(rating_of(name) == 3 for name in found.left_out)


@pytest.mark.parametrize(("text", "number"), [
    ("4", 4.0), ("4,5", 4.5), ("4.50", 4.5), ("3 stars", 3.0), ("1 Star", 1.0), ("4/5", 4.0), ("★★★", 3.0),
    ("⭐⭐", 2.0), ("4.0 out of 5 stars", 4.0), ("-2.5", -2.5), ("four", None), ("", None), ("4 apples", None),
    ("85 %", 85.0),
    ("Rated 4 out of 5 stars", 4.0),
    ("5 Sterne", 5.0), ("2 étoiles", 2.0), ("3星", 3.0), ("1,000", None), ("2023-01-01", None)])
def test_a_rating_is_read_in_the_ways_that_people_write_it(text: str, number: float | None):
    assert rating_of(text) == number


def test_decimal_ratings_are_told_apart_from_classes_and_how_to_cut_them():
    values = {f"{1 + i / 10:.1f}": 5 for i in range(41)}
    with pytest.raises(DataError, match=r"41 different numbers from 1 to 5: it looks like a rating.*-threshold 3 "):
        meaning(values, "rating")
    found = meaning(values, "rating", threshold=3.5)
    assert found.labels == ("negative", "positive")
    assert found.sizes({k: 1 for k in found.names}) == {"negative": 25, "positive": 15}
    assert found.left_out == {"3.5": "of 3.5"}
    assert meaning(["4,5", "1,5", "2,5"], "note", threshold=3).names == {
        "4,5": "positive", "1,5": "negative", "2,5": "negative"}


def test_a_threshold_beyond_all_numbers_is_refused():
    with pytest.raises(DataError, match=r"no numbers on both sides of it \(its numbers: 1 to 5"):
        meaning([1, 5], threshold=7)
    with pytest.raises(DataError, match="no numbers at all"):
        meaning(["a", "b"], threshold=7)


def test_labels_can_be_mapped_joined_and_left_out():
    assert meaning("abc", mapping={"a": "good", "b": "good"}).names == {"a": "good", "b": "good", "c": "c"}
    found = meaning(["positive", "neutral", "negative"], mapping={"neutral": ""})
    assert set(found.names.values()) == SENTIMENT
    assert found.left_out == {"neutral": "as --map-label says"}
    assert found.asked(None) == ("neutral",)
    assert meaning([1, 2, 3, 4, 5], "stars", mapping={"3": "neutral"}).names["3"] == "neutral"
    assert meaning([1, 2, 3, 4, 5], "stars", mapping={"3": "neutral"}).names["5"] == "positive"
    assert meaning(["positive", "negative", "unsure"], mapping={"unsure": ""}).labels == ("negative", "positive")
    assert meaning(["good", "bad", "unsure"], mapping={"unsure": ""}).labels == ("negative", "positive")
    assert meaning(["Ham", "spam"], mapping={"HAM": "x"}).names == {"Ham": "x", "spam": "spam"}
    with pytest.raises(DataError, match=r"has no label 'z'.*its labels: a 20, b 20"):
        meaning("ab", mapping={"z": "good"})
    with pytest.raises(DataError, match="says both"):
        meaning(["Ham", "spam"], mapping={"HAM": "x", "ham": "y"})


def test_dates_ids_and_too_many_classes_are_refused_in_words():
    with pytest.raises(DataError, match=r"'day' holds dates, such as 2023-01-0"):
        meaning([f"2023-01-0{i}" for i in range(1, 9)], "day")
    with pytest.raises(DataError, match=r"holds dates"):
        meaning(["1/2/2023", "3/4/2023"], named=True)
    with pytest.raises(DataError, match=r"has 1,300 different values, more than 100 classes \(name the right column"):
        meaning({f"n{i}": 1 for i in range(1_300)}, "id", named=True)
    with pytest.raises(DataError, match=r"150 different values, more than 100 classes \(if they are classes, say so"):
        meaning([f"intent of {i}" for i in range(150)], "intent")
    assert len(meaning([f"intent of {i}" for i in range(150)], "intent", named=True).names) == 150
    with pytest.raises(DataError, match=r"1,200 different values, more than 1,000 classes"):
        meaning([f"intent of {i}" for i in range(1_200)], "intent", named=True)
    with pytest.raises(DataError, match=r"if they are ratings, --rating-threshold 50 cuts them"):
        meaning(range(101), "score")


@pytest.mark.parametrize(("values", "column", "hint"), [
    ([0, 1], "label", "if they mean sentiment: --map-label 0=negative --map-label 1=positive"),
    (["yes", "no"], "x", "--map-label no=negative --map-label yes=positive"), ([0, 4], "target", "4=positive"),
    (range(1, 11), "rating", "if they are ratings: --rating-threshold 5.5"), (["a b", "c"], "x", "RAW=LABEL")])
def test_how_to_say_otherwise_is_told_with_the_words_to_type(values: object, column: str, hint: str):
    assert hint in meaning(values, column).hint


def test_classes_are_listed_with_their_rows():
    assert listed({"a": 1_200, "b": 3}) == "a 1,200, b 3"
    assert listed({str(i): 1 for i in range(20)}).endswith(", and 8 more")
