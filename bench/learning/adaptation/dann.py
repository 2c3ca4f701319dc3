"""A network with one hidden layer that classifies texts, but cannot tell their domains (DANN, Ganin et al. 2016).

This is the paper's shallow network (its section 4) for sparse or dense features, in NumPy: the same on every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.adaptation.stacking import stacked
from bench.protocol.metrics import softmax

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 64  # labelled texts per step; as many of each domain's for the classifier of domains
FIRST_MOMENT, SECOND_MOMENT, EPSILON = 0.9, 0.999, 1e-8  # of Adam


@dataclass(frozen=True)
class DannNetwork:
    """The hidden layer and the classifier of labels; the classifier of domains is for training only."""

    hidden: NDArray[np.float32]  # [hidden, d + 1]; the last column is the bias
    weight: NDArray[np.float32]  # [classes, hidden]
    bias: NDArray[np.float32]  # [classes]

    def probabilities(self, x: csr_matrix | NDArray[Any]) -> NDArray[np.float32]:
        """Of texts with features [n, d], [n, classes]."""
        h = np.tanh(np.asarray(x @ self.hidden[:, :-1].T, np.float32) + self.hidden[:, -1])
        return softmax(h @ self.weight.T + self.bias)


def fit_dann(x: csr_matrix | NDArray[Any], y: NDArray[np.int64], share: NDArray[np.float64],
             x_source: csr_matrix | NDArray[Any], x_target: csr_matrix | NDArray[Any], classes: int, *, hidden: int,
             adaptation: float, learning_rate: float, steps: int, rng: np.random.Generator) -> DannNetwork:
    """The network trained by `steps` of Adam.

    Labelled texts `x` [n, d] of classes `y` are drawn with probabilities `share` [n]; texts of both domains, whose
    labels do not count, in equal numbers. The reversed gradient of the domains' loss counts `adaptation` times, growing
    from 0 as in the paper (its section 5.2.2); the learning rate falls to 0.
    """
    d = x.shape[1]
    params = {"w": rng.normal(0, 1 / np.sqrt(hidden), (d, hidden)).astype(np.float32),
              "b": np.zeros(hidden, np.float32),
              "v": rng.normal(0, 1 / np.sqrt(hidden), (hidden, classes)).astype(np.float32),
              "c": np.zeros(classes, np.float32),
              "u": rng.normal(0, 1 / np.sqrt(hidden), (hidden, 1)).astype(np.float32),
              "z": np.zeros(1, np.float32)}
    adam = _Adam(params)
    n, n_source = len(y), x_source.shape[0]
    texts = stacked(x, x_source, x_target)
    rows = np.concatenate([rng.choice(n, size=(steps, BATCH), p=share / share.sum()),
                           n + rng.integers(0, n_source, (steps, BATCH)),
                           n + n_source + rng.integers(0, x_target.shape[0], (steps, BATCH))], axis=1)
    of_target = np.repeat([0.0, 1.0], BATCH).astype(np.float32)[:, None]
    truth = np.eye(classes, dtype=np.float32)
    for step in range(steps):
        progress = step / steps
        reversal = np.float32(adaptation * (2 / (1 + np.exp(-10 * progress)) - 1))
        batch = texts[rows[step]]
        h = np.tanh(np.asarray(batch @ params["w"]) + params["b"])
        labelled, both = h[:BATCH], h[BATCH:]
        of_label = (softmax(labelled @ params["v"] + params["c"]) - truth[y[rows[step, :BATCH]]]) / BATCH
        of_domain = (1 / (1 + np.exp(-(both @ params["u"] + params["z"]))) - of_target) / (2 * BATCH)
        into = np.concatenate([of_label @ params["v"].T, -reversal * (of_domain @ params["u"].T)]) * (1 - h**2)
        gradients = {"w": np.asarray(batch.T @ into), "b": into.sum(axis=0),
                     "v": labelled.T @ of_label, "c": of_label.sum(axis=0),
                     "u": both.T @ of_domain, "z": of_domain.sum(axis=0)}
        adam.step(params, gradients, learning_rate * (1 - progress))
    layer = np.concatenate([params["w"], params["b"][None]]).T
    return DannNetwork(np.ascontiguousarray(layer), np.ascontiguousarray(params["v"].T), params["c"])


class _Adam:
    """Kingma & Ba (2015), in place."""

    def __init__(self, params: dict[str, NDArray[np.float32]]) -> None:
        self.first = {name: np.zeros_like(value) for name, value in params.items()}
        self.second = {name: np.zeros_like(value) for name, value in params.items()}
        self.steps = 0

    def step(self, params: dict[str, NDArray[np.float32]], gradients: dict[str, NDArray[Any]], rate: float) -> None:
        self.steps += 1
        rate *= np.sqrt(1 - SECOND_MOMENT**self.steps) / (1 - FIRST_MOMENT**self.steps)
        for name, gradient in gradients.items():
            first, second = self.first[name], self.second[name]
            first += (1 - FIRST_MOMENT) * (gradient - first)
            second += (1 - SECOND_MOMENT) * (gradient**2 - second)
            params[name] -= (rate * first / (np.sqrt(second) + EPSILON)).astype(np.float32)
