"""A small pre-trained sentence encoder with logistic regression: today's default choice (Reimers & Gurevych 2019)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import BUNDLED_ENCODER, Examples, Fitted, Resources, SentenceModel, Trial, fit_probe

NEEDS = frozenset({"sentences"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER) -> Fitted:
    """Standardised vectors; the strength of the penalty is chosen by cross-validation inside the budget.

    `model` names the encoder: the bundled one, a folder, or `owner/name@revision` of the Hugging Face hub.
    """
    vectors, classes = resources.sentences(trial.labelled, model), len(trial.labels)
    probe = fit_probe(vectors, trial.labelled.labels, resources.seed, trial.class_weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return probe(resources.sentences(examples, model), classes)

    def as_model() -> SentenceModel:
        head = probe.head(classes)
        return SentenceModel(head.weight, head.bias, resources.encoder(model))

    return Fitted(predict, as_model)
