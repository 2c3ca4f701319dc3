"""TF-IDF of words and word pairs with logistic regression, on the target alone: what most people would do."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, LinearModel, Resources, Trial, grams, head_of, spread

NEEDS = frozenset({"counts"})


def fit(trial: Trial, resources: Resources, *, penalty: float = 10.0) -> Fitted:
    """Vocabulary and document frequencies come from the labelled examples alone; `penalty` is scikit-learn's C."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    counts = resources.counts(trial.labelled)
    columns = np.unique(counts.indices)
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts[:, columns])
    solver = "liblinear" if len(trial.labels) == 2 else "lbfgs"
    model = LogisticRegression(C=penalty, solver=solver, max_iter=300, random_state=0,
                               class_weight=trial.class_weight)
    model.fit(weigh.transform(counts[:, columns]), trial.labelled.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return spread(model, weigh.transform(resources.counts(examples)[:, columns]), len(trial.labels))

    def as_model() -> LinearModel:
        corpus, head = trial.labelled.corpus, head_of(model, len(trial.labels))
        return LinearModel.on(corpus.words, grams(corpus, columns), weigh.idf_, head.weight, head.bias)

    return Fitted(predict, as_model)
