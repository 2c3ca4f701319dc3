"""What a strategy gets to see: labelled texts, drawn from the training pool in nested budgets, and unlabelled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.budget import FULL, Budget, Draw, labels_in
from bench.core.errors import DataError
from bench.core.seeds import generator_for
from bench.data.corpus import Dataset, Examples
from bench.protocol.split import Split

Predictor = Callable[[Examples], NDArray[np.float32]]  # probabilities, [n, classes]


@dataclass(frozen=True)
class Trial:
    """What a baseline is given. Nothing here leads to a test label."""

    source: str  # task@edition
    target: str  # task@edition
    labels: tuple[str, ...]  # of the target, by class number
    budget: Budget
    seed: int  # for what the baseline itself draws
    labelled: Examples
    unlabelled: Examples  # the rest of the training pool, in an order that knows no labels
    balanced: bool = False  # every class counts alike in the score, whatever its size

    @property
    def has_one_class(self) -> bool:
        """Whether all labelled texts have the same class, so that they do not tell classes apart."""
        return len(np.unique(self.labelled.labels)) == 1

    @property
    def class_weight(self) -> str | None:
        """scikit-learn's `class_weight`, so that a loss weighs classes as the score does."""
        return "balanced" if self.balanced else None

    @property
    def class_weights(self) -> NDArray[np.float32] | None:
        """The same for the loss of a network, [classes]; None means 1 for all. A class without a label has 1."""
        if not self.balanced:
            return None
        from sklearn.utils.class_weight import compute_class_weight

        weights = np.ones(len(self.labels), np.float32)
        present = np.unique(self.labelled.labels)
        if not len(present):
            return weights
        weights[present] = compute_class_weight("balanced", classes=present, y=self.labelled.labels)
        return weights


def nested_order(pool: NDArray[np.int64], y: NDArray[np.int64], *names: object) -> NDArray[np.int64]:
    """The pool in a random order in which every beginning is stratified: a budget of b labels is the first b rows.

    One text of each class comes first, so that a budget of as many labels as classes has them all.
    """
    rng = generator_for("budget", *names)
    rank = np.empty(len(pool))
    for c in np.unique(y[pool]):
        members = rng.permutation(np.flatnonzero(y[pool] == c))
        rank[members] = (np.arange(len(members)) + rng.random()) / len(members)
        rank[members[0]] = -1.0 + rng.random() * 0.5
    return pool[np.argsort(rank, kind="stable")]


def random_order(pool: NDArray[np.int64], *names: object) -> NDArray[np.int64]:
    """The pool in a uniformly random order, whatever its labels: a budget of b labels is the first b rows."""
    return generator_for("random budget", *names).permutation(pool)


def make_trial(data: Dataset, split: Split, source: str, target: str, budget: Budget, seed: int,
               head_seed: int | None = None, *, balanced: bool = False, draw: Draw = "stratified") -> Trial:
    """The trial at a budget and seed; every baseline gets the same labelled texts.

    A "stratified" draw has every class in the pool's shares. A "random" one knows no labels, so it may miss classes.
    With all labels both are one and the same trial, down to the order of the texts. With a budget of 0 nothing is
    drawn: `labelled` is empty, and `unlabelled` is the whole pool.

    The trial's own seed, on which a baseline's own draws depend, is `head_seed` where that is given. `balanced` is true
    where balanced accuracy leads the target's leaderboard.
    """
    if draw == "random" and budget != FULL:
        order = random_order(split.pool, target, seed)
    else:
        order = nested_order(split.pool, data.y, target, seed)
    count = labels_in(budget, len(order))
    if count > len(order):
        raise DataError(f"{target}: a budget of {count} labels, but only {len(order)} texts to train on",
                        "choose smaller --budgets, or full")
    return Trial(source, target, data.labels, budget, seed if head_seed is None else head_seed,
                 data.examples(order[:count]), Examples(data.corpus, np.sort(order[count:])), balanced)
