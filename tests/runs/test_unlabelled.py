"""Texts of a source that have no label: where its card finds them, which are left out, what is said without them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import toy

from bench.baselines import BASELINES
from bench.core.errors import BenchError, CardError, DataError
from bench.data import corpus
from bench.data.archive_readers import imdb_unlabelled
from bench.data.cards import all_tasks, parse_card
from bench.learning.source_linear import is_source_linear_cached
from bench.protocol.domain import Domain
from bench.runs import ahead, inputs, plan
from bench.runs.options import Options

MORE = """
[editions.unlabelled]
rows = 60

[[editions.unlabelled.routes]]
from = "directory"
file = "more.csv"
reader = "csv"
"""


@pytest.fixture
def options(workshop: Path) -> Options:
    """The toy source has a card that names texts without labels."""
    path = workshop / "cards" / "toy-source.toml"
    path.write_text(path.read_text() + MORE)
    return Options(targets=("toy-target",), source="toy-source", data_dir=workshop / "data",
                   tasks=(workshop / "cards",), cache_dir=workshop / "cache", device="cpu")


def source_of(options: Options, said: list[str]) -> Domain:
    access = inputs.access_for(options, said.append, progress=False)
    return inputs.load_source("toy-source", options, access, said.append)


def write(options: Options, texts: list[str], **columns: object) -> None:
    pd.DataFrame({"text": texts, **columns}).to_csv(options.data_dir / "more.csv", index=False)


def test_texts_of_a_test_set_are_left_out_of_the_source_and_of_each_target(options: Options):
    other = toy.rows(60, seed=8)["text"].tolist()
    write(options, other)
    said: list[str] = []
    plain = source_of(options, said)
    target = inputs.load("toy-target", options, inputs.access_for(options, said.append, progress=False), said.append)
    assert plain.unlabelled is not None
    assert len(plain.unlabelled) == 60
    assert plain.unlabelled.y is None
    in_tests = [domain.data.corpus.text(int(domain.split.test[0])) for domain in (plain, target)]
    write(options, [*other, *in_tests])
    source = source_of(options, said)
    assert in_tests[0] not in source.unlabelled.texts()
    assert in_tests[1] in source.unlabelled.texts()
    pair = inputs.for_pair(options, source, target, None)
    assert in_tests[1] not in pair.source.unlabelled.texts()
    assert pair.base_spec.unlabelled is pair.source.unlabelled
    assert sorted(pair.source.unlabelled.texts()) == sorted(other)
    assert said == []


def test_other_columns_are_not_read_as_labels_or_splits(options: Options):
    write(options, toy.rows(4, seed=8)["text"].tolist(), label="?", split="unsupervised", id=range(4))
    assert len(source_of(options, []).unlabelled) == 4


def test_where_they_are_not_to_be_had_it_is_said(options: Options):
    said: list[str] = []
    assert source_of(options, said).unlabelled is None
    assert len(said) == 1
    assert "labelled texts alone" in said[0]
    assert "more.csv" in said[0]


def test_a_file_that_is_none_is_an_error(options: Options):
    (options.data_dir / "more.csv").write_text("words\nhello\n")
    with pytest.raises(DataError, match="no text column 'text'"):
        source_of(options, [])


def test_a_run_that_uses_no_base_does_not_look_for_them(options: Options):
    said: list[str] = []
    pairs = inputs.for_targets(options, said.append, inputs.no_vectors, progress=False,
                               add_unlabelled=inputs.labelled_alone)
    assert next(iter(pairs)).base_spec.unlabelled is None
    assert said == []


@pytest.mark.parametrize(("baselines", "used"), [
    (("auto",), True), (("frozen", "tfidf"), True), (("tfidf", "majority"), False)])
def test_a_strategy_that_uses_the_base_where_it_can_gets_the_one_of_the_others(
        options: Options, baselines: tuple[str, ...], used: bool):
    texts = toy.rows(4, seed=8)["text"].tolist()
    write(options, texts)
    chosen = replace(options, baselines=baselines, budgets=(32,), seeds=1)
    (draft,) = plan.drafts(chosen, BASELINES, lambda text: None, progress=False)
    assert (draft.inputs.base_spec.unlabelled is not None) == used


@pytest.mark.parametrize(("text", "problem"), [
    ("[editions.unlabelled]\nrows = 3\n", r"unlabelled has no \[\[editions.unlabelled.routes\]\]"),
    (MORE.replace("rows", "row"), "unlabelled: unknown key 'row'; did you mean 'rows'"),
    (MORE.replace('"csv"', '"cvs"'), "unlabelled, route 1: reader = 'cvs'"),
    ("unlabelled = 3\n", "unlabelled"),
])
def test_a_card_that_describes_them_wrongly_says_where(text: str, problem: str):
    card = toy.card("a", "a.csv")
    text = card + text if text.startswith(("[", "\n")) else card.replace('name = "toy"\n', f'name = "toy"\n{text}')
    with pytest.raises(CardError, match=problem):
        parse_card(text, "a card")


def test_imdbs_card_names_three_ways_to_its_reviews_without_labels():
    edition = all_tasks()["imdb"].edition("official")
    assert [route.kind for route in edition.unlabelled.routes] == ["directory", "hub", "archive"]
    assert len(edition.unlabelled.sha256) == 64
    assert edition.unlabelled.rows == 50_000


def test_imdbs_archive_holds_them_in_a_folder_of_their_own(tmp_path: Path):
    import io
    import tarfile

    path = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("train/pos/0_9.txt", "train/unsup/0_0.txt", "train/unsup/1_0.txt", "train/urls_unsup.txt"):
            data = f"a review in {name}".encode()
            info = tarfile.TarInfo(f"aclImdb/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert imdb_unlabelled(path)["text"].tolist() == [f"a review in train/unsup/{n}_0.txt" for n in (0, 1)]
    empty = tmp_path / "empty.tar.gz"
    with tarfile.open(empty, "w:gz"):
        pass
    with pytest.raises(DataError, match="unsup"):
        imdb_unlabelled(empty)


def test_a_hash_that_is_another_is_an_error_for_a_file_of_ones_own_folder(options: Options):
    write(options, toy.rows(4, seed=8)["text"].tolist())
    path = options.tasks[0] / "toy-source.toml"
    path.write_text(path.read_text().replace("rows = 60", f'rows = 60\nsha256 = "{"0" * 64}"'))
    with pytest.raises(BenchError, match="is not what the card"):
        source_of(replace(options, offline=True), [])


def test_another_process_reads_them_and_fits_the_linear_model_ahead(options: Options, monkeypatch: pytest.MonkeyPatch):
    write(options, toy.rows(60, seed=8)["text"].tolist())
    options = replace(options, cache_dir=options.cache_dir.with_name("ahead"))
    wanted = frozenset({"base", "source-linear"})
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    started = caught(monkeypatch)
    ahead.start(options, wanted)
    assert not started, "what a card does not pin may have been read before"
    card = options.tasks[0] / "toy-source.toml"
    sha256 = source_of(replace(options, cache_dir=options.cache_dir.with_name("other")), []).unlabelled.corpus.sha256
    card.write_text(card.read_text().replace("rows = 60\n", f'rows = 60\nsha256 = "{sha256}"\n'))
    for needed in (frozenset({"counts"}), wanted):
        ahead.start(options, needed)
    assert [process.wait() for process in started] == [0]
    assert corpus.folder_of(options.cache_dir, sha256).is_dir()
    pair = next(inputs.for_targets(options, print, inputs.no_vectors, progress=False))
    assert is_source_linear_cached(pair.source.data.examples(pair.source.split.pool))
    ahead.start(options, wanted)
    assert len(started) == 1, "nothing is left to do"


def caught(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that `ahead` starts from now on."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: object, **settings: object) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **settings))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(ahead.subprocess, "Popen", start)
    return started
