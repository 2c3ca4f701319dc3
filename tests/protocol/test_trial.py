"""Who may see what: test set, pool, and nested stratified budgets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.core.budget import FULL
from bench.core.errors import DataError
from bench.core.seeds import seed_for
from bench.data.corpus import Dataset
from bench.protocol.split import Split, _draw_test_set, make_split
from bench.protocol.trial import make_trial, nested_order, random_order

ORDER = [100, 119, 113, 114, 117, 116, 103, 104, 109, 108, 101, 102, 107, 106, 105, 118, 112, 115, 110, 111]
TEST_ROWS = [2, 3, 4, 5, 18, 19]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return toy.dataset(tmp_path_factory.mktemp("trial"), toy.rows(240))


@pytest.fixture(scope="module")
def split(data: Dataset) -> Split:
    return make_split(data, "quarter", "", "toy@toy")


def test_budgets_are_nested_and_stratified(data: Dataset, split: Split):
    for seed in range(3):
        rows = {b: make_trial(data, split, "s", "t", b, seed).labelled.rows for b in (8, 32, 64, FULL)}
        assert [len(rows[b]) for b in (8, 32, 64)] == [8, 32, 64]
        assert sorted(rows[FULL]) == sorted(split.pool)
        assert set(rows[8]) < set(rows[32]) < set(rows[64]) < set(rows[FULL])
        for b in (8, 32, 64):
            assert abs(int(data.y[rows[b]].sum()) - b // 2) <= 1


@given(st.lists(st.integers(0, 4), min_size=6, max_size=120), st.integers(0, 9))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_beginning_of_the_order_is_stratified(labels: list[int], seed: int):
    y = np.array(labels)
    order = nested_order(np.arange(len(y)), y, "toy", seed)
    assert sorted(order) == list(range(len(y)))
    classes = np.unique(y)
    assert set(y[order[: len(classes)]]) == set(classes)  # the smallest budget holds each class
    share = np.bincount(y, minlength=5) / len(y)
    for b in range(len(classes), len(y) + 1):
        assert (np.abs(np.bincount(y[order[:b]], minlength=5) - b * share) <= len(classes) + 1).all()


def test_random_budgets_are_nested_and_of_other_texts_than_stratified_ones(data: Dataset, split: Split):
    for seed in range(3):
        trials = {b: make_trial(data, split, "s", "t", b, seed, draw="random") for b in (8, 32, 64, FULL)}
        rows = {b: trial.labelled.rows for b, trial in trials.items()}
        assert [len(rows[b]) for b in (8, 32, 64)] == [8, 32, 64]
        assert set(rows[8]) < set(rows[32]) < set(rows[64]) < set(rows[FULL])
        assert sorted([*rows[32], *trials[32].unlabelled.rows]) == sorted(split.pool)
        assert rows[32].tolist() != make_trial(data, split, "s", "t", 32, seed).labelled.rows.tolist()
        again = make_trial(data, split, "another source", "t", 32, seed, head_seed=5, draw="random")
        assert again.labelled.rows.tolist() == rows[32].tolist()
        assert set(make_trial(data, split, "s", "t", 32, seed + 9, draw="random").labelled.rows) != set(rows[32])


def test_all_labels_are_the_same_trial_in_both_draws(data: Dataset, split: Split):
    random, stratified = (make_trial(data, split, "s", "t", FULL, 2, draw=draw) for draw in ("random", "stratified"))
    assert random.labelled.rows.tolist() == stratified.labelled.rows.tolist()


def test_a_random_draw_is_uniform_over_the_pool_and_does_not_know_the_labels(data: Dataset, split: Split):
    """Over 2,000 seeds each text is drawn as often as any other, and classes as often as chance says."""
    from scipy.stats import chi2, chisquare, hypergeom

    pool, seeds, budget = split.pool, 2_000, 18
    drawn = np.array([np.isin(pool, random_order(pool, "t", seed)[:budget]) for seed in range(seeds)])
    share = budget / len(pool)
    deviations = (drawn.sum(0) - seeds * share) / np.sqrt(seeds * share * (1 - share))
    squares = (deviations**2).sum() * (1 - 1 / len(pool))  # every draw has 18 texts: one degree of freedom less
    assert 0.001 < chi2.sf(squares, len(pool) - 1) < 0.999
    positive = drawn[:, data.y[pool] == 1].sum(1)
    law = hypergeom(len(pool), int(data.y[pool].sum()), budget).pmf(np.arange(budget + 1)) * seeds
    seen = np.bincount(positive, minlength=budget + 1)
    inner = law >= 5
    observed = [*seen[inner], seen[~inner].sum()]
    expected = [*law[inner], law[~inner].sum()]
    assert chisquare(observed, expected).pvalue > 0.001
    assert positive.std() > 1.5, "a stratified draw would have no spread"


def test_a_random_draw_may_hold_one_class_and_says_so(data: Dataset, split: Split):
    trials = [make_trial(data, split, "s", "t", 2, seed, draw="random") for seed in range(40)]
    one_class = [len(set(trial.labelled.labels.tolist())) == 1 for trial in trials]
    assert [trial.has_one_class for trial in trials] == one_class
    assert 8 < sum(one_class) < 32
    assert not any(make_trial(data, split, "s", "t", 2, seed).has_one_class for seed in range(40))


def test_every_class_is_present_in_the_smallest_budget_even_a_rare_one(tmp_path: Path):
    frame = toy.rows(200)
    rare = pd.DataFrame({"text": [f"mmoa mmea {w}" for w in toy.FILLER[:4]], "label": "neutral"})
    labels = ("negative", "neutral", "positive")
    data = toy.dataset(tmp_path, pd.concat([frame, rare]), labels)
    for seed in range(5):
        trial = make_trial(data, make_split(data, "quarter", "", "x@y"), "s", "t", 3, seed)
        assert set(trial.labelled.labels.tolist()) == {0, 1, 2}


def test_classes_of_unlike_size_count_alike_where_the_score_does(tmp_path: Path):
    frame = toy.rows(120)
    frame = frame[(frame["label"] == "positive") | (np.arange(120) % 6 == 0)]
    data = toy.dataset(tmp_path, frame, ("negative", "neutral", "positive"))  # of neutral there is none
    split = make_split(data, "quarter", "", "x@y")
    trial = make_trial(data, split, "s", "t", FULL, 0, balanced=True)
    counts = np.bincount(trial.labelled.labels)
    assert counts[0] < counts[2] / 2
    assert counts[1] == 0
    n = len(trial.labelled)
    np.testing.assert_allclose(trial.class_weights, [n / 2 / counts[0], 1.0, n / 2 / counts[2]], rtol=1e-6)
    assert trial.class_weight == "balanced"
    plain = make_trial(data, split, "s", "t", FULL, 0)
    assert plain.class_weights is None
    assert plain.class_weight is None


def test_draws_depend_on_the_names_of_the_seed_alone(data: Dataset, split: Split):
    def rows(target: str, seed: int) -> list[int]:
        return make_trial(data, split, "s", target, 32, seed).labelled.rows.tolist()

    first = rows("t", 1)
    np.random.seed(0)  # noqa: NPY002  # the global generator must not matter
    assert rows("t", 1) == first
    assert rows("t", 2) != first
    assert rows("u", 1) != first
    assert seed_for("a", 1) == seed_for("a", 1) != seed_for("a", 11)
    assert seed_for("a", "1b") != seed_for("a1", "b")


def test_the_test_set_is_a_stratified_quarter_and_the_same_for_every_seed(data: Dataset, split: Split):
    assert len(split.test) == 60
    assert data.y[split.test].mean() == pytest.approx(0.5, abs=0.02)
    again = make_split(data, "quarter", "", "toy@toy")
    assert again.test.tolist() == split.test.tolist()
    assert make_split(data, "quarter", "", "toy@other").test.tolist() != split.test.tolist()
    assert len(make_split(data, "fifth", "", "toy@toy").test) == 48


def test_duplicates_of_test_set_texts_leave_the_pool(tmp_path: Path):
    frame = toy.rows(80).assign(split=["train"] * 60 + ["test"] * 20)
    leaked = frame[60:65].assign(split="train")
    leaked["text"] = leaked["text"].str.upper() + " ..."
    twice = frame[:3].assign(label=frame["label"][:3])
    twice["text"] = twice["text"] + " ,"
    data = toy.dataset(tmp_path, pd.concat([frame, leaked, twice]))
    split = make_split(data, "official", "", "toy@toy")
    assert (split.leaked, split.duplicates) == (5, 3)
    assert len(split.pool) == 60
    keys = data.corpus.keys
    assert not set(keys[split.pool].tolist()) & set(keys[split.test].tolist())
    assert len(set(keys[split.pool].tolist())) == 60


def test_a_drawn_test_set_never_shares_a_text_with_the_pool(tmp_path: Path):
    frame = toy.rows(80)
    copies = frame[:40].copy()
    copies["text"] = copies["text"].str.upper()
    data = toy.dataset(tmp_path, pd.concat([frame, copies]))
    split = make_split(data, "quarter", "", "toy@toy")
    keys = np.asarray(data.corpus.keys)
    assert not set(keys[split.pool].tolist()) & set(keys[split.test].tolist())
    assert len(set(keys[split.test].tolist())) == len(split.test)
    assert split.leaked == 0


def test_a_groups_rows_stay_on_one_side(tmp_path: Path):
    frame = toy.rows(200).assign(group=[f"review {i % 23}" for i in range(200)])
    data = toy.dataset(tmp_path, frame)
    split = make_split(data, "quarter", "group", "toy@toy")
    assert not set(data.group[split.pool].tolist()) & set(data.group[split.test].tolist())
    assert 0 < len(split.test) < 100
    spread = make_split(data, "quarter", "", "toy@toy")
    assert set(data.group[spread.pool].tolist()) & set(data.group[spread.test].tolist())


def test_an_official_split_is_kept(tmp_path: Path):
    frame = toy.rows(80).assign(split=["train"] * 50 + ["test"] * 30)
    data = toy.dataset(tmp_path, frame)
    split = make_split(data, "official", "", "toy@toy")
    assert {data.corpus.text(r) for r in split.test} == set(frame["text"][50:])
    assert {data.corpus.text(r) for r in split.pool} == set(frame["text"][:50])


def test_an_official_split_without_test_rows_is_refused(tmp_path: Path):
    data = toy.dataset(tmp_path, toy.rows(20))
    with pytest.raises(DataError, match="no rows for the test set"):
        make_split(data, "official", "", "toy@toy")


def test_a_budget_beyond_the_pool_is_refused_with_both_numbers(data: Dataset, split: Split):
    with pytest.raises(DataError, match=r"a budget of 1000 labels, but only 180 texts"):
        make_trial(data, split, "s", "t", 1000, 0)


def test_an_official_split_without_training_rows_says_which_are_missing(tmp_path: Path):
    data = toy.dataset(tmp_path, toy.rows(20).assign(split="test"))
    with pytest.raises(DataError, match=r"toy@toy: no rows for training .*rows marked train and rows marked test"):
        make_split(data, "official", "", "toy@toy")


def test_a_trial_says_what_it_is_and_holds_the_rest_of_the_pool_without_labels(data: Dataset, split: Split):
    trial = make_trial(data, split, "movies", "shops", 32, 3)
    assert (trial.source, trial.target, trial.labels, trial.budget, trial.seed) == (
        "movies", "shops", data.labels, 32, 3)
    assert trial.unlabelled.corpus is data.corpus
    assert trial.unlabelled.y is None
    assert sorted([*trial.labelled.rows, *trial.unlabelled.rows]) == sorted(split.pool)
    other = make_trial(data, split, "movies", "shops", 32, 3, head_seed=7)
    assert other.seed == 7
    assert other.labelled.rows.tolist() == trial.labelled.rows.tolist(), "another head, the same labels"


def test_the_draws_are_those_of_the_published_records():
    """A change of these orders would give every published trial other labels and another test set."""
    y = np.array([0, 1] * 9 + [2, 2])
    order = nested_order(np.arange(100, 120), np.concatenate([np.zeros(100, int), y]), "toy", 1)
    assert order.tolist() == ORDER
    test_rows, pool = _draw_test_set(np.arange(20), np.arange(20) // 2, y, 4, "toy@toy")
    assert test_rows.tolist() == TEST_ROWS
    assert sorted([*test_rows, *pool]) == list(range(20))


def test_a_rare_class_sends_one_of_its_texts_to_the_test_set():
    test_rows, _ = _draw_test_set(np.arange(10), np.arange(10), np.array([0] * 8 + [1, 1]), 4, "toy@toy")
    assert np.bincount(test_rows >= 8).tolist() == [2, 1]


def test_a_budget_of_0_labels_nothing_and_unlabelled_texts_never_come_in_an_order_of_their_classes(data: Dataset,
                                                                                                  split: Split):
    trial = make_trial(data, split, "s", "t", 0, 1)
    assert len(trial.labelled) == len(trial.labelled.labels) == 0
    assert trial.unlabelled.rows.tolist() == sorted(split.pool)
    assert not trial.has_one_class
    assert make_trial(data, split, "s", "t", 0, 1, balanced=True).class_weights.tolist() == [1.0] * len(trial.labels)
    for budget in (0, 8, 32):
        rows = [make_trial(data, split, "s", "t", budget, 1, draw=draw).unlabelled.rows
                for draw in ("stratified", "random")]
        assert all((np.diff(r) > 0).all() for r in rows)
