"""Self-training of TF-IDF with logistic regression that keeps the class shares (Yarowsky 1995; Zou et al. 2018)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, LinearModel, Resources, Trial, class_probabilities, self_trained_linear

REFERENCES = ("zou2018unsupervised", "yarowsky1995unsupervised")  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, heaviest: float = 16.0, tolerance: float = 1e-3) -> Fitted:
    """The model of `tfidf-joint`, or of the source where no text is labelled, which then labels unlabelled texts.

    It is fitted again on these too: three rounds, each with more of the texts that it is surest of.
    """
    trained, classes = self_trained_linear(trial, resources, heaviest, tolerance), len(trial.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return class_probabilities(trained.model, trained.features.target_x(examples), classes)

    def as_model() -> LinearModel:
        return trained.features.as_model(trained.model, classes)

    return Fitted(predict, as_model)
