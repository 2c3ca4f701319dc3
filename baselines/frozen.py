"""Frozen features: the base as a feature extractor, with a logistic regression on top of it."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    HEAD,
    HEAD_BIAS,
    Examples,
    Fitted,
    NetworkModel,
    Resources,
    Trial,
    fit_probe,
    network_model,
    with_classes,
)

REFERENCES = ()  # no paper of its own
NEEDS = frozenset({"features"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Standardised features; the strength of the penalty is chosen by cross-validation inside the budget."""
    features, classes = resources.features(trial.labelled), len(trial.labels)
    probe = fit_probe(features, trial.labelled.labels, resources.seed, trial.class_weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return probe(resources.features(examples), classes)

    def as_model() -> NetworkModel:
        corpus, head = trial.labelled.corpus, probe.head(classes)
        params: dict[str, NDArray[Any]] = {**resources.base_params(corpus), HEAD: head.weight, HEAD_BIAS: head.bias}
        net = with_classes(resources.need_base().net, classes)
        return network_model(net, params, corpus, resources, partial(resources.base_rows, corpus))

    return Fitted(predict, as_model)
