"""The floor: always the class frequencies of the labelled examples, whatever the text."""

import numpy as np
from numpy.typing import NDArray

from bench.api import ConstantModel, Examples, Fitted, Resources, Trial

NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources) -> Fitted:
    """The probability of a class is its frequency among the labelled examples."""
    counts = np.bincount(trial.labelled.labels, minlength=len(trial.labels))
    share = (counts / counts.sum()).astype(np.float32)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return np.tile(share, (len(examples), 1))

    return Fitted(predict, lambda: ConstantModel(share))
