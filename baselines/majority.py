"""The floor: always the labelled examples' class frequencies, whatever the text."""

import numpy as np
from numpy.typing import NDArray

from bench.api import ConstantModel, Examples, Fitted, Resources, Trial

NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Probabilities are the frequencies of the classes among the labelled examples."""
    counts = np.bincount(trial.labelled.labels, minlength=len(trial.labels))
    share = (counts / counts.sum()).astype(np.float32)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return np.tile(share, (len(examples), 1))

    return Fitted(predict, lambda: ConstantModel(share))
