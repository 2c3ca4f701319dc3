"""Who may see what: the exam, the training pool, and nested label budgets drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.core.seeds import draw
from bench.data.corpus import SPLITS, Dataset, Examples, Made, derived
from bench.protocol.near_duplicates import clusters, overlap

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
    near: int = 0  # texts of the pool that are near duplicates of one in the exam
    leaked_to_target: int = 0  # texts of a source's pool that stood, or nearly, in the target's exam


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
    balanced: bool = False  # the score counts the classes alike, whatever their sizes

    @property
    def class_weight(self) -> str | None:
        """What scikit-learn's `class_weight` should be: a loss counts the classes as the score does."""
        return "balanced" if self.balanced else None

    @property
    def class_weights(self) -> NDArray[np.float32] | None:
        """The same for a network's loss, [classes]; None: all 1. A class without an example has 1."""
        if not self.balanced:
            return None
        from sklearn.utils.class_weight import compute_class_weight

        weights = np.ones(len(self.labels), np.float32)
        present = np.unique(self.labelled.labels)
        weights[present] = compute_class_weight("balanced", classes=present, y=self.labelled.labels)
        return weights


def divide(data: Dataset, test: str, split_by: str, name: str) -> Division:
    """Pool and exam of a data set.

    `test` is "official" (rows marked test), or "quarter" or "fifth": a seeded draw, stratified by label, in which
    a text's near duplicates stay on one side, and a group's rows too where `split_by` is "group". The draw
    depends on `name` and the content, not on the run's seeds: every trial of a task has the same exam.
    """
    keys, same = np.asarray(data.corpus.keys), clusters(data.corpus)
    rows = np.arange(len(keys))
    if test == "official":
        exam = rows[data.split == SPLITS.index("test")]
        pool = rows[data.split != SPLITS.index("test")]
    else:
        unit = data.group.astype(np.int64) if split_by == "group" else same
        exam, pool = _draw_exam(rows, unit, data.y, {"quarter": 4, "fifth": 5}[test], name)
        exam = exam[_first(keys[exam])]
    if not len(exam) or not len(pool):
        raise DataError(f"{name}: no rows for {'the exam' if not len(exam) else 'training'}",
                        "an official split needs rows marked train and rows marked test")
    exact = np.isin(keys[pool], keys[exam])
    near = np.isin(same[pool], same[exam]) & ~exact
    clean = pool[~exact & ~near]
    kept = clean[_first(keys[clean])]
    return Division(kept, exam, len(clean) - len(kept), int(exact.sum()), int(near.sum()))


def without_exam(source: Dataset, division: Division, target: Dataset, exam: NDArray[np.int64]) -> Division:
    """The source's division with the texts gone from its pool that are, or nearly are, in the target's exam."""
    from bench.core.store import key_of

    def make() -> Made:
        pairs = overlap(source.corpus, division.pool, target.corpus, exam)
        return {"rows": np.unique(pairs[:, 0]) if len(pairs) else np.empty(0, np.int64)}, {}

    key = [target.corpus.sha256, key_of(exam.tolist()), key_of(division.pool.tolist())]
    gone = derived(source.corpus, "leaks", key, make).array("rows")
    pool = division.pool[~np.isin(division.pool, gone)]
    return replace(division, pool=pool, leaked_to_target=len(division.pool) - len(pool))


def _first(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each key stands first, ascending."""
    return np.sort(np.unique(keys, return_index=True)[1])


def _draw_exam(rows: NDArray[np.int64], unit: NDArray[np.int64], y: NDArray[np.int64], share: int,
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


def trial_of(data: Dataset, division: Division, source: str, target: str, budget: Budget, seed: int,
             head_seed: int | None = None, *, balanced: bool = False) -> Trial:
    """The trial at a budget and seed; every baseline gets the same draw.

    What a baseline draws itself depends on the trial's seed: that is `head_seed` where one is given. `balanced` where
    balanced accuracy leads the target's leaderboard.
    """
    order = nested(division.pool, data.y, target, seed)
    count = len(order) if budget == FULL else int(budget)
    if count > len(order):
        raise DataError(f"{target}: a budget of {count} labels, but only {len(order)} texts to train on")
    rest = Examples(data.corpus, order[count:])
    own = seed if head_seed is None else head_seed
    return Trial(source, target, data.labels, budget, own, data.examples(order[:count]), rest, balanced)
