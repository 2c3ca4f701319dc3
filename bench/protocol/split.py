"""A data set split into a training pool and a test set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.core.seeds import generator_for
from bench.data.corpus import SPLITS, ArraysAndFacts, Dataset, derived
from bench.protocol.near_duplicates import clusters, overlap

NO_TEST = "none"  # as a kind of test set: every text is trained on
CHECKED = 1_000  # texts at most that stand for the test set then; scores of them mean nothing
FORMAT_VERSION = 1  # of a saved split; raise it when a split is computed in another way


@dataclass(frozen=True)
class Split:
    """A data set split into pool and test set, and how many texts had to leave the pool."""

    pool: NDArray[np.int64]  # rows
    test: NDArray[np.int64]  # rows
    duplicates: int  # texts of the pool that stood in it already
    leaked: int  # texts of the pool that stand in the test set too
    near: int = 0  # texts of the pool that are near duplicates of one in the test set
    leaked_to_target: int = 0  # texts of a source's pool that stood, or nearly, in the target's test set


def make_split(data: Dataset, test: str, split_by: str, name: str) -> Split:
    """Pool and test set of a data set.

    `test` is "official" (rows marked test), or "quarter" or "fifth": a seeded draw, stratified by label, in which
    a text's near duplicates stay on one side, and a group's rows too where `split_by` is "group". The draw
    depends on `name` and the content, not on the run's seeds: every trial of a task has the same test set.
    With "none" every text is in the pool, and some of them stand for the test set, so that a model can be checked.
    """
    if test == NO_TEST:
        first = _first(np.asarray(data.corpus.keys))
        return Split(first, first[:CHECKED], len(data.y) - len(first), 0)
    keys, same = np.asarray(data.corpus.keys), clusters(data.corpus)
    rows = np.arange(len(keys))
    if test == "official":
        test_rows = rows[data.split == SPLITS.index("test")]
        pool = rows[data.split != SPLITS.index("test")]
    else:
        unit = data.group.astype(np.int64) if split_by == "group" else same
        test_rows, pool = _draw_test_set(rows, unit, data.y, {"quarter": 4, "fifth": 5}[test], name)
        test_rows = test_rows[_first(keys[test_rows])]
    if not len(data.corpus.tokens.ids):
        raise DataError(f"{name}: no text holds a word", "a word has letters or digits; is it the right column?")
    if test != "official" and not len(pool):
        raise DataError(f"{name}: all {len(rows):,} texts are copies of a few, so that none is left to train on",
                        "is it the right column?")
    if not len(test_rows) or not len(pool):
        raise DataError(f"{name}: no rows for {'the test set' if not len(test_rows) else 'training'}",
                        "an official split needs rows marked train and rows marked test")
    exact = np.isin(keys[pool], keys[test_rows])
    near = np.isin(same[pool], same[test_rows]) & ~exact
    clean = pool[~exact & ~near]
    kept = clean[_first(keys[clean])]
    return Split(kept, test_rows, len(clean) - len(kept), int(exact.sum()), int(near.sum()))


def saved_split(data: Dataset, test: str, split_by: str, name: str) -> Split:
    """The split of `make_split`, computed once per corpus and saved beside it."""
    counts = ("duplicates", "leaked", "near")

    def make() -> ArraysAndFacts:
        split = make_split(data, test, split_by, name)
        return {"pool": split.pool, "test": split.test}, {count: getattr(split, count) for count in counts}

    entry = derived(data.corpus, "split", [FORMAT_VERSION, name, test, split_by, list(data.labels)], make)
    return Split(entry.array("pool"), entry.array("test"), *(int(entry.facts[count]) for count in counts))


def without_test_texts(source: Dataset, split: Split, target: Dataset, test_rows: NDArray[np.int64]) -> Split:
    """The source's split with the texts gone from its pool that are, or nearly are, in the target's test set."""
    from bench.core.store import key_of

    def make() -> ArraysAndFacts:
        pairs = overlap(source.corpus, split.pool, target.corpus, test_rows)
        return {"rows": np.unique(pairs[:, 0]) if len(pairs) else np.empty(0, np.int64)}, {}

    key = [target.corpus.sha256, key_of(test_rows.tolist()), key_of(split.pool.tolist())]
    gone = derived(source.corpus, "leaks", key, make).array("rows")
    pool = split.pool[~np.isin(split.pool, gone)]
    return replace(split, pool=pool, leaked_to_target=len(split.pool) - len(pool))


def _first(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each key stands first, ascending."""
    return np.sort(np.unique(keys, return_index=True)[1])


def _draw_test_set(rows: NDArray[np.int64], unit: NDArray[np.int64], y: NDArray[np.int64], share: int,
               name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every `share`-th unit of each class, in shuffled order, goes to the test set."""
    units, at, members = np.unique(unit, return_index=True, return_inverse=True)
    label = y[rows[at]]  # of a unit's first row
    chosen = np.zeros(len(units), bool)
    rng = generator_for("exam", name)
    for c in np.unique(label):
        own = rng.permutation(np.flatnonzero(label == c))
        chosen[own[: max(1, round(len(own) / share))]] = True
    in_test = chosen[members]
    return rows[in_test], rows[~in_test]
