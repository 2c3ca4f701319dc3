"""A small pre-trained sentence encoder with logistic regression: today's default choice (Reimers & Gurevych 2019)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, Resources, SentenceModel, Trial, probe

NEEDS = frozenset({"sentences"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Standardised vectors; the strength of the penalty is chosen by cross-validation inside the budget."""
    model = probe(resources.sentences(trial.labelled), trial.labelled.labels, resources.seed, trial.class_weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return model(resources.sentences(examples), len(trial.labels))

    def as_model() -> SentenceModel:
        head = model.head(len(trial.labels))
        return SentenceModel(head.weight, head.bias)

    return Fitted(predict, as_model)
