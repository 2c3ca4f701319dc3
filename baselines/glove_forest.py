"""Mean GloVe vectors and a random forest, as in the introductory tutorial (Pennington et al. 2014; Breiman 2001)."""

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Examples
from bench.linear import spread
from bench.resources import Resources
from bench.trial import Predictor, Trial

NEEDS = frozenset({"glove"})


def fit(trial: Trial, resources: Resources, *, trees: int = 100) -> Predictor:
    """Every text is the mean of its words' vectors."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=trees, random_state=trial.seed, n_jobs=1)
    forest.fit(resources.mean_vectors(trial.labelled), trial.labelled.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return spread(forest, resources.mean_vectors(examples), len(trial.labels))

    return predict
