"""Who may see what: the exam, the training pool, and nested label budgets drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.corpus import SPLITS, Dataset, Examples
from bench.errors import DataError
from bench.seeds import draw

Predictor = Callable[[Examples], NDArray[np.float32]]  # probabilities, [n, classes]
Budget = int | str  # a number of labelled examples, or "full"
FULL = "full"


@dataclass(frozen=True)
class Exam:
    """The test examples of a task; only the runner holds it."""

    examples: Examples


@dataclass(frozen=True)
class Division:
    """A data set split into pool and exam, and how many texts had to leave the pool."""

    pool: NDArray[np.int64]  # rows
    exam: NDArray[np.int64]  # rows
    duplicates: int  # texts of the pool that stood in it already
    leaked: int  # texts of the pool that stand in the exam too


@dataclass(frozen=True)
class Trial:
    """What a baseline is given: no test label is reachable from here."""

    source: str
    target: str
    labels: tuple[str, ...]
    budget: Budget
    seed: int
    labelled: Examples
    unlabelled: Examples


def divide(data: Dataset, test: str, split_by: str, name: str) -> Division:
    """Pool and exam of a data set.

    `test` is "official" (rows marked test), or "quarter" or "fifth": a seeded draw, stratified by label, in which
    a text's duplicates stay on one side, and a group's rows too where `split_by` is "group". The draw
    depends on `name` and the content, not on the run's seeds: every trial of a task has the same exam.
    """
    keys = np.asarray(data.corpus.keys)
    rows = np.arange(len(keys))
    first = np.zeros(len(keys), bool)
    if test == "official":
        exam = rows[data.split == SPLITS.index("test")]
        pool = rows[data.split != SPLITS.index("test")]
    else:
        unit = data.group[rows].astype(np.uint64) if split_by == "group" else keys[rows]
        share = {"quarter": 4, "fifth": 5}[test]
        exam, pool = _draw_exam(rows, unit, data.y, share, name)
        _, once = np.unique(keys[exam], return_index=True)
        exam = exam[np.sort(once)]
    if not len(exam) or not len(pool):
        raise DataError(f"{name}: no rows for {'the exam' if not len(exam) else 'training'}",
                        "an official split needs rows marked train and rows marked test")
    leaks = np.isin(keys[pool], keys[exam])
    clean = pool[~leaks]
    _, once = np.unique(keys[clean], return_index=True)
    first[clean[once]] = True
    kept = clean[first[clean]]
    return Division(kept, exam, len(clean) - len(kept), int(leaks.sum()))


def _draw_exam(rows: NDArray[np.int64], unit: NDArray[np.uint64], y: NDArray[np.int64], share: int,
               name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every `share`-th unit of each class, in shuffled order, goes to the exam."""
    units, at, members = np.unique(unit, return_index=True, return_inverse=True)
    label = y[rows[at]]  # of a unit's first row
    chosen = np.zeros(len(units), bool)
    rng = draw("exam", name)
    for c in np.unique(label):
        own = rng.permutation(np.flatnonzero(label == c))
        chosen[own[: max(1, round(len(own) / share))]] = True
    in_exam = chosen[members]
    return rows[in_exam], rows[~in_exam]


def nested(pool: NDArray[np.int64], y: NDArray[np.int64], *names: object) -> NDArray[np.int64]:
    """The pool in an order whose every beginning is stratified: budget b is the first b rows.

    The first of each class come first, so that a budget of as many labels as classes holds them all.
    """
    rng = draw("budget", *names)
    rank = np.empty(len(pool))
    for c in np.unique(y[pool]):
        own = rng.permutation(np.flatnonzero(y[pool] == c))
        rank[own] = (np.arange(len(own)) + rng.random()) / len(own)
        rank[own[0]] = -1.0 + rng.random() * 0.5
    return pool[np.argsort(rank, kind="stable")]


def trial_of(data: Dataset, division: Division, source: str, target: str, budget: Budget, seed: int) -> Trial:
    """The trial at a budget and seed; every baseline gets the same draw."""
    order = nested(division.pool, data.y, target, seed)
    count = len(order) if budget == FULL else int(budget)
    if count > len(order):
        raise DataError(f"{target}: a budget of {count} labels, but only {len(order)} texts to train on")
    rest = Examples(data.corpus, order[count:])
    return Trial(source, target, data.labels, budget, seed, data.examples(order[:count]), rest)
