"""A user's file loaded: every row is used or accounted for, and classes can be learned and tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.core.errors import BenchError, DataError
from bench.data.card_text import card_text
from bench.protocol.domain import Domain
from bench.runs import inputs
from bench.runs.options import Options

MOODS = ("the soup was cold and the staff rude", "a kind welcome and a warm room")


def rows(n: int, **more: Any) -> dict[str, list[Any]]:
    """`n` texts, in turns bad and good, no two nearly alike."""
    rng = np.random.default_rng(n)
    texts = [f"{MOODS[i % 2]} {' '.join(f'w{k}' for k in rng.integers(0, 10**6, 12))}" for i in range(n)]
    return {"text": texts, "label": ["bad", "good"] * (n // 2) + ["bad"] * (n % 2), **more}


def load(folder: Path, columns: dict[str, Any] | list[dict[str, Any]], name: str = "mine.csv",
         **options: Any) -> tuple[Domain, list[str]]:
    path = folder / name
    if isinstance(columns, list):
        path = path.with_suffix(".jsonl")
        path.write_text("\n".join(json.dumps(row) for row in columns))
    else:
        pd.DataFrame(columns).to_csv(path, index=False)
    return loaded(path, folder, **options)


def loaded(path: Path, cache: Path, **options: Any) -> tuple[Domain, list[str]]:
    said: list[str] = []
    given = Options(cache_dir=cache / "cache", **options)
    domain = inputs.load(str(path), given, inputs.access_for(given, said.append, progress=False), said.append)
    return domain, said


def test_all_rows_used_is_told_in_one_line(tmp_path: Path):
    domain, said = load(tmp_path, rows(80))
    assert said[-1] == "mine.csv: all 80 rows used"
    assert said[0].startswith("mine.csv: texts from 'text', labels from 'label': negative 40, positive 40 ")
    assert len(said) == 2
    assert len(domain.data.y) == 80


def test_rows_that_cannot_be_used_are_counted_by_what_they_lack(tmp_path: Path):
    table = rows(80)
    for i in (0, 2, 4):
        table["label"][i] = ""
    table["text"][1], table["text"][3], table["text"][5] = "", " \t ", "<br /> &nbsp;"
    table["text"][7], table["label"][7] = "text", "label"
    table["text"][9] = table["text"][11]
    table["label"][13] = '["good", "bad"]'
    table["label"][15] = "unrated"
    _, said = load(tmp_path, table)
    assert said[-1] == ("mine.csv: 70 of 80 rows used: 3 without a label, 3 without a text, 1 of a repeated header, "
                        "1 with several labels, 1 labelled 'unrated', 1 copy")


def test_the_count_is_told_again_when_the_file_comes_from_the_cache(tmp_path: Path):
    table = rows(40)
    table["label"][3] = ""
    first, second = load(tmp_path, table)[1], load(tmp_path, table)[1]
    assert first == second


def test_one_empty_text_or_null_never_stops_a_run(tmp_path: Path):
    lines: list[dict[str, Any]] = [{"text": t, "label": label} for t, label in zip(*rows(60).values(), strict=True)]
    lines[4]["text"] = None
    lines[6]["text"] = ""
    del lines[8]["label"]
    lines[10]["label"] = None
    _, said = load(tmp_path, lines)
    lines[12]["label"], lines[14]["label"], lines[16]["text"] = "NaN", "N/A", "null"
    lines[18]["label"] = "None"  # could be a class
    lines[20]["label"] = "none"
    assert said[-1] == "mine.jsonl: 56 of 60 rows used: 2 without a text, 2 without a label"
    domain, said = load(tmp_path, lines)
    assert domain.data.labels == ("bad", "good", "none")
    assert said[-1] == ("mine.jsonl: 53 of 60 rows used: 2 without a text, 2 without a label, 1 whose label is 'NaN', "
                        "1 whose label is 'N/A', 1 whose text is 'null'")


def test_strict_refuses_instead_of_leaving_out(tmp_path: Path):
    table = rows(60)
    table["label"][7] = ""
    with pytest.raises(DataError, match=r"--strict: 1 of 60 rows .*: 1 without a label \(the first is line 9"):
        load(tmp_path, table, strict=True)
    table["label"][7] = "neutral"
    table["label"][9] = "neutral"
    assert load(tmp_path, table, strict=True, map_label=("neutral=",))[0].data.labels == ("negative", "positive")
    assert load(tmp_path, rows(60), strict=True)[0].data.labels == ("negative", "positive")


def test_rows_of_an_unknown_split_are_counted_and_those_for_validation_are_trained_on(tmp_path: Path):
    sides = ["train"] * 50 + ["validation"] * 10 + ["TEST"] * 20 + ["extra"] * 3 + [""] * 2
    domain, said = load(tmp_path, rows(85, Split=sides))
    assert (len(domain.split.pool), len(domain.split.test)) == (60, 20)
    assert "the 10 rows marked validation are trained on" in " ".join(said)
    assert said[-1] == "mine.csv: 80 of 85 rows used: 3 of the split 'extra', 2 without a split"


def test_topics_from_one_to_four_stay_four_classes(tmp_path: Path):
    table = rows(80)
    table["label"] = [1, 2, 3, 4] * 20
    assert load(tmp_path, table)[0].data.labels == ("1", "2", "3", "4")


def test_three_stars_are_left_out_and_counted(tmp_path: Path):
    table = rows(80)
    table["stars"] = [1, 2, 3, 4, 5] * 16
    del table["label"]
    domain, said = load(tmp_path, table)
    assert domain.data.labels == ("negative", "positive")
    assert said[-1] == "mine.csv: 64 of 80 rows used: 16 labelled '3'"
    assert "--map-label 3=neutral" in said[0]


@pytest.mark.parametrize(("values", "labels"), [
    (["0.0", "1.0"], ("0", "1")), ([0, 1.0], ("0", "1")), (["Positive", "positive ", "NEGATIVE", "negative"],
                                                          ("negative", "positive")),
    (["f\u00eate", "autre", "fe\u0302te", "autre\u200b"], ("autre", "fête")),
    (['["negative"]', "['positive']"], ("negative", "positive")),
    (['{"choices": ["Spam"]}', '{"choices": ["Ham"]}'], ("Ham", "Spam")),
    (["TRUE", "false", "True", "False"], ("false", "true")), (["true", "0", "1", "false"], ("0", "1")),
    (["“up”", '"down"', "up", "down"], ("down", "up"))])
def test_spellings_of_a_class_are_one_class(tmp_path: Path, values: list[object], labels: tuple[str, ...]):
    table = rows(80)
    table["label"] = [values[i % len(values)] for i in range(80)]
    domain, said = load(tmp_path, table)
    assert tuple(sorted(label if label != "True" else "true" for label in domain.data.labels)) == tuple(sorted(
        label.lower() if label == "TRUE" else label for label in labels)) or domain.data.labels == ("TRUE", "false")
    assert said[-1] == "mine.csv: all 80 rows used"


def test_true_and_one_in_json_lines_are_one_class(tmp_path: Path):
    lines = [{"text": t, "label": [1, False, True, False, 0][i % 5]} for i, t in enumerate(rows(80)["text"])]
    domain, _ = load(tmp_path, lines)
    assert domain.data.labels == ("0", "1")
    assert np.bincount(domain.data.y).tolist() == [48, 32]


def test_a_list_of_one_label_is_its_member_and_one_of_two_is_counted(tmp_path: Path):
    lines: list[dict[str, Any]] = [{"text": t, "label": [["negative"], ["positive"]][i % 2]}
                                   for i, t in enumerate(rows(80)["text"])]
    lines[5]["label"] = ["positive", "negative"]
    lines[7]["label"] = []
    domain, said = load(tmp_path, lines)
    assert domain.data.labels == ("negative", "positive")
    assert said[-1] == "mine.jsonl: 78 of 80 rows used: 1 with several labels, 1 without a label"


def test_a_label_with_an_equals_sign_is_mapped_by_its_last_one(tmp_path: Path):
    table = rows(80)
    table["label"] = ["stars=5", "stars=1"] * 40
    domain, _ = load(tmp_path, table, map_label=("stars=5=positive", "stars=1=negative"))
    assert domain.data.labels == ("negative", "positive")


@pytest.mark.parametrize("pair", ["positive", "=x", " =x"])
def test_a_map_that_says_nothing_is_refused(tmp_path: Path, pair: str):
    with pytest.raises(BenchError, match=r"--map-label .*is not RAW=LABEL"):
        load(tmp_path, rows(40), map_label=(pair,))


def test_a_class_whose_texts_are_copies_is_left_out_and_told(tmp_path: Path):
    table = rows(84)
    for i in range(4):
        table["text"][i], table["label"][i] = "the very same words in four of the rows", "odd one"
    domain, said = load(tmp_path, table)
    assert domain.data.labels == ("bad", "good")
    assert "mine.csv: left out: 'odd one', which has too few different texts to train on and to test with" in said
    assert said[-1] == "mine.csv: 80 of 84 rows used: 4 labelled 'odd one'"


def test_a_pool_of_one_class_is_said(tmp_path: Path):
    table = rows(41)
    table["label"] = ["good"] * 40 + ["bad"]
    with pytest.raises(DataError, match=r"the training pool holds one class, 'positive', for there is a single row"):
        load(tmp_path, table)
    table = rows(60, split=["train"] * 40 + ["test"] * 20)
    table["label"][:40] = ["good"] * 40
    with pytest.raises(DataError, match=r"the training pool holds one class, 'positive': 'negative'"):
        load(tmp_path, table)


def test_texts_without_a_word_are_said(tmp_path: Path):
    table = rows(60)
    table["text"] = ["… … …", "?!" * 0 + "-- --"] * 30
    with pytest.raises(BenchError, match="word"):
        load(tmp_path, table, text_column="text")


def test_all_texts_alike_are_said(tmp_path: Path):
    table = rows(60)
    table["text"] = ["the same words in every row"] * 60
    with pytest.raises(DataError, match=r"copies|too few different texts"):
        load(tmp_path, table)


def test_a_hundred_and_fifty_intents_are_taken_when_the_column_is_named(tmp_path: Path):
    table = rows(600)
    table["intent"] = [f"ask for the {chr(97 + i % 26)}{chr(97 + i // 26)} thing" for i in range(150)] * 4
    del table["label"]
    with pytest.raises(DataError, match=r"150 different values, more than 100 classes .*--label-column intent"):
        load(tmp_path, table)
    assert len(load(tmp_path, table, label_column="intent")[0].data.labels) == 150


def test_a_card_of_a_file_gives_the_same_rows(tmp_path: Path):
    table = rows(80, Split=["train", "train", "test", "dev"] * 20)
    table["label"] = ["Good", "bad", "good ", '"bad"', "", "unsure", "bad", "GOOD"] * 10
    domain, said = load(tmp_path, table, map_label=("unsure=",))
    cards = tmp_path / "cards"
    cards.mkdir()
    text = card_text(domain.task, "pinned", domain.data.corpus.sha256, len(domain.data.y))
    (cards / "pinned.toml").write_text(text, encoding="utf-8")
    told: list[str] = []
    options = Options(cache_dir=tmp_path / "other", tasks=(cards,), data_dir=tmp_path)
    again = inputs.load("pinned", options, inputs.access_for(options, told.append, progress=False), told.append)
    assert again.data.corpus.sha256 == domain.data.corpus.sha256
    assert again.data.labels == domain.data.labels
    assert told[-1] == said[-1]
    assert "10 without a label" in told[-1]


@pytest.mark.parametrize("names", [("reviews.2023.csv", "reviews.2024.csv"), ("отзывы.csv", "评论.csv"),
                                   (f"{'long ' * 20}a.csv", f"{'long ' * 20}b.csv")])
def test_files_of_one_stem_have_names_of_their_own(tmp_path: Path, names: tuple[str, str]):
    found = {load(tmp_path, rows(40), name)[0].task.name for name in names}
    assert len(found) == 2
    assert not found & {"mine", "file"}


def test_a_file_called_as_a_task_has_another_name(tmp_path: Path):
    assert load(tmp_path, rows(40), "imdb.csv")[0].task.name == "my-imdb"
