"""The methods of domain adaptation on feature matrices of two domains, with the settings of our strategies.

The settings were chosen on other data (docs/protocol.md, docs/baselines.md). Each learns from the source's labelled
texts and the target's texts without labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.learning.adaptation.coral import Standardisation, coral_alignment
from bench.learning.adaptation.dann import fit_dann
from bench.learning.adaptation.denoising import fit_denoising_layers, hidden_layers
from bench.learning.adaptation.importance import importance_weights
from bench.learning.adaptation.stacking import stacked
from bench.learning.self_training import class_shares, self_train
from bench.learning.source_linear import logistic_regression

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DENSE = 1_000  # most frequent features that CORAL aligns: it inverts matrices of their number
LAYERED = 2_000  # most frequent features of mSDA


@dataclass(frozen=True)
class Pair:
    """What a method gets: TF-IDF of counts, fitted on the source's and the target's training texts."""

    source: csr_matrix  # [2000, 5000]
    y: NDArray[np.int64]
    target: csr_matrix  # [2000, 5000], the target's training texts, whose labels nobody sees
    test: csr_matrix
    seed: int


Method = Callable[[Pair], NDArray[np.int64]]  # the classes of the test texts


def linear(pair: Pair) -> NDArray[np.int64]:
    """Logistic regression on the source alone."""
    return np.asarray(logistic_regression().fit(pair.source, pair.y).predict(pair.test))


def self_trained(pair: Pair) -> NDArray[np.int64]:
    """The same, self-trained as in the strategy `self-training`, but with fits that go on to the optimum.

    To stop early as the strategy does was chosen where the source has 25,000 texts, and loses 0.3 points here.
    """
    model = logistic_regression().fit(pair.source, pair.y)
    shares = class_shares(pair.y, np.zeros(0, np.int64), 2)
    self_train(model, pair.source, pair.y, np.ones(len(pair.y)), pair.target, shares)
    return np.asarray(model.predict(pair.test))


def weighted(pair: Pair) -> NDArray[np.int64]:
    """Logistic regression on source texts weighted by how target-like they are."""
    weights = importance_weights(pair.source, pair.target, flattening=0.5, heaviest=20.0, seed=pair.seed)
    return np.asarray(logistic_regression().fit(pair.source, pair.y, sample_weight=weights).predict(pair.test))


def coral(pair: Pair) -> NDArray[np.int64]:
    """CORAL (Sun et al. 2016) on the most frequent features."""
    from sklearn.linear_model import LogisticRegression

    columns = _most_frequent(pair, DENSE)
    source, target, test = (x[:, columns].toarray() for x in (pair.source, pair.target, pair.test))
    of_source, of_target = Standardisation.of(source), Standardisation.of(target)
    aligned = of_source(source) @ coral_alignment(of_source(source), of_target(target))
    return np.asarray(LogisticRegression(C=0.01, max_iter=300).fit(aligned, pair.y).predict(of_target(test)))


def msda(pair: Pair) -> NDArray[np.int64]:
    """Logistic regression on all features and on three layers of mSDA (Chen et al. 2012) of the most frequent."""
    from sklearn.linear_model import LogisticRegression

    columns = _most_frequent(pair, LAYERED)
    layers = fit_denoising_layers(stacked(pair.source, pair.target)[:, columns], 3, 0.5)
    x, test = (np.concatenate([x.toarray(), hidden_layers(x[:, columns], layers)], axis=1)
               for x in (pair.source, pair.test))
    return np.asarray(LogisticRegression(C=1.0, max_iter=300).fit(x, pair.y).predict(test))


def dann(pair: Pair) -> NDArray[np.int64]:
    """DANN (Ganin et al. 2016) with one hidden layer of 50 units."""
    network = fit_dann(pair.source, pair.y, np.ones(len(pair.y)), pair.source, pair.target, 2, hidden=50,
                       adaptation=0.1, learning_rate=1e-3, steps=2_000, rng=generator_for("dann pair", pair.seed))
    return np.asarray(network.probabilities(pair.test).argmax(axis=1))


def _most_frequent(pair: Pair, count: int) -> NDArray[np.int64]:
    """The columns that are in the most texts of both domains."""
    texts = np.bincount(stacked(pair.source, pair.target).indices, minlength=pair.source.shape[1])
    return np.sort(np.argsort(-texts, kind="stable")[:count])


METHODS: Mapping[str, Method] = {"logistic regression": linear, "self-training": self_trained,
                                 "importance weighting": weighted, "CORAL": coral, "mSDA": msda, "DANN": dann}
