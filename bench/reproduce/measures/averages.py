"""Tutorial B: the mean GloVe vector of a post and a random forest, as it was published and as it was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.features.glove import WordVectors
from bench.learning.resources import Resources
from bench.protocol.domain import Domain
from bench.reproduce.measures.workplace import Measured, Workplace

TREES = 50
CLAIMED = np.array([[224, 88], [95, 306]])


def letters(place: Workplace) -> Measured:
    """Letters instead of words, hard labels, and the two arguments of the score in the wrong order."""
    from sklearn.metrics import confusion_matrix, roc_auc_score

    posts = place.data("newsgroups-atheism-space@bydate-raw")
    train, test = (np.flatnonzero(posts.data.split == side) for side in (1, 2))
    texts = [posts.data.corpus.text(int(row)) for row in (*train, *test)]
    x = letter_means(texts, place.vectors())
    y = posts.data.y
    auc, right, worst, cells = [], [], [], []
    for seed in range(place.seeds):
        guess = _forest(x[: len(train)], y[train], seed).predict(x[len(train) :])
        auc.append(float(roc_auc_score(guess, y[test])))
        right.append(float((guess == y[test]).mean()))
        matrix = confusion_matrix(guess, y[test])  # rows are the guesses here too
        cells.append(matrix)
        worst.append(float(np.abs(matrix - CLAIMED).max()))
    mean = np.mean(cells, axis=0).round().astype(int).tolist()
    return Measured({"AUC, swapped": tuple(auc), "accuracy": tuple(right), "worst cell": tuple(worst)},
                    (f"Mean confusion matrix, rows the guesses: {mean}; {len(train):,} training and {len(test):,} test "
                     "posts.",))


def whole_words(place: Workplace) -> Measured:
    """Words, probabilities and the right order; the same without what gives the group away."""
    figures = {}
    for name, edition in (("", "bydate-raw"), ("without headers: ", "bydate")):
        posts = place.data(f"newsgroups-atheism-space@{edition}")
        auc, right = _words(posts, place)
        figures[f"{name}AUC"], figures[f"{name}accuracy"] = tuple(auc), tuple(right)
    return Measured(figures, ("Headers, footers and quotes name the group and its regulars.",))


def letter_means(texts: Sequence[str], vectors: WordVectors) -> NDArray[np.float32]:
    """The mean vector of each text's characters, [n, 50]; a character without a vector counts as zeros."""
    known = sorted(set("".join(texts)))
    number = {letter: i for i, letter in enumerate(known)}
    table = vectors.look_up(known)
    rows = [np.bincount([number[c] for c in text], minlength=len(known)) / max(1, len(text)) for text in texts]
    return np.asarray(np.array(rows) @ table, np.float32)


def _words(posts: Domain, place: Workplace) -> tuple[list[float], list[float]]:
    from sklearn.metrics import roc_auc_score

    from bench.learning.networks.architectures import ARCHITECTURES
    from bench.learning.networks.engines import engine

    train, test = (np.flatnonzero(posts.data.split == side) for side in (1, 2))
    resources = Resources(engine("torch"), ARCHITECTURES["gru"], "cpu", 0, vectors=place.vectors())
    x = resources.mean_vectors(posts.data.examples(np.arange(len(posts.data.y))))
    y = posts.data.y
    auc, right = [], []
    for seed in range(place.seeds):
        p = _forest(x[train], y[train], seed).predict_proba(x[test])[:, 1]
        auc.append(float(roc_auc_score(y[test], p)))
        right.append(float(((p > 0.5) == y[test]).mean()))
    return auc, right


def _forest(x: NDArray[np.float32], y: NDArray[np.int64], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=TREES, random_state=seed, n_jobs=1).fit(x, y)
