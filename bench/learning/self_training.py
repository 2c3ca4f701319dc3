"""Self-training: a classifier labels the unlabelled texts that it is surest of, and is fitted again on these too.

The texts are taken class by class, in given shares, so that a class that the classifier prefers on the new domain
cannot crowd out the others (class-balanced self-training: Zou et al. 2018; the idea is older: Yarowsky 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PARTS = (0.3, 0.6, 0.9)  # of the unlabelled texts that are labelled in each round, at most
OWN = 0.7  # of the texts that it assigns to a class itself, the classifier labels at most this share
HEAVIEST = 16.0  # times the weight of a source text that a target text counts
STOP = 1e-3  # of the gradient of the mean loss: to fit closer takes three times as long and labels no better
CLOSEST = 1e-5  # of the same; a model whose gradient is below it has nothing left to learn
SOURCE_COUNTS = 32.0  # labelled target texts that the class shares of the source are worth


@dataclass(frozen=True)
class PseudoLabels:
    """Texts that a classifier has labelled."""

    rows: NDArray[np.int64]  # ascending, of the unlabelled texts
    classes: NDArray[np.int64]


def class_shares(source: NDArray[np.int64], labelled: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The class shares to keep, [classes]: those of the labelled target texts, and of the source where these are few.

    The source's count as much as `SOURCE_COUNTS` texts. An estimate from the classifier's own answers on the target
    would hold the very bias that self-training is to remove.
    """
    of_source = np.bincount(source, minlength=classes) / max(len(source), 1)
    counts = np.bincount(labelled, minlength=classes) + SOURCE_COUNTS * of_source
    return np.asarray(counts / counts.sum(), np.float64)


def room(logits: NDArray[np.floating[Any]], shares: NDArray[np.float64]) -> float:
    """The largest part of the texts that can be labelled in these shares: no class gets more than `OWN` of its own."""
    predicted = np.bincount(logits.argmax(axis=1), minlength=logits.shape[1])
    wanted = shares * len(logits)
    return float(np.min(OWN * predicted[wanted > 0] / wanted[wanted > 0], initial=1.0))


def surest(logits: NDArray[np.floating[Any]], shares: NDArray[np.float64], part: float) -> PseudoLabels:
    """The texts of the widest margins for each class, in the given class shares, by logits [n, classes].

    At most the `part` of all texts, and of each class at most the share `OWN` of the texts that are assigned to it: so
    where the target has other class shares than those given, few texts are labelled, and none against the classifier.
    """
    own = logits.argmax(axis=1)
    counts = np.floor(min(part, room(logits, shares)) * shares * len(logits) + 1e-9).astype(np.int64)
    ordered = np.sort(logits, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    rows = []
    for c, count in enumerate(counts):
        of_class = np.flatnonzero(own == c)
        rows.append(of_class[np.argsort(-margin[of_class], kind="stable")[:count]])
    chosen = np.sort(np.concatenate(rows))
    return PseudoLabels(chosen, own[chosen])


def self_train(model: Any, x: csr_matrix, y: NDArray[np.int64], weight: NDArray[np.float64], unlabelled: csr_matrix,
               shares: NDArray[np.float64], *, balanced: bool = False, parts: Sequence[float] = PARTS) -> PseudoLabels:
    """Fit a fitted linear classifier of scikit-learn again, a few rounds, on labelled texts and on those it labels.

    The `model` knows all classes as 0, 1, …, and goes on from its own coefficients (`warm_start`). `x` [n, features]
    holds the labelled texts, with classes `y` [n] and weights [n]; `unlabelled` is [m, features]. `shares` [classes]
    are the class shares to keep. The texts that it labels weigh together as much as `n` texts, none more than
    `HEAVIEST`; if `balanced`, each class of them weighs the same. `parts` of the unlabelled texts: one for each round.
    No round labels more than an earlier model had room for: a model that has learned wrong shares would find more.

    Returns what it labelled in the last round.
    """
    from scipy.sparse import vstack
    from sklearn.utils.class_weight import compute_sample_weight

    pseudo, most = PseudoLabels(np.arange(0), np.arange(0)), 1.0
    for part in parts:
        if not unlabelled.shape[0]:
            break
        logits = _logits(model, unlabelled)
        most = min(most, room(logits, shares))
        pseudo = surest(logits, shares, min(part, most))
        if not len(pseudo.rows):
            break
        each = min(HEAVIEST, len(y) / len(pseudo.rows))
        by_class = compute_sample_weight("balanced" if balanced else None, pseudo.classes)
        fit_further(model, vstack([x, unlabelled[pseudo.rows]]).tocsr(), np.concatenate([y, pseudo.classes]),
                    np.concatenate([weight, each * by_class]))
    return pseudo


def fit_further(model: Any, x: csr_matrix, y: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
    """Fit a classifier of scikit-learn that goes on from its own coefficients, by one step of its solver or more.

    Where a model starts, its gradient may be below its tolerance already: then it would learn nothing of the texts that
    are new. So the tolerance is halved until the solver takes a step, down to `CLOSEST`; the model keeps its own.
    """
    tolerance = model.tol
    model.fit(x, y, sample_weight=weight)
    while not np.any(model.n_iter_) and model.tol > CLOSEST:
        model.set_params(tol=model.tol / 2).fit(x, y, sample_weight=weight)
    model.set_params(tol=tolerance)


def _logits(model: Any, x: csr_matrix) -> NDArray[np.float64]:
    """The decision values, with a column for each class also where there are two, [n, classes]."""
    values = np.asarray(model.decision_function(x))
    return np.column_stack([-values / 2, values / 2]) if values.ndim == 1 else values
