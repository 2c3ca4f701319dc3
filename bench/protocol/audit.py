"""What could make a score look better than it is: duplicates, leaks, shortcuts, and how much they would change."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.data import text
from bench.data.corpus import Dataset
from bench.protocol.domain import Domain
from bench.protocol.near_duplicates import THRESHOLD, clusters, overlap

MOST = 4_000  # training and test texts at most for the sanity scores


@dataclass(frozen=True)
class CopiesWithin:
    """What stands twice within one task."""

    name: str
    texts: int
    exact: int  # texts that stood earlier in the same task, word for word
    near: int  # further texts that nearly did
    conflicts: int  # texts with the same words under different labels
    train_in_test_exact: int  # training texts that stand in the test set
    train_in_test_near: int


@dataclass(frozen=True)
class CopiesBetween:
    """What a source's training texts share with a target's test set."""

    source: str
    target: str
    exact: int
    near: int


@dataclass(frozen=True)
class SanityScores:
    """Scores of simple models on a task: a real one, and two controls that must not do well."""

    tfidf: float  # balanced accuracy of TF-IDF + logistic regression
    shuffled: float  # the same with shuffled training labels: must be near chance
    shuffled_band: float  # how far from chance a shuffled score can be by luck (three standard errors)
    length_only: float  # of the text's length alone
    chance: float

    @property
    def suspicious(self) -> bool:
        """Whether the shuffled control is further from chance than luck explains."""
        return abs(self.shuffled - self.chance) > self.shuffled_band


def copies_within(loaded: Domain) -> CopiesWithin:
    """Duplicates of one task, before anything is left out."""
    data = loaded.data
    keys = np.asarray(data.corpus.keys)
    groups = clusters(data.corpus)
    distinct = len(np.unique(keys))
    pairs = np.unique(np.column_stack([keys.astype(np.uint64), data.y.astype(np.uint64)]), axis=0)
    return CopiesWithin(loaded.name, len(keys), len(keys) - distinct, distinct - len(np.unique(groups)),
               len(pairs) - distinct, loaded.split.leaked, loaded.split.near)


def copies_between(source: Domain, target: Domain) -> CopiesBetween:
    """Texts of the source's pool that are, or nearly are, in the target's test set."""
    pairs = overlap(source.data.corpus, source.split.pool, target.data.corpus, target.split.test)
    same = np.asarray(source.data.corpus.keys)[pairs[:, 0]] == np.asarray(target.data.corpus.keys)[pairs[:, 1]]
    exact = len(np.unique(pairs[same, 0]))
    return CopiesBetween(source.name, target.name, exact, len(np.unique(pairs[:, 0])) - exact)


def all_pairs(loaded: Sequence[Domain]) -> Iterator[CopiesBetween]:
    """Every source with every target but itself."""
    for source, target in permutations(loaded, 2):
        yield copies_between(source, target)


def change_with_leak(loaded: Domain) -> tuple[float, float] | None:
    """TF-IDF accuracy on the test set without and with the leaked training texts; None where there are none.

    Both train on all the pool; the second adds the texts that left it because they stand in the test set too.
    """
    if not (loaded.split.leaked or loaded.split.near):
        return None
    data = loaded.data
    everything = np.setdiff1d(np.arange(len(data.y)), loaded.split.test)
    groups = clusters(data.corpus)
    keys = np.asarray(data.corpus.keys)
    test_rows = loaded.split.test
    leaks = everything[np.isin(groups[everything], groups[test_rows]) | np.isin(keys[everything], keys[test_rows])]
    counts = text.word_counts(data.corpus.tokens, len(data.corpus.words))
    with_leak = np.concatenate([loaded.split.pool, leaks])
    scores = [_tfidf(counts, data.y, rows, data.y[rows], test_rows, balanced=False)
              for rows in (loaded.split.pool, with_leak)]
    return scores[0], scores[1]


def sanity_scores(loaded: Domain) -> SanityScores:
    """Three quick models on at most MOST training and test texts."""
    data, rng = loaded.data, generator_for("sanity", loaded.name)
    train = rng.permutation(loaded.split.pool)[:MOST]
    test = rng.permutation(loaded.split.test)[:MOST]
    counts = text.word_counts(data.corpus.tokens, len(data.corpus.words))
    chance = 1.0 / len(np.unique(data.y[test]))
    real = _tfidf(counts, data.y, train, data.y[train], test)
    shuffled = float(np.mean([_tfidf(counts, data.y, train, rng.permutation(data.y[train]), test) for _ in range(3)]))
    smallest = int(np.bincount(data.y[test]).clip(1).min())
    band = 3.0 * 0.5 / np.sqrt(smallest * 2)
    return SanityScores(real, shuffled, float(band), _length(data, train, test), chance)


def _tfidf(counts: object, y: NDArray[np.int64], train: NDArray[np.int64], labels: NDArray[np.int64],
           test: NDArray[np.int64], *, balanced: bool = True) -> float:
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, balanced_accuracy_score

    weigh = TfidfTransformer(sublinear_tf=True).fit(counts[train])  # type: ignore[index]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sanity score that stopped early is good enough
        model = LogisticRegression(C=10.0, max_iter=100, class_weight="balanced" if balanced else None)
        model.fit(weigh.transform(counts[train]), labels)  # type: ignore[index]
        guess = model.predict(weigh.transform(counts[test]))  # type: ignore[index]
        return float((balanced_accuracy_score if balanced else accuracy_score)(y[test], guess))


def _length(data: Dataset, train: NDArray[np.int64], test: NDArray[np.int64]) -> float:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    length = data.corpus.tokens.lengths[:, None]
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=20, class_weight="balanced", random_state=0)
    guess = tree.fit(length[train], data.y[train]).predict(length[test])
    return float(balanced_accuracy_score(data.y[test], guess))


__all__ = [
    "THRESHOLD",
    "CopiesBetween",
    "CopiesWithin",
    "SanityScores",
    "all_pairs",
    "change_with_leak",
    "copies_between",
    "copies_within",
    "sanity_scores",
]
