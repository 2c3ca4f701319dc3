"""Logistic regression on features: the penalty is chosen inside the budget, and no class is lost."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

C_GRID = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # scikit-learn's C, for standardised features
TUNING_EXAMPLES = 2_000  # the most examples that the choice of C looks at
UNSEEN_BIAS = -1e4  # of a class without an example: its probability is 0 in floating point


@dataclass(frozen=True)
class Head:
    """A linear layer whose softmax gives a classifier's probabilities."""

    weight: NDArray[np.float64]  # [classes, d]
    bias: NDArray[np.float64]  # [classes]


@dataclass(frozen=True)
class Probe:
    """A logistic regression on standardised features; a class without an example has probability 0.

    Where all examples are of one class it predicts their smoothed class shares, whatever the features.
    """

    mean: NDArray[np.float32]  # of the examples' features, [d]
    deviation: NDArray[np.float32]  # their standard deviation, plus a little, [d]
    model: Any  # LogisticRegression; None where all examples are of one class
    labels: NDArray[np.int64]  # of the examples, [n]

    def __call__(self, x: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
        """Probabilities of features [n, d], [n, classes]."""
        if self.model is None:
            return np.tile(smoothed_shares(self.labels, classes).astype(np.float32), (len(x), 1))
        return class_probabilities(self.model, (x - self.mean) / self.deviation, classes)

    def head(self, classes: int) -> Head:
        """The same classifier as a linear layer on features that are not standardised."""
        if self.model is not None:
            standardised = linear_head(self.model, classes)
            weight = standardised.weight / self.deviation
            return Head(weight, standardised.bias - weight @ self.mean.astype(np.float64))
        return Head(np.zeros((classes, len(self.mean))), np.log(smoothed_shares(self.labels, classes)))


def smoothed_shares(labels: NDArray[np.int64], classes: int, more: float = 1.0) -> NDArray[np.float64]:
    """The share of each class among labels [n], smoothed, [classes]: (texts of it + more) / (n + more · classes).

    With 1 more this is Laplace's rule of succession: one text more of every class, so that no class has probability 0.
    """
    counts = np.bincount(labels, minlength=classes) + more
    return np.asarray(counts / counts.sum())


def linear_head(model: Any, classes: int) -> Head:
    """A fitted `LogisticRegression`, which knows only the classes of its examples, as a linear layer for all."""
    weight, bias = np.zeros((classes, model.coef_.shape[1])), np.full(classes, UNSEEN_BIAS)
    bias[model.classes_] = 0.0
    seen = model.classes_ if len(model.classes_) > 2 else model.classes_[1:]  # of two, one has all the weights
    weight[seen], bias[seen] = model.coef_, model.intercept_
    return Head(weight, bias)


def fit_probe(x: NDArray[np.float32], y: NDArray[np.int64], seed: int, class_weight: str | None = None) -> Probe:
    """Logistic regression on features [n, d], standardised by these examples; C has the best 5-fold log-loss on them.

    `class_weight` is scikit-learn's, None or "balanced"; it counts in the log-loss too.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.utils.class_weight import compute_sample_weight

    def weighted_log_loss(model: Any, x: NDArray[np.float32], y: NDArray[np.int64]) -> float:
        p = model.predict_proba(x)
        return -float(log_loss(y, p, labels=model.classes_, sample_weight=compute_sample_weight(class_weight, y)))

    best = 0.01
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = (x - mean) / deviation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fold whose lbfgs stops at max_iter is ranked well enough
        if len(np.unique(y)) < 2:
            return Probe(mean, deviation, None, y)
        sample = np.random.default_rng(seed).permutation(len(y))[:TUNING_EXAMPLES]
        present, counts = np.unique(y[sample], return_counts=True)
        folds = min(5, int(counts.min()))
        if folds >= 2 and len(present) > 1:
            search = GridSearchCV(LogisticRegression(max_iter=200, class_weight=class_weight), {"C": C_GRID},
                                  scoring=weighted_log_loss if class_weight else "neg_log_loss",
                                  cv=StratifiedKFold(folds, shuffle=True, random_state=seed), refit=False,
                                  error_score=-np.inf)
            best = search.fit(x[sample], y[sample]).best_params_["C"]
        model = LogisticRegression(C=best, max_iter=500, class_weight=class_weight).fit(x, y)
    return Probe(mean, deviation, model, y)


def fit_weighted_probe(x: NDArray[np.float32], y: NDArray[np.int64], weight: NDArray[np.float64], penalty: float
                       ) -> Probe:
    """Logistic regression on features [n, d] of examples that weigh differently, [n]; standardised with these weights.

    `penalty` is scikit-learn's C.
    """
    from sklearn.linear_model import LogisticRegression

    mean = np.average(x, axis=0, weights=weight).astype(np.float32)
    deviation = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight)).astype(np.float32) + np.float32(1e-3)
    if len(np.unique(y)) < 2:
        return Probe(mean, deviation, None, y)
    model = LogisticRegression(C=penalty, max_iter=500).fit((x - mean) / deviation, y, sample_weight=weight)
    return Probe(mean, deviation, model, y)


def class_probabilities(model: Any, x: Any, classes: int) -> NDArray[np.float32]:
    """`model.predict_proba(x)` of a scikit-learn classifier with a column for every class, [n, classes].

    A class without an example has probability 0.
    """
    out = np.zeros((x.shape[0], classes), np.float32)
    out[:, model.classes_] = model.predict_proba(x)
    return out
