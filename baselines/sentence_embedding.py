"""A small pre-trained sentence encoder with logistic regression: today's default choice (Reimers & Gurevych 2019)."""

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Examples
from bench.linear import probe
from bench.resources import Resources
from bench.trial import Predictor, Trial

NEEDS = frozenset({"sentences"})


def fit(trial: Trial, resources: Resources) -> Predictor:
    """Standardised vectors; the strength of the penalty is chosen by cross-validation inside the budget."""
    x = resources.sentences(trial.labelled)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    model = probe((x - mean) / spread, trial.labelled.labels, resources.seed)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return model((resources.sentences(examples) - mean) / spread, len(trial.labels))

    return predict
