"""One's own file from the command line: the same flags everywhere, models that answer in its words, nothing unsaid."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
import toy
from commands import refused
from conftest import Bench

MOODS = {"negative": "dissatisfied", "positive": "satisfied"}
FLAGS = ("--text-column", "--label-column", "--map-label", "--rating-threshold", "--strict")


def survey(path: str = "survey.csv", n: int = 200) -> pd.DataFrame:
    """A file whose columns cannot be guessed, with labels that are the file's own words."""
    frame = toy.rows(n, seed=9)
    frame = pd.DataFrame({"id": [f"q{i}" for i in range(n)], "what they said": frame["text"],
                          "more": frame["text"].str[::-1], "mood": frame["label"].map(MOODS)})
    frame.to_csv(path, index=False)
    return frame


NAMED = ("--text-column", "what they said", "--label-column", "mood")
SUITE = ("--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline")


def fit(*more: str, target: str = "survey.csv", out: str = "model") -> list[str]:
    return ["fit", "--target", target, "--baseline", "tfidf", "--out", out, "--device", "cpu", *SUITE, *more]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("command", ["run", "fit", "map", "distance", "task new", "task check",
                                     "data pull", "data audit", "data export"])
def test_every_command_that_takes_a_file_has_the_same_flags(bench_: Bench, command: str):
    shown = bench_(*command.split(), "--help").stdout
    assert all(flag in shown for flag in FLAGS)


def test_every_command_reads_a_file_with_the_same_flags(bench_: Bench, workshop: Path):
    survey()
    for command in (["task", "check", "survey.csv", *SUITE], ["task", "new", "survey.csv"],
                    ["run", "--target", "survey.csv", "--baseline", "tfidf", "--budgets", "16", "--seeds", "1", *SUITE],
                    fit()):
        refused(bench_(*command), "survey.csv has no text column that can be guessed", "--text-column")
        done = bench_(*command, *NAMED)
        assert done.exit_code == 0, done.output
        assert "survey.csv: texts from 'what they said', labels from 'mood': negative 100, positive 100" in done.stderr
        assert done.stderr.count("survey.csv: all 200 rows used") == 1


def test_a_card_is_printed_after_one_line_of_columns_and_one_of_rows(bench_: Bench, workshop: Path):
    toy.rows(60).to_csv("mine.csv", index=False)
    done = bench_("task", "new", "mine.csv")
    assert [line.partition(": ")[2][:20] for line in done.stderr.splitlines()] == [
        "texts from 'text', l",
        "all 60 rows used",
    ]
    assert done.stdout.startswith('name = "mine"\n')


def test_a_model_knows_its_columns_and_answers_in_the_files_own_words(bench_: Bench, workshop: Path):
    frame = survey()
    done = bench_(*fit(*NAMED))
    assert done.exit_code == 0, done.output
    card = json.loads(Path("model/card.json").read_text())
    assert card["labels"] == ["dissatisfied", "satisfied"]
    assert card["classes"] == ["negative", "positive"]
    assert card["columns"] == {"text": "what they said", "label": "mood"}
    answered = bench_("predict", "model", "--file", "survey.csv")
    assert answered.exit_code == 0, answered.output
    assert "texts from the column 'what they said'" in answered.stderr
    found = rows(answered.stdout)
    assert [row["text"] for row in found] == frame["what they said"].tolist()
    assert sum(row["label"] == mood for row, mood in zip(found, frame["mood"], strict=True)) > 180
    assert set(found[0]) == {"text", "label", "p_dissatisfied", "p_satisfied"}


def test_names_that_the_user_gave_and_stars_stay_as_they_are(bench_: Bench, workshop: Path):
    survey()
    renamed = ("--map-label", "satisfied=happy customer", "--map-label", "dissatisfied=negative")
    assert bench_(*fit(*NAMED, *renamed)).exit_code == 0
    assert json.loads(Path("model/card.json").read_text())["labels"] == ["happy customer", "dissatisfied"]
    frame = toy.rows(200, seed=9)
    frame["stars"] = [(1 if i % 4 else 2) if label == "negative" else 5 for i, label in enumerate(frame.pop("label"))]
    frame.to_csv("stars.csv", index=False)
    assert bench_(*fit(target="stars.csv", out="starred")).exit_code == 0
    assert json.loads(Path("starred/card.json").read_text())["labels"] == ["negative", "positive"]


def test_columns_of_the_input_are_copied_to_the_output(bench_: Bench, workshop: Path):
    frame = survey()
    assert bench_(*fit(*NAMED)).exit_code == 0
    frame.loc[3, "id"] = 'a "b", c'
    frame.assign(label=[1.5] * len(frame)).to_csv("new.csv", index=False)
    kept = ["predict", "model", "--file", "new.csv", "--keep", "id", "--keep", "label"]
    found = rows(bench_(*kept).stdout)
    assert list(found[0]) == ["id", "input_label", "text", "label", "p_dissatisfied", "p_satisfied"]
    assert [row["id"] for row in found] == frame["id"].tolist()
    assert {row["input_label"] for row in found} == {"1.5"}
    lines = [json.loads(line) for line in bench_(*kept, "--format", "jsonl").stdout.splitlines()]
    assert [line["id"] for line in lines] == frame["id"].tolist()
    assert lines[0]["text"] == frame["what they said"][0]
    refused(bench_("predict", "model", "--file", "new.csv", "--keep", "ids"), "no column 'ids'", "--keep")
    refused(bench_("predict", "model", "zala", "--keep", "id"), "--keep 'id' has nothing to copy")
    refused(bench_(*kept, "--format", "table"), "--keep with --format table")


def test_a_file_without_the_models_column_is_guessed_anew_and_told(bench_: Bench, workshop: Path):
    survey()
    assert bench_(*fit(*NAMED)).exit_code == 0
    toy.rows(8).rename(columns={"text": "Review"}).to_csv("other.csv", index=False)
    done = bench_("predict", "model", "--file", "other.csv")
    assert done.exit_code == 0, done.output
    assert "texts from the column 'Review'" in done.stderr


def test_a_model_of_all_labels_says_that_no_score_is_known(bench_: Bench, workshop: Path):
    survey()
    done = bench_(*fit(*NAMED, "--all-labels"))
    assert done.exit_code == 0, done.output
    assert "every one of 200 labels: no test set was kept, so no score is known" in done.stdout
    assert "accuracy" not in done.stdout
    assert "200 different ones training, none test" in done.stderr
    card = json.loads(Path("model/card.json").read_text())
    assert (card["n_train"], card["n_test"], card["accuracy"], card["auc"]) == (200, 0, None, None)
    assert rows(bench_("predict", "model", "--file", "survey.csv").stdout)[0]["label"] in MOODS.values()
    refused(bench_(*fit(*NAMED, "--all-labels", "--budget", "32", out="other")), "--all-labels with --budget 32")


def test_strict_refuses_a_file_with_a_row_that_cannot_be_used(bench_: Bench, workshop: Path):
    frame = toy.rows(60)
    frame.loc[5, "label"] = ""
    frame.to_csv("mine.csv", index=False)
    assert "59 of 60 rows used: 1 without a label" in bench_("task", "new", "mine.csv").stderr
    refused(bench_("task", "new", "mine.csv", "--strict"), "--strict: 1 of 60 rows", "1 without a label", "line 7")


def test_ratings_are_cut_where_the_user_says(bench_: Bench, workshop: Path):
    frame = toy.rows(200)
    frame["rating"] = [
        (1.1 if label == "negative" else 4.1) + (i % 30) / 40 for i, label in enumerate(frame.pop("label"))
    ]
    frame.to_csv("rated.csv", index=False)
    refused(bench_("task", "new", "rated.csv"), "looks like a rating", "--rating-threshold 2.96")
    done = bench_("task", "new", "rated.csv", "--rating-threshold", "3")
    assert "negative 100, positive 100 (below 3 negative, above it positive)" in done.stderr
    assert "threshold = 3.0" in done.stdout


def test_more_classes_than_a_byte_holds_make_a_leaderboard(bench_: Bench, workshop: Path):
    texts = [
        f"{toy.FILLER[i % 20]} word{i % 300} {toy.FILLER[i % 7]} word{i % 300} n{i} m{i * 7}" for i in range(1_500)
    ]
    intents = [f"ask {i % 300:03d} now" for i in range(1_500)]
    pd.DataFrame({"text": texts, "intent": intents}).to_csv("many.csv", index=False)
    refused(bench_("task", "new", "many.csv"), "300 different values", "--label-column intent")
    done = bench_("run", "--target", "many.csv", "--label-column", "intent", "--baseline", "tfidf", "--baseline",
                  "majority", "--budgets", "full", "--seeds", "1", *SUITE)
    assert done.exit_code == 0, done.output
    assert "tfidf" in done.stdout


def test_files_of_one_stem_have_boards_of_their_own(bench_: Bench, workshop: Path):
    for name in ("reviews.2023.csv", "reviews.2024.csv", "отзывы.csv"):
        toy.rows(120, seed=len(name) + int(name[8:12]) if name[0] == "r" else 3).to_csv(name, index=False)
        done = bench_("run", "--target", name, "--baseline", "tfidf", "--budgets", "16", "--seeds", "1", *SUITE,
                      "--results-dir", "results")
        assert done.exit_code == 0, done.output
    shown = bench_("leaderboard", "--results-dir", "results", "--format", "csv").stdout
    assert {row["target"] for row in rows(shown)} == {"reviews-2023@file", "reviews-2024@file", "отзывы@file"}
