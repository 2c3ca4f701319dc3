"""One's own file: columns found, labels understood, and errors that say what to give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy

from bench.core.errors import BenchError, DataError
from bench.data.card_text import card_text
from bench.data.cards import parse_card
from bench.data.table_files import format_of, open_table
from bench.data.usable_rows import RowCount, usable_rows
from bench.data.user_file import Choices, UserFile, file_name, looks_like_file, task_from_file


def written(folder: Path, columns: dict[str, Any], name: str = "My Reviews.csv") -> Path:
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def texts(n: int) -> list[str]:
    return [f"a text with the number {i} in it" for i in range(n)]


def understood(folder: Path, values: list[object], column: str = "label", **said: object) -> UserFile:
    """A file in which every value stands twice."""
    path = written(folder, {"text": texts(2 * len(values)), column: values * 2})
    return task_from_file(path, Choices(**said))  # type: ignore[arg-type]


def labels(folder: Path, values: list[object], column: str = "label", **said: object) -> dict[str, str]:
    return dict(understood(folder, values, column, **said).task.editions[0].routes[0].reading["labels"])


def reading(user: UserFile) -> dict[str, Any]:
    return dict(user.task.editions[0].routes[0].reading)


@pytest.mark.parametrize(("text", "label"), [("text", "label"), ("Review", "Sentiment"), ("review_text", "stars"),
                                             ("comment", "y"), (" Body ", "CATEGORY"), ("Review text", "Liked"),
                                             ("tweet", "airline_sentiment"), ("reviews.text", "reviews.rating")])
def test_columns_are_found_by_their_names_and_told(tmp_path: Path, text: str, label: str):
    path = written(tmp_path, {"id": [1, 2, 3, 4], text: texts(4), label: ["pos", "neg"] * 2})
    user = task_from_file(path)
    assert (reading(user)["text"], reading(user)["label"]) == (text, label)
    assert user.notes[0].startswith(f"texts from {text!r}, labels from {label!r}: negative 2, positive 2 ")
    assert user.task.name == "my-reviews"
    assert user.task.labels == ("negative", "positive")


def test_a_named_column_wins_over_a_guess(tmp_path: Path):
    path = written(tmp_path, {"text": texts(4), "title": list("abcd"), "label": ["pos", "neg"] * 2,
                              "topic": ["x", "y"] * 2})
    user = task_from_file(path, Choices("title", "topic"))
    assert (reading(user)["text"], reading(user)["label"]) == ("title", "topic")


@pytest.mark.parametrize(("values", "rarest"), [
    (["pos"] * 30 + ["neg"] * 9, "negative is 23%"), (["pos"] * 30 + ["neg"] * 10, ""), (["a", "b", "c"] * 9, ""),
    (["a"] * 45 + ["b"] * 45 + ["c"] * 17, "c is 16%"),
    (["5"] * 9 + ["4"] * 9 + ["1"] + ["2"] + ["3"] * 50, "negative is 10%")])
def test_a_rare_class_makes_balanced_accuracy_lead_and_the_card_says_so(tmp_path: Path, values: list[object],
                                                                        rarest: str):
    user = task_from_file(written(tmp_path, {"text": texts(len(values)), "label": values}))
    told = user.notes[0]
    assert user.task.imbalanced == bool(rarest)
    assert told.endswith(f"; {rarest} of them, so balanced accuracy leads") if rarest else "balanced" not in told
    assert parse_card(card_text(user.task, "mine", "0" * 64, 9), "mine.toml").imbalanced == user.task.imbalanced


def test_five_stars_are_cut_in_the_middle_and_three_is_left_out(tmp_path: Path):
    assert labels(tmp_path, [1, 2, 3, 4, 5]) == {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}
    frame = pd.DataFrame({"text": texts(6), "stars": [1.0, 2.0, 5.0] * 2})
    frame.to_parquet(tmp_path / "a.parquet")
    found = reading(task_from_file(tmp_path / "a.parquet"))["labels"]
    assert found == {"1": "negative", "2": "negative", "5": "positive"}


@pytest.mark.parametrize(("one", "other"), [("pos", "neg"), (1, 0), ("Good", "BAD"), (True, False), ("+1", "-1"),
                                            ("yes", "no"), ("positive", "negative")])
def test_words_for_positive_and_negative_are_understood(tmp_path: Path, one: object, other: object):
    found = labels(tmp_path, [one, other, one], "sentiment")
    assert sorted(found.values()) == ["negative", "positive"]


def test_other_labels_stand_as_they_are(tmp_path: Path):
    assert labels(tmp_path, ["sport", "politics", "art"]) == {n: n for n in ("sport", "politics", "art")}
    assert labels(tmp_path, ["good", "great"]) == {"good": "good", "great": "great"}
    assert labels(tmp_path, [1, 2]) == {"1": "1", "2": "2"}
    assert labels(tmp_path, [0, 1]) == {"0": "0", "1": "1"}


def test_labels_can_be_mapped(tmp_path: Path):
    assert labels(tmp_path, ["a", "b", "c"], mapping={"a": "good", "b": "good"}) == {"a": "good", "b": "good", "c": "c"}
    assert labels(tmp_path, ["a", "b", "c"], mapping={"a": ""}) == {"b": "b", "c": "c"}
    with pytest.raises(DataError, match=r"has no label 'z'.*its labels: a 2, b 2"):
        labels(tmp_path, ["a", "b"], mapping={"z": "good"})


def test_numbers_can_be_cut_in_two(tmp_path: Path):
    values: list[object] = [1 + i / 10 for i in range(41)]
    with pytest.raises(DataError, match=r"looks like a rating.*--rating-threshold"):
        understood(tmp_path, values, "rating")
    user = understood(tmp_path, values, "rating", threshold=3.5)
    assert reading(user)["labels"] == {"below": "negative", "above": "positive"}
    assert reading(user)["threshold"] == 3.5
    assert "below 3.5 negative, above it positive" in user.notes[0]


def test_spellings_of_one_class_are_merged_and_told(tmp_path: Path):
    user = understood(tmp_path, ["Praise", "praise ", '"praise"', "blame", "f\u00eate", "fe\u0302te"])
    assert user.task.labels == ("blame", "fête", "praise")
    told = " | ".join(user.notes)
    assert "one class, 'praise', is written in 3 ways" in told
    assert r"'fe\u0302te'" in told


def test_a_class_of_several_labels_side_by_side_is_told(tmp_path: Path):
    notes = understood(tmp_path, ["billing", "delivery", "billing|delivery", "billing; returns"]).notes
    assert any("'billing|delivery' (2 rows) looks like several labels; --map-label 'billing|delivery=' leaves it out" in
               note for note in notes)
    assert not any("'billing; returns'" in note for note in notes[1:])


def test_classes_that_look_alike_are_told_and_not_merged(tmp_path: Path):
    path = written(tmp_path, {"text": texts(20), "label": ["refund"] * 9 + ["refunds"] * 3 + ["praise"] * 8})
    user = task_from_file(path)
    assert user.task.labels == ("praise", "refund", "refunds")
    assert any("'refund' (9 rows) and 'refunds' (3) look alike but are two classes; --map-label refunds=refund joins"
               in note for note in user.notes)
    joined = task_from_file(path, Choices(mapping={"refunds": "refund"}))
    assert joined.task.labels == ("praise", "refund")
    assert not any("alike" in note for note in joined.notes)


def test_a_class_of_one_row_is_left_out_and_told(tmp_path: Path):
    path = written(tmp_path, {"text": texts(9), "label": ["good"] * 4 + ["bad"] * 4 + ["unrated"]})
    user = task_from_file(path)
    assert user.task.labels == ("negative", "positive")
    assert "left out, for there is a single row of each: unrated 1" in user.notes


def test_a_split_column_is_used_whatever_its_case_and_told(tmp_path: Path):
    columns: dict[str, Any] = {"text": texts(8), "label": ["pos", "neg"] * 4}
    assert task_from_file(written(tmp_path, columns)).task.editions[0].test == "quarter"
    columns["Split"] = ["Train", "train", "TEST", "test", "validation", "dev", "train", "test"]
    user = task_from_file(written(tmp_path, columns))
    assert user.task.editions[0].test == "official"
    assert reading(user)["split_column"] == "Split"
    told = " | ".join(user.notes)
    assert "the test set is what 'Split' marks as such, 3 rows" in told
    assert "the 1 rows marked validation are trained on" in told


def test_a_split_column_that_marks_no_test_is_told_and_not_used(tmp_path: Path):
    path = written(tmp_path, {"text": texts(8), "label": ["pos", "neg"] * 4, "split": ["train", "dev"] * 4})
    user = task_from_file(path)
    assert user.task.editions[0].test == "quarter"
    assert "split_column" not in reading(user)
    assert any("'split' is not used" in note and "train 4, dev 4" in note for note in user.notes)


@pytest.mark.parametrize(("columns", "options", "said"), [
    ({"words": ["a", "b"], "label": [0, 1]}, {}, "has no text column that can be guessed .*words, label"),
    ({"text": texts(2), "kind": [0, 1]}, {}, "has no label column that can be guessed .*--label-column"),
    ({"text": texts(2), "label": [0, 1]}, {"text": "txt"}, "has no column 'txt' .*its columns: text, label"),
    ({"text": texts(2), "label": [0, 1]}, {"label": "text"}, "cannot be both the text and the label column"),
    ({"text": texts(2), "label": ["x", "x"]}, {}, "only the class 'x'"),
    ({"text": texts(2), "label": ["", ""]}, {}, "no label column|no row with a text and a label: 2 without a label"),
    ({"text": texts(4), "label": ["x", "x", "y", ""]}, {}, "holds one class, 'x', for there is a single row of 'y'"),
    ({"text": texts(120), "label": list(range(120))}, {}, "120 different values.*--rating-threshold"),
    ({"text": texts(120), "label": [f"n{i}" for i in range(120)]}, {}, "120 different values.*--label-column"),
    ({"text": texts(8), "label": [f"n{i}" for i in range(8)]}, {}, "8 classes of a single row each"),
    ({"text": texts(4), "sentiment": [0, 1] * 2, "topic": ["x", "y"] * 2}, {}, "2 columns that may hold the labels"),
])
def test_what_cannot_be_understood_is_said(tmp_path: Path, columns: dict[str, Any], options: dict[str, str], said: str):
    with pytest.raises(DataError, match=said):
        task_from_file(written(tmp_path, columns), Choices(**options))  # type: ignore[arg-type]


def test_what_is_no_data_file_is_said(tmp_path: Path):
    with pytest.raises(BenchError, match="no such file"):
        task_from_file(tmp_path / "none.csv")
    with pytest.raises(BenchError, match="is a folder"):
        task_from_file(tmp_path)
    (tmp_path / "rt.pos").write_text("a fine film, and long\na film\n")
    with pytest.raises(DataError, match=r"rt.pos .* a text in each line .*put its label before each line"):
        task_from_file(tmp_path / "rt.pos")


def test_a_files_kind_is_known_by_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kinds = {"a.csv": "csv", "A.CSV": "csv", "a.tsv.gz": "tsv", "a.ndjson": "jsonl", "a.parquet": "parquet", "a": None}
    assert {name: format_of(Path(name)) for name in kinds} == kinds
    monkeypatch.chdir(tmp_path)
    assert looks_like_file("mine.csv")
    assert looks_like_file("folder/mine")
    assert not looks_like_file("amazon")
    (tmp_path / "amazon").write_text("")
    assert looks_like_file("amazon")


@pytest.mark.parametrize(("file", "name"), [
    ("mine.csv", "mine"), ("reviews.2023.csv", "reviews-2023"), ("reviews.2024.csv.gz", "reviews-2024"),
    ("My Shop.CSV", "my-shop"), ("отзывы.csv", "отзывы"), ("评论.jsonl", "评论"), ("v1.0.parquet", "v1-0"),
    ("😀.csv", "file"), (".csv", "csv"), ("a.b", "a-b")])
def test_a_task_is_called_as_its_file(file: str, name: str):
    assert file_name(Path(file)) == name


def test_every_format_gives_the_same_task(tmp_path: Path):
    frame = toy.rows(20)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    found = {task_from_file(path).task.labels for path in tmp_path.glob("a.*")}
    assert found == {toy.LABELS}


def test_a_card_says_everything_that_was_understood(tmp_path: Path):
    path = written(tmp_path, {"text": texts(40), "Split": ["train", "train", "train", "test"] * 10,
                              "group": list("ab") * 20, "rating": [1 + (i % 20) / 5 for i in range(40)]})
    user = task_from_file(path, Choices(threshold=2.5))
    card = parse_card(card_text(user.task, "mine", "0" * 64, 40), "mine.toml")
    route = card.editions[0].routes[0]
    assert dict(route.reading) == reading(user)
    assert (route.reader, card.editions[0].test) == ("csv", "official")


@pytest.mark.parametrize("label", ['say "no"', "a\\b", "tab\there", "été", "\x7f", "{x}", "a=b"])
def test_a_card_holds_any_label(tmp_path: Path, label: str):
    user = task_from_file(written(tmp_path, {"text": texts(8), "label": [label, "other"] * 4}))
    card = parse_card(card_text(user.task, "mine", "0" * 64, 8), "mine.toml")
    assert card.labels == user.task.labels
    assert dict(card.editions[0].routes[0].reading) == reading(user)


def parquet(folder: Path, columns: dict[str, Any], features: dict[str, Any] | None = None) -> Path:
    table = pa.table(columns)
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, folder / "mine.parquet")
    return folder / "mine.parquet"


def test_names_that_a_file_stores_for_its_class_numbers_win_over_every_guess(tmp_path: Path):
    names = {"names": ["positive", "negative"], "_type": "ClassLabel"}
    path = parquet(tmp_path, {"text": texts(40), "label": [i % 2 for i in range(40)]}, {"label": names})
    assert reading(task_from_file(path))["labels"] == {"positive": "positive", "negative": "negative"}
    table = open_table(path)
    rows = list(usable_rows(table, {"text": "text", "label": "label"}, RowCount()))
    assert [row.label for row in rows[:2]] == ["positive", "negative"], "0 is positive in this file"


def test_columns_that_nest_stand_beside_the_texts(tmp_path: Path):
    user = task_from_file(parquet(tmp_path, {
        "text": texts(80), "label": ["pos", "neg"] * 40, "embedding": [[0.1, 0.2]] * 80, "meta": [{"a": 1}] * 80,
        "tokens": [["a", "b"]] * 80}))
    assert user.notes[0].startswith("texts from 'text', labels from 'label': negative 40, positive 40 ")


def test_two_columns_called_label_are_refused_from_every_format(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,label,label\n" + "".join(f"{text},pos,neg\n" for text in texts(8)))
    table = pa.Table.from_arrays([pa.array(texts(8)), pa.array(["a", "b"] * 4), pa.array(["c", "d"] * 4)],
                                 names=["text", "label", "label"])
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(DataError, match=r"two columns called 'label' \(rename one of them"):
            task_from_file(tmp_path / name)


def test_a_column_called_review_that_holds_ids_gives_way_to_the_texts(tmp_path: Path):
    path = written(tmp_path, {"review": [f"R{i:05}" for i in range(40)], "comment_text": texts(40),
                              "stars": [1 + i % 5 for i in range(40)]})
    assert reading(task_from_file(path))["text"] == "comment_text"


@pytest.mark.parametrize(("content", "words"), [
    ("text,label\n" + "a good film,pos\nthe bad film,neg\n" * 8 + "a film with no label\n", "line 18 has 1 cell"),
    ("text,label\na film\nof two lines,pos\nbad film,neg\n", "line 2 has 1 cell, the header 2")])
def test_a_row_that_is_not_as_the_others_is_named_by_its_line(tmp_path: Path, content: str, words: str):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=words):
        task_from_file(tmp_path / "a.csv")
