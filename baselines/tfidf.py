"""TF-IDF of words and word pairs with logistic regression, on the target alone: what most people would do."""

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Examples
from bench.linear import spread
from bench.resources import Resources
from bench.trial import Predictor, Trial

NEEDS = frozenset({"counts"})


def fit(trial: Trial, resources: Resources, *, penalty: float = 10.0) -> Predictor:
    """Vocabulary and document frequencies come from the labelled examples alone; `penalty` is scikit-learn's C."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    counts = resources.counts(trial.labelled)
    columns = np.unique(counts.indices)
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts[:, columns])
    solver = "liblinear" if len(trial.labels) == 2 else "lbfgs"
    model = LogisticRegression(C=penalty, solver=solver, max_iter=300, random_state=0)
    model.fit(weigh.transform(counts[:, columns]), trial.labelled.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return spread(model, weigh.transform(resources.counts(examples)[:, columns]), len(trial.labels))

    return predict
