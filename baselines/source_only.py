"""The base as it is: what the source taught, no target label used."""

import numpy as np
from numpy.typing import NDArray

from bench.base import softmax
from bench.corpus import Examples
from bench.nets import HEAD
from bench.resources import Resources
from bench.trial import Predictor, Trial

NEEDS = frozenset({"features", "same-labels"})


def fit(trial: Trial, resources: Resources) -> Predictor:
    """The base's own head on the base's features."""
    params = resources.need_base().params

    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(resources.features(examples) @ params[HEAD].T + params["head.bias"])

    return predict
