"""The answer where all labelled texts have one class: the smoothed shares of the classes among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Examples
from bench.learning.models.model import ConstantModel, Fitted
from bench.learning.probe import smoothed_shares
from bench.protocol.trial import Trial


def fit_class_shares(trial: Trial) -> Fitted:
    """The smoothed class shares of the labelled texts as the prediction for any text."""
    shares = smoothed_shares(trial.labelled.labels, len(trial.labels)).astype(np.float32)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return np.tile(shares, (len(examples), 1))

    return Fitted(predict, lambda: ConstantModel(shares))
