"""One's own file: columns guessed, labels understood, and errors that say what to give."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import toy

from bench.core.errors import BenchError, DataError
from bench.data.cards import parse_card
from bench.data.user_file import card_text, format_of, looks_like_file, task_from_file


def written(folder: Path, columns: dict[str, list[object]], name: str = "My Reviews.csv") -> Path:
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def labels(folder: Path, values: list[object], **options: object) -> dict[str, str]:
    path = written(folder, {"text": [f"t{i}" for i in range(len(values))], "label": values})
    return task_from_file(path, **options)[0].editions[0].routes[0].reading["labels"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "label"), [("text", "label"), ("Review", "Sentiment"), ("review_text", "stars"),
                                             ("comment", "y"), (" Body ", "CATEGORY")])
def test_columns_are_found_by_their_names(tmp_path: Path, text: str, label: str):
    path = written(tmp_path, {"id": [1, 2], text: ["good", "bad"], label: ["pos", "neg"]})
    task, told = task_from_file(path)
    reading = task.editions[0].routes[0].reading
    assert (reading["text"], reading["label"]) == (text, label)
    assert repr(text) in told
    assert repr(label) in told
    assert task.name == "my-reviews"
    assert task.labels == ("negative", "positive")


def test_a_named_column_wins_over_a_guess(tmp_path: Path):
    path = written(tmp_path, {"text": ["a", "b"], "title": ["c", "d"], "label": ["pos", "neg"], "topic": ["x", "y"]})
    reading = task_from_file(path, "title", "topic")[0].editions[0].routes[0].reading
    assert (reading["text"], reading["label"]) == ("title", "topic")


@pytest.mark.parametrize(("values", "rarest"), [
    (["pos"] * 30 + ["neg"] * 9, "negative is 23%"), (["pos"] * 30 + ["neg"] * 10, ""), (["a", "b", "c"] * 9, ""),
    (["a"] * 45 + ["b"] * 45 + ["c"] * 17, "c is 16%"),
    (["5"] * 9 + ["4"] * 9 + ["1"] * 2 + ["3"] * 50, "negative is 10%")])
def test_a_rare_class_makes_balanced_accuracy_lead_and_the_card_says_so(tmp_path: Path, values: list[object],
                                                                        rarest: str):
    task, told = task_from_file(written(tmp_path, {"text": [f"t{i}" for i in range(len(values))], "label": values}))
    assert task.imbalanced == bool(rarest)
    assert told.endswith(f"; {rarest} of them, so balanced accuracy leads") if rarest else "balanced" not in told
    assert parse_card(card_text(task, "mine", "0" * 64, len(values)), "mine.toml").imbalanced == task.imbalanced


def test_one_to_five_are_stars_and_three_is_left_out(tmp_path: Path):
    assert labels(tmp_path, [1, 2, 3, 4, 5]) == {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": [1.0, 2.0, 5.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = task_from_file(tmp_path / "a.parquet")[0].editions[0].routes[0].reading["labels"]
    assert found == {"1": "negative", "2": "negative", "5": "positive"}


@pytest.mark.parametrize(("one", "other"), [("pos", "neg"), (1, 0), ("Good", "BAD"), (True, False), ("+1", "-1"),
                                            ("yes", "no"), ("positive", "negative")])
def test_words_for_positive_and_negative_are_understood(tmp_path: Path, one: object, other: object):
    found = labels(tmp_path, [one, other, one])
    assert sorted(found.values()) == ["negative", "positive"]
    assert [v for k, v in found.items() if k.lower() == str(one).lower()] == ["positive"]


def test_other_labels_stand_as_they_are(tmp_path: Path):
    assert labels(tmp_path, ["sport", "politics", "art"]) == {n: n for n in ("sport", "politics", "art")}
    assert labels(tmp_path, ["good", "great"]) == {"good": "good", "great": "great"}
    assert labels(tmp_path, [1, 2]) == {"1": "1", "2": "2"}


def test_labels_can_be_mapped(tmp_path: Path):
    assert labels(tmp_path, ["a", "b", "c"], mapping={"a": "good", "b": "good"}) == {"a": "good", "b": "good", "c": "c"}
    with pytest.raises(DataError, match=r"has no label 'z'.*its labels: a, b"):
        labels(tmp_path, ["a", "b"], mapping={"z": "good"})


def test_a_split_column_with_both_halves_is_kept(tmp_path: Path):
    columns: dict[str, list[object]] = {"text": list("abcd"), "label": ["pos", "neg"] * 2}
    assert task_from_file(written(tmp_path, columns))[0].editions[0].test == "quarter"
    columns["split"] = ["train", "train", "test", "test"]
    assert task_from_file(written(tmp_path, columns))[0].editions[0].test == "official"


@pytest.mark.parametrize(("columns", "options", "said"), [
    ({"words": ["a", "b"], "label": [0, 1]}, {}, "has no text column that can be guessed .*words, label"),
    ({"text": ["a", "b"], "kind": [0, 1]}, {}, "has no label column that can be guessed .*--label-column"),
    ({"text": ["a", "b"], "label": [0, 1]}, {"text": "txt"}, "has no column 'txt' .*its columns: text, label"),
    ({"text": ["a", "b"], "label": [0, 1]}, {"label": "text"}, "cannot be both the text and the label column"),
    ({"text": ["a", "b"], "label": ["x", "x"]}, {}, "only the class 'x'"),
    ({"text": [f"t{i}" for i in range(120)], "label": list(range(120))}, {}, "120 different values.*--label-column"),
])
def test_what_cannot_be_understood_is_said(tmp_path: Path, columns: dict[str, list[object]], options: dict[str, str],
                                           said: str):
    with pytest.raises(DataError, match=said):
        task_from_file(written(tmp_path, columns), **options)


def test_what_is_no_data_file_is_said(tmp_path: Path):
    with pytest.raises(BenchError, match="no such file"):
        task_from_file(tmp_path / "none.csv")
    with pytest.raises(BenchError, match="is a folder"):
        task_from_file(tmp_path)
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(BenchError, match=r"no known kind .*CSV, TSV, JSONL, JSON, Parquet or Excel"):
        task_from_file(tmp_path / "a.docx")


def test_a_files_kind_is_known_by_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kinds = {"a.csv": "csv", "A.CSV": "csv", "a.tsv.gz": "tsv", "a.ndjson": "jsonl", "a.parquet": "parquet", "a": None}
    assert {name: format_of(Path(name)) for name in kinds} == kinds
    monkeypatch.chdir(tmp_path)
    assert looks_like_file("mine.csv")
    assert looks_like_file("folder/mine")
    assert not looks_like_file("amazon")
    (tmp_path / "amazon").write_text("")
    assert looks_like_file("amazon")


def test_every_format_gives_the_same_task(tmp_path: Path):
    frame = toy.rows(20)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    found = {task_from_file(path)[0].labels for path in tmp_path.glob("a.*")}
    assert found == {toy.LABELS}
