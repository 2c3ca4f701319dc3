"""Frozen features: the base as an extractor, a logistic regression on top of it."""

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Examples
from bench.linear import probe
from bench.resources import Resources
from bench.trial import Predictor, Trial

NEEDS = frozenset({"features"})


def fit(trial: Trial, resources: Resources) -> Predictor:
    """Standardised features; the strength of the penalty is chosen by cross-validation inside the budget."""
    x = resources.features(trial.labelled)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    model = probe((x - mean) / spread, trial.labelled.labels, resources.seed)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return model((resources.features(examples) - mean) / spread, len(trial.labels))

    return predict
