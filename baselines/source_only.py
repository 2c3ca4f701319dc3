"""The base as it is: what the source taught, no target label used."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Examples
from bench.learning.finetune import net_model
from bench.learning.models.model import Fitted
from bench.learning.models.network_model import NetworkModel
from bench.learning.networks.architectures import HEAD
from bench.learning.resources import Resources
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial

NEEDS = frozenset({"features", "same-labels"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """The base's own head on the base's features."""
    base = resources.need_base()
    params = base.params

    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(resources.features(examples) @ params[HEAD].T + params["head.bias"])

    def as_model() -> NetworkModel:
        corpus = trial.labelled.corpus
        return net_model(base.net, resources.base_params(corpus), corpus, resources,
                         partial(resources.base_rows, corpus))

    return Fitted(predict, as_model)
