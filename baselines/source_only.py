"""The base as it is: what the source taught, with no target label used."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.api import HEAD, HEAD_BIAS, Examples, Fitted, NetworkModel, Resources, Trial, network_model, softmax

REFERENCES = ()  # no paper of its own
NEEDS = frozenset({"features", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """The base's own head on the base's features."""
    base = resources.need_base()

    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(resources.features(examples) @ base.params[HEAD].T + base.params[HEAD_BIAS])

    def as_model() -> NetworkModel:
        corpus = trial.labelled.corpus
        return network_model(base.net, resources.base_params(corpus), corpus, resources,
                             partial(resources.base_rows, corpus))

    return Fitted(predict, as_model)
