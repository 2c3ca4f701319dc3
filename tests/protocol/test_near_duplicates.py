"""Near duplicates are found, and nothing else is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import toy

from bench.data.corpus import Dataset
from bench.protocol import near_duplicates
from bench.protocol.audit import change_with_leak, copies_within, sanity_scores
from bench.protocol.split import make_split, without_test_texts

WORDS = [f"w{i}" for i in range(400)]


def texts(n: int, length: int, seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [list(rng.choice(WORDS, length)) for _ in range(n)]


def data_of(root: Path, tokens: list[list[str]], split: list[str] | None = None) -> Dataset:
    frame = pd.DataFrame({"text": [" ".join(t) for t in tokens],
                          "label": [toy.LABELS[i % 2] for i in range(len(tokens))]})
    if split:
        frame["split"] = split
    return toy.dataset(root, frame)


def similarity(a: str, b: str) -> float:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}

    return len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))


def test_pairs_are_those_of_an_exhaustive_search(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tokens = texts(60, 80, seed=1)
    for i in range(40):  # copies with more and more words changed: similarities from 1 to under 0.5
        copy = list(tokens[i])
        for at in rng.integers(0, 80, i // 4):
            copy[at] = "changed"
        tokens.append(copy)
    corpus = data_of(tmp_path, tokens).corpus
    rows = np.arange(len(corpus))
    every = {(i, j) for i in rows for j in rows if i < j
             and similarity(corpus.text(int(i)), corpus.text(int(j))) >= near_duplicates.THRESHOLD}
    assert 5 < len(every) < 40
    groups = near_duplicates.clusters(corpus)
    assert {(i, j) for i in rows for j in rows if i < j and groups[i] == groups[j]} == every


def test_a_last_character_counts_for_half_a_word_in_scripts_without_blanks(tmp_path: Path) -> None:
    characters = "".join(chr(0x4E00 + 7 * i) for i in range(30))
    short, long = characters[:18], characters[:28]
    corpus = data_of(tmp_path, [[short, "白"], [short, "黑"], [long[::-1], "白"], [long[::-1], "黑"]]).corpus
    groups = {corpus.text(i): group for i, group in enumerate(near_duplicates.clusters(corpus))}
    assert groups[f"{short} 白"] != groups[f"{short} 黑"]
    assert groups[f"{long[::-1]} 白"] == groups[f"{long[::-1]} 黑"]


def test_texts_shorter_than_a_shingle_are_near_duplicates_only_when_equal(tmp_path: Path) -> None:
    corpus = data_of(tmp_path, [["one", "two"], ["One", "two"], ["one", "three"], ["four"]]).corpus
    assert len(np.unique(near_duplicates.clusters(corpus))) == 3


def test_overlap_between_two_corpora_finds_copies_with_one_word_changed(tmp_path: Path) -> None:
    tokens = texts(50, 60, seed=3)
    other = texts(50, 60, seed=4)
    other[7] = [*tokens[11][:59], "end"]
    other[9] = tokens[20]
    a, b = data_of(tmp_path / "a", tokens).corpus, data_of(tmp_path / "b", other).corpus
    pairs = near_duplicates.overlap(a, np.arange(50), b, np.arange(50))
    shared = {(a.text(int(i)), b.text(int(j))) for i, j in pairs}
    assert shared == {(" ".join(tokens[11]), " ".join(other[7])), (" ".join(tokens[20]), " ".join(other[9]))}


def test_near_copies_of_official_test_texts_leave_the_pool_and_are_counted(tmp_path: Path) -> None:
    tokens = texts(40, 60, seed=5)
    tokens += [tokens[0], [*tokens[1][:59], "end"]]
    data = data_of(tmp_path, tokens, ["train"] * 40 + ["test"] * 2)
    split = make_split(data, "official", "", "toy")
    assert (split.leaked, split.near, len(split.pool), len(split.test)) == (1, 1, 38, 2)
    duplicates = copies_within(toy_loaded(data, split))
    assert (duplicates.train_in_test_exact, duplicates.train_in_test_near) == (1, 1)


def test_source_texts_that_stand_in_the_targets_test_set_leave_the_source(tmp_path: Path) -> None:
    tokens = texts(60, 60, seed=6)
    source, target = data_of(tmp_path / "s", tokens), data_of(tmp_path / "t", tokens[:10] + texts(30, 60, seed=7))
    test_rows = make_split(target, "quarter", "", "t").test
    before = make_split(source, "quarter", "", "s")
    after = without_test_texts(source, before, target, test_rows)
    seen = {target.corpus.text(int(r)) for r in test_rows}
    left = {source.corpus.text(int(r)) for r in after.pool}
    assert not seen & left
    assert after.leaked_to_target == len(before.pool) - len(after.pool)
    assert after.leaked_to_target == len(seen & {source.corpus.text(int(r)) for r in before.pool})


def test_shuffled_labels_score_at_chance_and_a_planted_length_shortcut_shows(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame([{"text": " ".join(rng.choice(WORDS, 40 if i % 2 else 8)), "label": toy.LABELS[i % 2]}
                          for i in range(600)])
    loaded = toy.loaded(tmp_path, "lengths", frame)
    result = sanity_scores(loaded)
    assert not result.suspicious
    assert result.length_only > 0.95
    assert abs(result.shuffled - 0.5) < 0.15


def test_a_leak_left_in_is_scored_with_and_without(tmp_path: Path) -> None:
    tokens = texts(200, 40, seed=9)  # random words: nothing to learn but the leaked copies themselves
    data = data_of(tmp_path, tokens + tokens[:60], ["train"] * 200 + ["test"] * 60)
    loaded = toy_loaded(data, make_split(data, "official", "", "toy"))
    scores = change_with_leak(loaded)
    assert scores is not None
    assert scores[1] > 0.9 > scores[0]


def toy_loaded(data: Dataset, split: object):
    from bench.data.cards import Edition, Task
    from bench.protocol.domain import Domain

    edition = Edition("v1", (), test="official")
    return Domain(Task("toy", "Toy", toy.LABELS, (edition,)), edition, data, "memory", split)


def test_a_crowd_of_near_copies_is_one_cluster_in_time_that_grows_with_its_size(tmp_path: Path):
    """As where a shop's customers send in a form letter: more copies than a bucket compares each with each."""
    frame = toy.rows(3_000)
    letter = "this product is what i wanted for my mother in the summer of last year and it works as it should number"
    frame["text"] = [f"{letter} {i}" for i in range(len(frame))]
    began = time.process_time()
    assert len(np.unique(near_duplicates.clusters(toy.dataset(tmp_path, frame).corpus))) == 1
    assert time.process_time() - began < 30
