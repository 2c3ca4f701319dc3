"""Rows become a data set: the content hash, what is refused, the cache, and what a trial lets one see."""

from __future__ import annotations

import shutil
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy

from bench.core.errors import BenchError, DataError
from bench.data import corpus
from bench.data.cards import parse_card
from bench.data.corpus import Examples
from bench.data.load import load_task
from bench.data.public_formats import read
from bench.data.routes import Access
from bench.data.text import TEXT_VERSION
from bench.protocol.split import make_split
from bench.protocol.trial import Trial, make_trial


def sha256(frame: pd.DataFrame) -> str:
    return corpus.normalised_rows(frame, toy.LABELS, "toy")[1]


def test_the_content_hash_does_not_depend_on_row_order():
    frame = toy.rows(60)
    assert sha256(frame) == sha256(frame.sample(frac=1.0, random_state=3))


def test_the_content_hash_depends_on_each_text_and_label():
    frame = toy.rows(60)
    other = frame.copy()
    other.loc[7, "text"] += " bako"
    assert sha256(other) != sha256(frame)
    other = frame.copy()
    other.loc[7, "label"] = "negative"
    assert sha256(other) != sha256(frame)


def test_the_content_hash_does_not_depend_on_the_file_format(tmp_path: Path):
    frame = toy.rows(60)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    digests = {sha256(read(kind, tmp_path / f"a.{kind}", {})) for kind in ("csv", "tsv", "parquet", "jsonl")}
    assert digests == {sha256(frame)}


def test_the_rows_come_back_with_their_texts_labels_splits_and_groups(tmp_path: Path):
    frame = toy.rows(40).assign(split=["train", "test"] * 20, group=[f"g{i % 3}" for i in range(40)])
    data = toy.dataset(tmp_path, frame)
    rows = {(data.corpus.text(i), data.labels[data.y[i]], corpus.SPLITS[data.split[i]]) for i in range(40)}
    assert rows == set(zip(frame["text"], frame["label"], frame["split"], strict=True))
    groups = {data.corpus.text(i): data.group[i] for i in range(40)}
    assert len({groups[t] for t in frame["text"][::3]}) == 1
    assert len(set(groups.values())) == 3
    words = data.corpus.words
    for i in range(40):
        assert [words[w] for w in data.corpus.tokens[i]] == data.corpus.text(i).split()


def test_a_label_that_the_card_does_not_name_is_refused():
    frame = toy.rows(20)
    frame.loc[3, "label"] = "mixed"
    with pytest.raises(DataError, match="label 'mixed' is not one of negative, positive"):
        sha256(frame)


def test_one_class_only_is_refused():
    with pytest.raises(DataError, match="only the class 'negative'"):
        sha256(toy.rows(20)[::2])


def test_texts_of_nothing_but_blanks_are_dropped():
    frame = pd.DataFrame({"text": ["bad", "good", " <br /> "], "label": ["negative", "positive", "positive"]})
    lines, _ = corpus.normalised_rows(frame, toy.LABELS, "toy")
    assert len(lines) == 2
    with pytest.raises(DataError, match="no rows"):
        sha256(frame[2:])


def test_texts_that_differ_in_case_and_marks_alone_have_equal_keys(tmp_path: Path):
    labels = ["positive", "positive", "negative"]
    frame = pd.DataFrame({"text": ["Good, really", "good really.", "bad"], "label": labels})
    data = toy.dataset(tmp_path, frame)
    assert len(set(data.corpus.keys.tolist())) == 2


def test_texts_that_a_mark_or_an_emoji_tells_apart_have_different_keys(tmp_path: Path):
    texts = ["great 👍", "great 👎", "खाना दिन", "खाना दान", "very :)", "very :(", "...", "---"]
    data = toy.dataset(tmp_path, pd.DataFrame({"text": texts, "label": list(toy.LABELS) * 4}))
    assert len(set(data.corpus.keys.tolist())) == len(texts)


def test_what_is_cached_of_other_tokens_is_never_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = toy.dataset(tmp_path, toy.rows(40))
    derived = corpus.derived(now.corpus, "thing", 1, lambda: ({}, {"made": "now"}))
    monkeypatch.setattr(corpus, "FORMAT_VERSION", TEXT_VERSION + 1)
    assert corpus.load(tmp_path, now.corpus.sha256, toy.LABELS) is None
    later = toy.dataset(tmp_path, toy.rows(40))
    assert later.corpus.sha256 == now.corpus.sha256
    assert not corpus.is_derived(later.corpus, "thing", 1)
    assert derived.facts["made"] == "now"
    assert corpus.is_derived(now.corpus, "thing", 1)


@pytest.mark.parametrize("name", ["ids.npy", "y.npy", "blob.npy", "facts.json"])
def test_a_damaged_cache_entry_is_built_again_to_the_same_arrays(tmp_path: Path, name: str):
    (tmp_path / "data").mkdir()
    toy.rows(60).to_csv(tmp_path / "data" / "toy.csv", index=False)
    task, access = parse_card(toy.card("toy", "toy.csv"), "toy.toml"), Access(tmp_path / "data", tmp_path / "raw")
    first = load_task(task, access, tmp_path / "root").data
    ids, y = first.corpus.tokens.ids.copy(), first.y.copy()
    folder = next((tmp_path / "root" / "corpora").glob("*-[0-9]"))
    toy.flip(folder / name)
    assert corpus.load(tmp_path / "root", first.corpus.sha256, toy.LABELS) is None
    again = load_task(task, access, tmp_path / "root").data
    np.testing.assert_array_equal(again.corpus.tokens.ids, ids)
    np.testing.assert_array_equal(again.y, y)


def test_a_second_load_reads_no_rows_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data").mkdir()
    toy.rows(60).to_csv(tmp_path / "data" / "toy.csv", index=False)
    task, access = parse_card(toy.card("toy", "toy.csv"), "toy.toml"), Access(tmp_path / "data", tmp_path / "raw")
    first = load_task(task, access, tmp_path / "root")
    monkeypatch.setattr("bench.data.load.read", lambda *a: pytest.fail("read again"))
    second = load_task(task, access, tmp_path / "root")
    assert second.data.corpus.sha256 == first.data.corpus.sha256
    assert second.name == "toy@toy"


def test_a_file_that_is_not_what_its_card_says_is_refused(tmp_path: Path):
    toy.rows(60).to_csv(tmp_path / "toy.csv", index=False)
    text = toy.card("toy", "toy.csv").replace('name = "toy"\n\n', f'name = "toy"\nsha256 = "{"0" * 64}"\nrows = 7\n\n')
    with pytest.raises(DataError, match=r"is not what the card toy@toy describes: .* of 60 rows, expected 0000.* of 7"):
        load_task(parse_card(text, "toy.toml"), Access(tmp_path, tmp_path / "raw"), tmp_path / "root")


def test_where_no_route_delivers_each_is_named_with_its_reason(tmp_path: Path):
    text = toy.card("toy", "one.csv") + '\n[[editions.routes]]\nfrom = "archive"\nurl = "https://x.invalid/a.zip"\n'
    with pytest.raises(BenchError) as caught:
        load_task(parse_card(text, "toy.toml"), Access(tmp_path, tmp_path / "raw", offline=True), tmp_path / "root")
    assert "no file one.csv" in str(caught.value)
    assert "https://x.invalid/a.zip" in str(caught.value)
    assert "--data-dir" in str(caught.value)


def test_the_next_edition_is_used_and_said_where_the_first_cannot_be_had(tmp_path: Path):
    toy.rows(60).to_csv(tmp_path / "two.csv", index=False)
    second = toy.card("toy", "two.csv").replace('name = "toy"\n\n', 'name = "second"\n\n')
    text = toy.card("toy", "one.csv") + second[second.index("[[editions]]"):].replace('name = "toy"', 'name = "second"')
    messages: list[str] = []
    loaded = load_task(
        parse_card(text, "t.toml"), Access(tmp_path, tmp_path / "raw"), tmp_path / "root", say=messages.append
    )
    assert loaded.name == "toy@second"
    assert "edition second is used, because toy is unavailable" in messages[0]


def test_where_keeps_the_rows_that_the_edition_names(tmp_path: Path):
    frame = toy.rows(60).assign(source=["a", "b", "c"] * 20)
    frame.to_csv(tmp_path / "toy.csv", index=False)
    text = toy.card("toy", "toy.csv") + 'where = { source = ["a", "b"] }\n'
    loaded = load_task(parse_card(text, "toy.toml"), Access(tmp_path, tmp_path / "raw"), tmp_path / "root")
    assert len(loaded.data.y) == 40


def reachable(value: Any, seen: set[int] | None = None) -> list[Any]:
    """Every value that can be got at from a value through fields, properties kept on it, lists and tuples."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return []
    seen.add(id(value))
    out = [value]
    inner: list[Any] = []
    if is_dataclass(value) and not isinstance(value, type):
        inner += [getattr(value, f.name) for f in fields(value)]
    inner += list(getattr(value, "__dict__", {}).values())
    if isinstance(value, list | tuple):
        inner += value
    if isinstance(value, dict):
        inner += value.values()
    if isinstance(value, np.ndarray):
        inner.append(value.base)
    for part in inner:
        out += reachable(part, seen)
    return out


def test_no_label_but_those_of_its_budget_is_reachable_from_a_trial(tmp_path: Path):
    data = toy.dataset(tmp_path, toy.rows(200))
    split = make_split(data, "quarter", "", "toy@toy")
    trial = make_trial(data, split, "source@x", "toy@toy", 32, 0)
    assert trial.unlabelled.y is None
    with pytest.raises(AssertionError, match="no labels"):
        _ = trial.unlabelled.labels
    assert {f.name for f in fields(Trial)} == {"source", "target", "labels", "budget", "seed", "labelled", "unlabelled",
                                               "balanced"}
    _ = trial.labelled.x, trial.unlabelled.x, trial.labelled.corpus.words
    values = reachable(trial)
    assert any(v is trial.labelled.y for v in values)  # the search finds labels
    integers = [v for v in values if isinstance(v, np.ndarray) and v.dtype == np.int64]
    assert all(len(v) != len(data.y) for v in integers if v.size and v.max() < len(data.labels))
    assert not any(v is data.y or v is split.test for v in values)
    seen = set(trial.labelled.rows.tolist()) | set(trial.unlabelled.rows.tolist())
    assert not seen & set(split.test.tolist())
    assert not set(trial.labelled.rows.tolist()) & set(trial.unlabelled.rows.tolist())


def test_a_part_of_examples_keeps_texts_and_labels_together(tmp_path: Path):
    data = toy.dataset(tmp_path, toy.rows(40))
    rows = np.array([5, 9, 2])
    part = data.examples(rows).part(np.array([2, 0]))
    assert part.rows.tolist() == [2, 5]
    assert part.labels.tolist() == data.y[[2, 5]].tolist()
    assert part.texts() == [data.corpus.text(2), data.corpus.text(5)]
    assert Examples(data.corpus, rows).part(np.array([1])).y is None


def test_what_is_derived_is_made_once_checked_once_and_made_again_where_it_is_gone(tmp_path: Path):
    data = toy.dataset(tmp_path, toy.rows(20))
    calls: list[int] = []

    def make() -> corpus.ArraysAndFacts:
        calls.append(1)
        return {"a": np.arange(3)}, {}

    first = corpus.derived(data.corpus, "numbers", 1, make)
    assert corpus.derived(data.corpus, "numbers", 1, make) is first
    assert first.folder in corpus.derived_so_far(data.corpus)
    shutil.rmtree(first.folder)
    assert first.folder not in corpus.derived_so_far(data.corpus)
    again = corpus.derived(data.corpus, "numbers", 1, make)
    np.testing.assert_array_equal(again.array("a"), np.arange(3))
    assert len(calls) == 2
