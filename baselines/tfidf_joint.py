"""TF-IDF with logistic regression on the source's and the target's texts together (Daumé III 2007, WEIGHTED)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    Examples,
    Fitted,
    JointFeatures,
    LinearModel,
    Resources,
    Trial,
    class_probabilities,
    logistic_regression,
    weights_of_labelled,
)

REFERENCES = ("daume2007frustratingly",)  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class"})


def fit(trial: Trial, resources: Resources, *, heaviest: float = 16.0, tolerance: float = 1e-5) -> Fitted:
    """All target texts weigh as much as all source texts, but no target text more than `heaviest` source texts.

    The features are the source's, and every other word and pair of the labelled target texts; the idf of these is that
    of a feature that occurs in one source text. The fit starts from the source's own coefficients, and ends where the
    gradient of the mean loss is below `tolerance`.
    """
    from scipy.sparse import vstack

    source, classes = resources.need_source_linear(), len(trial.labels)
    n_source = len(source.examples)
    features = JointFeatures.of(source, trial.labelled.corpus, resources.counts(trial.labelled).indices)
    x = vstack([features.source_x(), features.target_x(trial.labelled)]).tocsr()
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    weight = np.concatenate([np.ones(n_source), weights_of_labelled(trial, n_source, heaviest)])
    same_classes = np.array_equal(np.unique(y), source.classes)
    model = source.model(len(features.new_columns), tolerance) if same_classes else logistic_regression(tolerance)
    model.fit(x, y, sample_weight=weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return class_probabilities(model, features.target_x(examples), classes)

    def as_model() -> LinearModel:
        return features.as_model(model, classes)

    return Fitted(predict, as_model)
