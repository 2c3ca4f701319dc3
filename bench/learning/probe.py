"""Logistic regression as the baselines use it: the penalty chosen inside the budget, every class kept."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # scikit-learn's C, for standardised features
CHOSEN_ON = 2_000  # examples at most that the choice looks at


NEVER = -1e4  # bias of a class without an example: its probability is 0 in floating point


@dataclass(frozen=True)
class Head:
    """A linear layer whose softmax is a classifier's probabilities."""

    weight: NDArray[np.float64]  # [classes, d]
    bias: NDArray[np.float64]  # [classes]


@dataclass(frozen=True)
class Probe:
    """A logistic regression on standardised features; a class that was never seen has probability 0."""

    mean: NDArray[np.float32]  # of the examples' features, [d]
    spread: NDArray[np.float32]  # their standard deviation, and a little
    model: Any  # LogisticRegression; None where there was one class alone
    only: int = 0  # that class

    def __call__(self, x: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
        """Probabilities of features [n, d], [n, classes]."""
        if self.model is None:
            return _only(self.only, len(x), classes)
        return spread(self.model, (x - self.mean) / self.spread, classes)

    def head(self, classes: int) -> Head:
        """The same as a linear layer on the features as they are."""
        if self.model is not None:
            inner = head_of(self.model, classes)
            weight = inner.weight / self.spread
            return Head(weight, inner.bias - weight @ self.mean.astype(np.float64))
        bias = np.full(classes, NEVER)
        bias[self.only] = 0.0
        return Head(np.zeros((classes, len(self.mean))), bias)


def head_of(model: Any, classes: int) -> Head:
    """A fitted `LogisticRegression` of any classes as a linear layer for all of them."""
    weight, bias = np.zeros((classes, model.coef_.shape[1])), np.full(classes, NEVER)
    bias[model.classes_] = 0.0
    seen = model.classes_ if len(model.classes_) > 2 else model.classes_[1:]  # of two, one has all the weights
    weight[seen], bias[seen] = model.coef_, model.intercept_
    return Head(weight, bias)


def probe(x: NDArray[np.float32], y: NDArray[np.int64], seed: int, class_weight: str | None = None) -> Probe:
    """Logistic regression on features [n, d], standardised by these examples; C is the best of 5-fold log-loss here.

    `class_weight` is scikit-learn's, None or "balanced", and counts in the log-loss too.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.utils.class_weight import compute_sample_weight

    def fit_to(model: Any, x: NDArray[np.float32], y: NDArray[np.int64]) -> float:
        p = model.predict_proba(x)
        return -float(log_loss(y, p, labels=model.classes_, sample_weight=compute_sample_weight(class_weight, y)))

    folds = min(5, int(np.bincount(y)[np.unique(y)].min()))
    best = 0.01
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = (x - mean) / deviation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fold's lbfgs that stops at max_iter ranks well enough
        if len(np.unique(y)) < 2:
            return Probe(mean, deviation, None, int(y[0]))
        if folds >= 2:
            few = np.random.default_rng(seed).permutation(len(y))[:CHOSEN_ON]
            search = GridSearchCV(LogisticRegression(max_iter=200, class_weight=class_weight), {"C": PENALTIES},
                                  scoring=fit_to if class_weight else "neg_log_loss",
                                  cv=StratifiedKFold(folds, shuffle=True, random_state=seed), refit=False,
                                  error_score=-np.inf)
            best = search.fit(x[few], y[few]).best_params_["C"]
        model = LogisticRegression(C=best, max_iter=500, class_weight=class_weight).fit(x, y)
    return Probe(mean, deviation, model)


def spread(model: Any, x: Any, classes: int) -> NDArray[np.float32]:
    """`model.predict_proba(x)` with a column for every class, [n, classes]."""
    out = np.zeros((x.shape[0], classes), np.float32)
    out[:, model.classes_] = model.predict_proba(x)
    return out


def _only(label: int, n: int, classes: int) -> NDArray[np.float32]:
    out = np.zeros((n, classes), np.float32)
    out[:, label] = 1.0
    return out
