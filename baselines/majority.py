"""The floor: always the class frequencies of the labelled examples, whatever the text."""

import numpy as np

from bench.api import Fitted, Resources, Trial, constant

REFERENCES = ()  # no paper of its own
NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources) -> Fitted:
    """The probability of a class is its frequency among the labelled examples."""
    counts = np.bincount(trial.labelled.labels, minlength=len(trial.labels))
    return constant((counts / counts.sum()).astype(np.float32))
