"""The columns of texts and labels: by names from life, by what stands in them, and refused where two are as good."""

from __future__ import annotations

import pytest

from bench.core.errors import DataError
from bench.data.columns import Column, label_column, last_part, named_column, plain_name, text_column, word_count

TEXTS = [f"the soup of table {i} was {mood} tonight" for i, mood in enumerate(["cold", "fine", "hot", "thin"] * 10)]
IDS = [f"R{1000 + i}" for i in range(40)]
CLASSES = ["a", "b"] * 20


def column(name: str, cells: list[str] | None = None) -> Column:
    return Column(name, TEXTS if cells is None else cells)


@pytest.mark.parametrize("name", ["text", "Review text", "reviews.text", "review_body", "tweet", "comment",
                                  "comment_text", "content", "body", "message", "Review", " Body ", "reviewText",
                                  "Tweet Content", "SMS", "utterance", "text_content", "data.text", "Message Body",
                                  "отзыв", "评论", "Kommentar", "ORIGINALTWEET", "Reseña", "clean-text"])
def test_texts_are_found_by_names_from_life(name: str):
    columns = [column("id", IDS), column("colour", CLASSES), column(name), column("label", CLASSES)]
    assert text_column(columns, "label", "f.csv") == name


@pytest.mark.parametrize("name", ["label", "sentiment", "airline_sentiment", "rating", "stars", "class", "category",
                                  "intent", "topic", "Satisfied?", "Liked", "Class Index", "star_rating", "Label ",
                                  "reviews.rating", "gold_label", "y", "score", "target", "Kategorie", "метка", "标签",
                                  "Review.Score", "emotion", "overall", "Catégorie", "overallRating"])
def test_labels_are_found_by_names_from_life(name: str):
    columns = [column("id", IDS), column("text"), column("colour", CLASSES), column(name, CLASSES)]
    assert label_column(columns, "text", "f.csv") == name


def test_names_are_compared_without_case_blanks_dots_and_marks():
    assert plain_name("Review text") == plain_name("reviews.text".replace("s.", "_")) == plain_name("reviewText")
    assert [last_part(n) for n in ("reviews.text", "airlineSentiment", "text", "Satisfied?")] == [
        "text", "sentiment", "", ""]


def test_ids_called_review_are_not_the_texts():
    assert text_column([column("review", IDS), column("comment_text")], "stars", "f.csv") == "comment_text"
    assert text_column([column("text", IDS), column("title")], "stars", "f.csv") == "title"


@pytest.mark.parametrize("cells", [IDS, ["x"] * 40, [str(i) for i in range(40)], [f"order {i}" for i in range(40)],
                                   [f"2023-01-{i % 28:02d} 10:{i}" for i in range(40)], [""] * 40, ["nan"] * 40])
def test_a_column_of_single_words_or_ids_is_refused_and_the_candidates_are_named(cells: list[str]):
    with pytest.raises(DataError, match=r"has no text column: 'text' holds .*--text-column") as caught:
        text_column([column("text", cells), column("notes on it", CLASSES)], None, "f.csv")
    assert "notes on it" in str(caught.value)


@pytest.mark.parametrize("cells", [["很好吃，下次还来"] * 20 + ["太慢了"] * 20, ["👍👍", "😡😡😡"] * 20,
                                   ["อร่อยมาก", "ช้ามาก"] * 20])
def test_scripts_without_blanks_and_emoji_are_texts(cells: list[str]):
    assert text_column([column("text", cells)], "label", "f.csv") == "text"


def test_words_are_counted_about_right():
    counts = {"one two": 2, "R1000": 1, "": 0, "很好吃了": 2, "👍👍": 2, "!!": 0, "don't go": 2}
    assert {text: word_count(text) for text in counts} == counts


@pytest.mark.parametrize("names", [("sentiment", "category"), ("stars", "sentiment"), ("Topic", "intent"),
                                   ("label", "Label"), ("airline_sentiment", "user_sentiment")])
def test_two_equally_good_label_columns_are_refused(names: tuple[str, str]):
    with pytest.raises(DataError, match=r"2 columns that may hold the labels: .*say which: --label-column"):
        label_column([column("text"), *(column(n, CLASSES) for n in names)], "text", "f.csv")


def test_two_equally_good_text_columns_are_refused():
    with pytest.raises(DataError, match=r"2 columns that may hold the texts: .*say which: --text-column review"):
        text_column([column("review"), column("comment"), column("label", CLASSES)], "label", "f.csv")


@pytest.mark.parametrize(("better", "worse"), [("label", "category"), ("label", "score"), ("stars", "product_category"),
                                               ("sentiment", "airline_sentiment_confidence"), ("rating", "score")])
def test_the_better_name_wins(better: str, worse: str):
    assert label_column([column("text"), column(worse, CLASSES), column(better, CLASSES)], "text", "f.csv") == better


@pytest.mark.parametrize(("better", "worse"), [("text", "title"), ("body", "subject"), ("description", "title"),
                                               ("reviews.text", "reviews.title"), ("content", "replyContent")])
def test_the_better_text_wins(better: str, worse: str):
    assert text_column([column(worse), column(better)], "label", "f.csv") == better


def test_an_empty_or_constant_label_column_does_not_stand_in_the_way():
    empty, constant = column("sentiment", [""] * 40), column("type", ["tweet"] * 40)
    assert label_column([column("text"), empty, constant, column("category", CLASSES)], "text", "f.csv") == "category"


def test_a_column_of_ids_gives_way_to_one_of_classes():
    ids = column("label", [f"c{i}" for i in range(300)])
    assert label_column([column("text"), ids, column("category", CLASSES)], "text", "f.csv") == "category"
    assert label_column([column("text"), ids], "text", "f.csv") == "label"


def test_the_rows_that_a_label_is_judged_by_are_all_of_them():
    first = Column("label", ["a"] * 40)
    assert label_column([column("text"), first, column("kind", CLASSES)], "text", "f.csv",
                        whole=lambda names: [Column(n, CLASSES) for n in names]) == "label"


def test_the_only_column_of_texts_beside_the_label_is_taken():
    assert text_column([column("v1", CLASSES), column("what they wrote")], "v1", "f.csv") == "what they wrote"
    with pytest.raises(DataError, match="no text column that can be guessed"):
        text_column([column("v1", CLASSES), column("first"), column("second")], "v1", "f.csv")


def test_what_cannot_be_guessed_is_told_with_the_flag_to_type():
    with pytest.raises(DataError, match=r"'tone' holds a, b; name .* --label-column 'how it sounds'"):
        label_column([column("tweet"), column("how it sounds", CLASSES), column("tone", CLASSES)], "tweet", "f.csv")
    with pytest.raises(DataError, match="has no header line"):
        label_column([column("ham", CLASSES)], None, "f.csv", "the file has no header line")


def test_a_named_column_is_found_whatever_its_case_and_a_wrong_one_is_said():
    assert named_column("Text", ["Text", "text"], "f.csv", "--text-column") == "Text"
    assert named_column("review text", ["Review_Text", "label"], "f.csv", "--text-column") == "Review_Text"
    for name in ("txt", "", "te xt"):  # the last could be both
        with pytest.raises(DataError, match=r"has no column .*its columns: text, Te Xt"):
            named_column(name, ["text", "Te Xt"], "f.csv", "--text-column")
