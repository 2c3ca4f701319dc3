"""Frozen features: the base as an extractor, a logistic regression on top of it."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.api import HEAD, Examples, Fitted, NetworkModel, Resources, Trial, net_model, probe, with_classes

NEEDS = frozenset({"features"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Standardised features; the strength of the penalty is chosen by cross-validation inside the budget."""
    model = probe(resources.features(trial.labelled), trial.labelled.labels, resources.seed, trial.class_weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return model(resources.features(examples), len(trial.labels))

    def as_model() -> NetworkModel:
        corpus, head = trial.labelled.corpus, model.head(len(trial.labels))
        params: dict[str, NDArray[Any]] = {**resources.base_params(corpus), HEAD: head.weight, "head.bias": head.bias}
        net = with_classes(resources.need_base().net, len(trial.labels))
        return net_model(net, params, corpus, resources, partial(resources.base_rows, corpus))

    return Fitted(predict, as_model)
