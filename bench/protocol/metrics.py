"""Scores on a test set: accuracy, balanced accuracy, macro-F1, AUC and log-loss."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray


def score(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> dict[str, float | None]:
    """The scores of `probabilities` [n, classes] against the true classes `truth` [n].

    AUC is the area under the ROC curve, for more than two classes the macro-average of one-vs-rest; None where a class
    has no text. Log-loss is in nats. Raises `ValueError` for wrong shapes and for values that are no probabilities.
    """
    from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score

    n, classes = probabilities.shape
    if truth.shape != (n,) or n == 0:
        raise ValueError(f"{truth.shape} true classes for {n} predictions")
    if not np.isfinite(probabilities).all() or (probabilities < 0).any():
        raise ValueError("predictions hold NaN, infinite or negative values")
    p = probabilities.astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    predicted = p.argmax(axis=1)
    bounded = np.clip(p, 1e-7, 1.0)  # one wrong answer of probability 1 must not make the log-loss infinite
    present = np.unique(truth)
    auc = None
    if len(present) == classes:
        auc = roc_auc_score(truth, p[:, 1]) if classes == 2 else roc_auc_score(truth, p, multi_class="ovr")
    with warnings.catch_warnings():  # scikit-learn warns of a class that is predicted but has no text
        warnings.simplefilter("ignore", UserWarning)
        balanced = balanced_accuracy_score(truth, predicted)
    return {
        "accuracy": float((predicted == truth).mean()),
        "balanced_accuracy": float(balanced),
        "macro_f1": float(f1_score(truth, predicted, average="macro", labels=present, zero_division=0.0)),
        "auc": None if auc is None else float(auc),
        "log_loss": float(log_loss(truth, bounded / bounded.sum(axis=1, keepdims=True), labels=list(range(classes)))),
    }


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The probabilities [n, classes] for logits of the same shape, computed in 64 bits."""
    from scipy import special

    return np.asarray(special.softmax(logits.astype(np.float64), axis=1), np.float32)
