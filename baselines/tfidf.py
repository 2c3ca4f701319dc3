"""TF-IDF of words and word pairs with logistic regression, on the target alone: what most people would do first."""

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    Examples,
    Fitted,
    LinearModel,
    Resources,
    Trial,
    class_probabilities,
    column_ngrams,
    linear_head,
)

REFERENCES = ()  # no paper of its own
NEEDS = frozenset({"counts"})


def fit(trial: Trial, resources: Resources, *, penalty: float = 10.0) -> Fitted:
    """Vocabulary and document frequencies come from the labelled examples alone; `penalty` is scikit-learn's C."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    classes = len(trial.labels)
    counts = resources.counts(trial.labelled)
    columns = np.unique(counts.indices)
    transformer = TfidfTransformer(sublinear_tf=True).fit(counts[:, columns])
    solver = "liblinear" if classes == 2 else "lbfgs"
    model = LogisticRegression(C=penalty, solver=solver, max_iter=300, random_state=0,
                               class_weight=trial.class_weight)
    model.fit(transformer.transform(counts[:, columns]), trial.labelled.labels)

    def predict(examples: Examples) -> NDArray[np.float32]:
        x = transformer.transform(resources.counts(examples)[:, columns])
        return class_probabilities(model, x, classes)

    def as_model() -> LinearModel:
        corpus, head = trial.labelled.corpus, linear_head(model, classes)
        ngrams = column_ngrams(corpus, columns)
        return LinearModel.from_ngrams(corpus.words, ngrams, transformer.idf_, head.weight, head.bias)

    return Fitted(predict, as_model)
