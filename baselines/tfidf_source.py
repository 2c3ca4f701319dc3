"""TF-IDF with logistic regression as the source taught it: the usual unadapted baseline (Blitzer et al. 2007)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, LinearModel, Resources, Trial, grams, head_of, spread, weighed

NEEDS = frozenset({"source-linear", "counts", "same-labels"})


def fit(trial: Trial, resources: Resources) -> Fitted:
    """No target label is used; words and pairs that the source never showed do not count."""
    source = resources.need_source_linear()
    columns, model = source.columns_in(trial.labelled.corpus), source.model()

    def predict(examples: Examples) -> NDArray[np.float32]:
        return spread(model, weighed(resources.counts(examples), columns, source.idf), len(trial.labels))

    def as_model() -> LinearModel:
        corpus, head = source.examples.corpus, head_of(model, len(trial.labels))
        return LinearModel.on(corpus.words, grams(corpus, source.columns), source.idf, head.weight, head.bias)

    return Fitted(predict, as_model)
