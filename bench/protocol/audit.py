"""What could make scores look better than they are: duplicates, leaks and shortcuts, and how much they would change."""

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

MOST = 4_000  # training texts, and test texts, for the sanity scores


@dataclass(frozen=True)
class CopiesWithin:
    """Duplicates within one task."""

    name: str
    texts: int
    exact: int  # copies of an earlier text of the task: but for case, blanks and punctuation the same
    near: int  # further texts that are near duplicates of an earlier one
    conflicts: int  # copies of another text with a different label
    train_in_test_exact: int  # training texts that are in the test set too
    train_in_test_near: int  # further training texts with a near duplicate in the test set


@dataclass(frozen=True)
class CopiesBetween:
    """Training texts of a source that are in the test set of a target."""

    source: str
    target: str
    exact: int  # texts
    near: int  # further texts, near duplicates


@dataclass(frozen=True)
class SanityScores:
    """Balanced accuracies of simple models on a task: a real model, and two controls that must not do well."""

    tfidf: float  # TF-IDF and logistic regression
    shuffled: float  # the same with shuffled training labels: must be near `chance`
    shuffled_band: float  # how far from `chance` luck can move `shuffled`: three standard errors
    length_only: float  # a decision tree that sees only the length of a text
    chance: float  # one over the number of classes

    @property
    def suspicious(self) -> bool:
        """Whether the shuffled control is further from chance than luck can explain."""
        return abs(self.shuffled - self.chance) > self.shuffled_band


def copies_within(domain: Domain) -> CopiesWithin:
    """The duplicates within one task, before any text is left out."""
    data = domain.data
    keys = np.asarray(data.corpus.keys)
    groups = clusters(data.corpus)
    distinct = len(np.unique(keys))
    pairs = np.unique(np.column_stack([keys.astype(np.uint64), data.y.astype(np.uint64)]), axis=0)
    return CopiesWithin(domain.name, len(keys), len(keys) - distinct, distinct - len(np.unique(groups)),
                        len(pairs) - distinct, domain.split.leaked, domain.split.near)


def copies_between(source: Domain, target: Domain) -> CopiesBetween:
    """Texts of the source's training pool that are in the target's test set, word for word or as near duplicates."""
    pairs = overlap(source.data.corpus, source.split.pool, target.data.corpus, target.split.test)
    same = np.asarray(source.data.corpus.keys)[pairs[:, 0]] == np.asarray(target.data.corpus.keys)[pairs[:, 1]]
    exact = len(np.unique(pairs[same, 0]))
    return CopiesBetween(source.name, target.name, exact, len(np.unique(pairs[:, 0])) - exact)


def all_pairs(domains: Sequence[Domain]) -> Iterator[CopiesBetween]:
    """Every domain as the source of every other one."""
    for source, target in permutations(domains, 2):
        yield copies_between(source, target)


def change_with_leak(domain: Domain) -> tuple[float, float] | None:
    """TF-IDF accuracy on the test set without and with the leaked training texts; None where nothing leaked.

    Both models train on the whole pool. The second also trains on the texts that were removed from the pool because
    they, or near duplicates of them, are in the test set.
    """
    if not (domain.split.leaked or domain.split.near):
        return None
    data, pool, test_rows = domain.data, domain.split.pool, domain.split.test
    others = np.setdiff1d(np.arange(len(data.y)), test_rows)
    groups, keys = clusters(data.corpus), np.asarray(data.corpus.keys)
    leaks = others[np.isin(groups[others], groups[test_rows]) | np.isin(keys[others], keys[test_rows])]
    counts = text.word_counts(data.corpus.tokens, len(data.corpus.words))
    without, with_leak = (_tfidf(counts, data.y, rows, data.y[rows], test_rows, balanced=False)
                          for rows in (pool, np.concatenate([pool, leaks])))
    return without, with_leak


def sanity_scores(domain: Domain) -> SanityScores:
    """The scores of three quick models on at most MOST training texts and MOST test texts."""
    data, rng = domain.data, generator_for("sanity", domain.name)
    train = rng.permutation(domain.split.pool)[:MOST]
    test = rng.permutation(domain.split.test)[:MOST]
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

    tfidf = TfidfTransformer(sublinear_tf=True).fit(counts[train])  # type: ignore[index]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that has not quite converged is good enough here
        model = LogisticRegression(C=10.0, max_iter=100, class_weight="balanced" if balanced else None)
        model.fit(tfidf.transform(counts[train]), labels)  # type: ignore[index]
        predicted = model.predict(tfidf.transform(counts[test]))  # type: ignore[index]
        return float((balanced_accuracy_score if balanced else accuracy_score)(y[test], predicted))


def _length(data: Dataset, train: NDArray[np.int64], test: NDArray[np.int64]) -> float:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    lengths = data.corpus.tokens.lengths[:, None]
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=20, class_weight="balanced", random_state=0)
    predicted = tree.fit(lengths[train], data.y[train]).predict(lengths[test])
    return float(balanced_accuracy_score(data.y[test], predicted))


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
