"""A data set split into a training pool and a test set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.core.seeds import generator_for
from bench.data.corpus import SPLITS, ArraysAndFacts, Corpus, Dataset, derived
from bench.protocol.near_duplicates import clusters, overlap

NO_TEST = "none"  # as a kind of test set: every text is trained on
CHECKED = 1_000  # texts at most that stand for the test set then; scores of them mean nothing
FORMAT_VERSION = 1  # of a saved split; raise it when a split is computed in another way


@dataclass(frozen=True)
class Split:
    """The training pool and the test set of a data set, and how many texts were removed from the pool."""

    pool: NDArray[np.int64]  # rows
    test: NDArray[np.int64]  # rows
    duplicates: int  # texts removed because the pool has them already
    leaked: int  # texts removed because the test set has them too
    near: int = 0  # texts removed because the test set has a near duplicate
    leaked_to_target: int = 0  # of a source: texts removed because the target's test set has them or near duplicates


def make_split(data: Dataset, test: str, split_by: str, name: str) -> Split:
    """Split a data set into training pool and test set.

    `test` is "official" (the rows marked test), or "quarter" or "fifth": a seeded draw, stratified by label. The draw
    keeps the near duplicates of a text together, or the rows of a group where `split_by` is "group". It depends on
    `name` and the content, not on the seeds of a run, so every trial of a task has the same test set.
    With "none" every text is in the pool, and some of them stand for the test set, so that a model can be checked.
    """
    if test == NO_TEST:
        first = _first(np.asarray(data.corpus.keys))
        return Split(first, first[:CHECKED], len(data.y) - len(first), 0)
    keys, cluster = np.asarray(data.corpus.keys), clusters(data.corpus)
    rows = np.arange(len(keys))
    if test == "official":
        test_rows = rows[data.split == SPLITS.index("test")]
        pool = rows[data.split != SPLITS.index("test")]
    else:
        unit = data.group.astype(np.int64) if split_by == "group" else cluster
        test_rows, pool = _draw_test_set(rows, unit, data.y, {"quarter": 4, "fifth": 5}[test], name)
        test_rows = test_rows[_first(keys[test_rows])]
    if not len(data.corpus.tokens.ids):
        raise DataError(f"{name}: no text holds a word or an emoji",
                        "a word has letters or digits; is it the right column?")
    if test != "official" and not len(pool):
        raise DataError(f"{name}: all {len(rows):,} texts are copies of a few, so that none is left to train on",
                        "is it the right column?")
    if not len(test_rows) or not len(pool):
        raise DataError(f"{name}: no rows for {'the test set' if not len(test_rows) else 'training'}",
                        "an official split needs rows marked train and rows marked test")
    exact = np.isin(keys[pool], keys[test_rows])
    near = np.isin(cluster[pool], cluster[test_rows]) & ~exact
    clean = pool[~exact & ~near]
    distinct = clean[_first(keys[clean])]
    return Split(distinct, test_rows, len(clean) - len(distinct), int(exact.sum()), int(near.sum()))


def saved_split(data: Dataset, test: str, split_by: str, name: str) -> Split:
    """The split of `make_split`, computed once per corpus and saved beside it."""
    counts = ("duplicates", "leaked", "near")

    def make() -> ArraysAndFacts:
        split = make_split(data, test, split_by, name)
        return {"pool": split.pool, "test": split.test}, {count: getattr(split, count) for count in counts}

    entry = derived(data.corpus, "split", [FORMAT_VERSION, name, test, split_by, list(data.labels)], make)
    return Split(entry.array("pool"), entry.array("test"), *(int(entry.facts[count]) for count in counts))


def without_test_texts(source: Dataset, split: Split, target: Dataset, test_rows: NDArray[np.int64]) -> Split:
    """The source's split without the texts of its pool that are in the target's test set, or nearly."""
    pool = not_in_test(source.corpus, split.pool, target, test_rows)
    return replace(split, pool=pool, leaked_to_target=len(split.pool) - len(pool))


def not_in_test(corpus: Corpus, rows: NDArray[np.int64], target: Dataset, test_rows: NDArray[np.int64]
                ) -> NDArray[np.int64]:
    """Those of a corpus's rows whose texts are not in a test set, nor nearly."""
    from bench.core.store import key_of

    def make() -> ArraysAndFacts:
        pairs = overlap(corpus, rows, target.corpus, test_rows)
        return {"rows": np.unique(pairs[:, 0]) if len(pairs) else np.empty(0, np.int64)}, {}

    key = [target.corpus.sha256, key_of(test_rows.tolist()), key_of(rows.tolist())]
    return rows[~np.isin(rows, derived(corpus, "leaks", key, make).array("rows"))]


def _first(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The index of the first occurrence of each key, ascending."""
    return np.sort(np.unique(keys, return_index=True)[1])


def _draw_test_set(rows: NDArray[np.int64], unit: NDArray[np.int64], y: NDArray[np.int64], share: int,
                   name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Test rows and other rows: of each class, one in `share` units is drawn for the test set."""
    units, first, members = np.unique(unit, return_index=True, return_inverse=True)
    label = y[rows[first]]  # a unit counts as the class of its first row
    chosen = np.zeros(len(units), bool)
    rng = generator_for("exam", name)
    for c in np.unique(label):
        candidates = rng.permutation(np.flatnonzero(label == c))
        chosen[candidates[: max(1, round(len(candidates) / share))]] = True
    in_test = chosen[members]
    return rows[in_test], rows[~in_test]
