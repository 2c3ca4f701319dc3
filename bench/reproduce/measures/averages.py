"""Tutorial B: the mean GloVe vector of a post and a random forest, as it was published and as it was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.features.glove import WordVectors
from bench.learning.resources import Resources
from bench.protocol.domain import Domain
from bench.reproduce.measures.session import Measurement, Session

TREES = 50
CLAIMED = np.array([[224, 88], [95, 306]])


def letters(session: Session) -> Measurement:
    """Letters instead of words, hard labels, and the two arguments of the score in the wrong order."""
    from sklearn.metrics import confusion_matrix, roc_auc_score

    posts = session.data("newsgroups-atheism-space@bydate-raw")
    train, test = (np.flatnonzero(posts.data.split == part) for part in (1, 2))
    texts = [posts.data.corpus.text(int(row)) for row in (*train, *test)]
    x = letter_means(texts, session.vectors())
    y = posts.data.y
    auc, accuracy, worst, matrices = [], [], [], []
    for seed in range(session.seeds):
        guess = _forest(x[: len(train)], y[train], seed).predict(x[len(train) :])
        auc.append(float(roc_auc_score(guess, y[test])))
        accuracy.append(float((guess == y[test]).mean()))
        matrix = confusion_matrix(guess, y[test])  # rows are the guesses here too
        matrices.append(matrix)
        worst.append(float(np.abs(matrix - CLAIMED).max()))
    mean = np.mean(matrices, axis=0).round().astype(int).tolist()
    return Measurement({"AUC, swapped": tuple(auc), "accuracy": tuple(accuracy), "worst cell": tuple(worst)},
                       (f"Mean confusion matrix, with predictions as rows: {mean}; {len(train):,} training and "
                        f"{len(test):,} test posts.",))


def whole_words(session: Session) -> Measurement:
    """Words, probabilities and the right order; the same without what gives the group away."""
    figures = {}
    for name, edition in (("", "bydate-raw"), ("without headers: ", "bydate")):
        posts = session.data(f"newsgroups-atheism-space@{edition}")
        auc, accuracy = _words(posts, session)
        figures[f"{name}AUC"], figures[f"{name}accuracy"] = tuple(auc), tuple(accuracy)
    return Measurement(figures, ("Headers, footers and quotes name the group and its regulars.",))


def letter_means(texts: Sequence[str], vectors: WordVectors) -> NDArray[np.float32]:
    """The mean vector of each text's characters, [n, 50]; a character without a vector counts as zeros."""
    known = sorted(set("".join(texts)))
    number = {letter: i for i, letter in enumerate(known)}
    table = vectors.look_up(known)
    rows = [np.bincount([number[c] for c in text], minlength=len(known)) / max(1, len(text)) for text in texts]
    return np.asarray(np.array(rows) @ table, np.float32)


def _words(posts: Domain, session: Session) -> tuple[list[float], list[float]]:
    """AUC and accuracy of each seed, with words and probabilities."""
    from sklearn.metrics import roc_auc_score

    from bench.learning.networks.architectures import ARCHITECTURES
    from bench.learning.networks.engines import engine

    train, test = (np.flatnonzero(posts.data.split == part) for part in (1, 2))
    resources = Resources(engine("torch"), ARCHITECTURES["gru"], "cpu", 0, vectors=session.vectors())
    x = resources.mean_vectors(posts.data.examples(np.arange(len(posts.data.y))))
    y = posts.data.y
    auc, accuracy = [], []
    for seed in range(session.seeds):
        p = _forest(x[train], y[train], seed).predict_proba(x[test])[:, 1]
        auc.append(float(roc_auc_score(y[test], p)))
        accuracy.append(float(((p > 0.5) == y[test]).mean()))
    return auc, accuracy


def _forest(x: NDArray[np.float32], y: NDArray[np.int64], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=TREES, random_state=seed, n_jobs=1).fit(x, y)
