"""TF-IDF with logistic regression as the source taught it: the usual unadapted baseline (Blitzer et al. 2007)."""

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
    tfidf,
)

REFERENCES = ("blitzer2007biographies",)  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, calibrated: bool = True) -> Fitted:
    """No target label is used; words and pairs that do not occur in the source do not count.

    Probabilities are `calibrated` on held-out source texts; this changes no decision.
    """
    source, classes = resources.need_source_linear(), len(trial.labels)
    columns, model = source.columns_in(trial.labelled.corpus), source.model(calibrated=calibrated)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return class_probabilities(model, tfidf(resources.counts(examples), columns, source.idf), classes)

    def as_model() -> LinearModel:
        corpus, head = source.examples.corpus, linear_head(model, classes)
        ngrams = column_ngrams(corpus, source.columns)
        return LinearModel.from_ngrams(corpus.words, ngrams, source.idf, head.weight, head.bias)

    return Fitted(predict, as_model)
