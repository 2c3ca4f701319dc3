"""The scores of one test set: accuracy, balanced accuracy, macro-F1, AUC and log-loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def score(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> dict[str, float | None]:
    """Scores of `probabilities` [n, classes] against `truth` [n]; AUC is None where a class is absent.

    AUC is the area under the ROC curve, one-vs-rest and macro-averaged beyond two classes.
    Log-loss is in nats. Raises ValueError on shapes or values that are no probabilities.
    """
    from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, roc_auc_score

    n, classes = probabilities.shape
    if truth.shape != (n,) or n == 0:
        raise ValueError(f"{truth.shape} truths for {n} predictions")
    if not np.isfinite(probabilities).all() or (probabilities < 0).any():
        raise ValueError("predictions hold NaN, infinite or negative values")
    p = probabilities.astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    guess = p.argmax(axis=1)
    bounded = np.clip(p, 1e-7, 1.0)  # one certain and wrong answer must not make the log-loss infinite
    present = np.unique(truth)
    auc = None
    if len(present) == classes:
        auc = roc_auc_score(truth, p[:, 1]) if classes == 2 else roc_auc_score(truth, p, multi_class="ovr")
    import warnings

    with warnings.catch_warnings():  # a class that is predicted but absent is a fact, not a warning
        warnings.simplefilter("ignore", UserWarning)
        balanced = balanced_accuracy_score(truth, guess)
    return {
        "accuracy": float((guess == truth).mean()),
        "balanced_accuracy": float(balanced),
        "macro_f1": float(f1_score(truth, guess, average="macro", labels=present, zero_division=0.0)),
        "auc": None if auc is None else float(auc),
        "log_loss": float(log_loss(truth, bounded / bounded.sum(axis=1, keepdims=True), labels=list(range(classes)))),
    }


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of logits, [n, classes]."""
    from scipy.special import softmax as of

    return np.asarray(of(logits.astype(np.float64), axis=1), np.float32)
