"""Who may see what: the test set, the training pool, and nested label budgets drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.budget import Budget, labels_in
from bench.core.errors import DataError
from bench.core.seeds import generator_for
from bench.data.corpus import Dataset, Examples
from bench.protocol.split import Split

Predictor = Callable[[Examples], NDArray[np.float32]]  # probabilities, [n, classes]


@dataclass(frozen=True)
class Exam:
    """The test examples of a task; only the runner holds it."""

    examples: Examples


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


def nested_order(pool: NDArray[np.int64], y: NDArray[np.int64], *names: object) -> NDArray[np.int64]:
    """The pool in an order whose every beginning is stratified: budget b is the first b rows.

    The first of each class come first, so that a budget of as many labels as classes holds them all.
    """
    rng = generator_for("budget", *names)
    rank = np.empty(len(pool))
    for c in np.unique(y[pool]):
        own = rng.permutation(np.flatnonzero(y[pool] == c))
        rank[own] = (np.arange(len(own)) + rng.random()) / len(own)
        rank[own[0]] = -1.0 + rng.random() * 0.5
    return pool[np.argsort(rank, kind="stable")]


def make_trial(data: Dataset, split: Split, source: str, target: str, budget: Budget, seed: int,
             head_seed: int | None = None, *, balanced: bool = False) -> Trial:
    """The trial at a budget and seed; every baseline gets the same draw.

    What a baseline draws itself depends on the trial's seed: that is `head_seed` where one is given. `balanced` where
    balanced accuracy leads the target's leaderboard.
    """
    order = nested_order(split.pool, data.y, target, seed)
    count = labels_in(budget, len(order))
    if count > len(order):
        raise DataError(f"{target}: a budget of {count} labels, but only {len(order)} texts to train on")
    rest = Examples(data.corpus, order[count:])
    own = seed if head_seed is None else head_seed
    return Trial(source, target, data.labels, budget, own, data.examples(order[:count]), rest, balanced)
