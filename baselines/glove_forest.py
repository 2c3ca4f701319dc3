"""Mean GloVe vectors and a random forest, as in the introductory tutorial (Pennington et al. 2014; Breiman 2001)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, Forest, ForestModel, Resources, Trial, Vocabulary, class_probabilities

REFERENCES = ("pennington2014glove", "breiman2001random")  # bench/references.toml
NEEDS = frozenset({"glove"})


def fit(trial: Trial, resources: Resources, *, trees: int = 100) -> Fitted:
    """Every text is the mean of its words' vectors."""
    from sklearn.ensemble import RandomForestClassifier

    classes = len(trial.labels)
    forest = RandomForestClassifier(n_estimators=trees, random_state=trial.seed, n_jobs=1,
                                    class_weight=trial.class_weight)
    forest.fit(resources.mean_vectors(trial.labelled), trial.labelled.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return class_probabilities(forest, resources.mean_vectors(examples), classes)

    def as_model() -> ForestModel:
        words, vectors = resources.word_vectors(trial.labelled.corpus)
        return ForestModel(Vocabulary(words), vectors, Forest.from_sklearn(forest, classes))

    return Fitted(predict, as_model)
