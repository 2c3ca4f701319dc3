"""The answer where all labelled texts have one class: the smoothed shares of the classes among them."""

from __future__ import annotations

import numpy as np

from bench.learning.models.model import Fitted, constant
from bench.learning.probe import smoothed_shares
from bench.protocol.trial import Trial


def fit_class_shares(trial: Trial) -> Fitted:
    """The smoothed class shares of the labelled texts as the prediction for any text."""
    return constant(smoothed_shares(trial.labelled.labels, len(trial.labels)).astype(np.float32))
