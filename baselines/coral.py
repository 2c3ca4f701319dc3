"""Correlation alignment of the base's features, with a linear classifier on top (CORAL, Sun et al. 2016)."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    HEAD,
    HEAD_BIAS,
    Examples,
    Fitted,
    NetworkModel,
    Resources,
    Standardisation,
    Trial,
    coral_alignment,
    linear_head,
    network_model,
    pool_of,
    softmax,
    weights_of_labelled,
    with_classes,
)

REFERENCES = ("sun2016return",)  # bench/references.toml
NEEDS = frozenset({"source-features", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, penalty: float = 0.01, heaviest: float = 16.0) -> Fitted:
    """The source's features, standardised, get the covariance of the pool's; the target's are only standardised.

    A logistic regression (`penalty` is scikit-learn's C) learns from the aligned source texts, and from the labelled
    target texts with the weights of `tfidf-joint`.
    """
    from sklearn.linear_model import LogisticRegression

    assert resources.source is not None
    source, classes, corpus = resources.source, len(trial.labels), trial.labelled.corpus
    x_source, x_pool = resources.features(source), resources.features(pool_of(trial))
    of_source, of_target = Standardisation.of(x_source), Standardisation.of(x_pool)
    aligned = of_source(x_source) @ coral_alignment(of_source(x_source), of_target(x_pool))
    x = np.concatenate([aligned, of_target(resources.features(trial.labelled))])
    y = np.concatenate([source.labels, trial.labelled.labels])
    weight = np.concatenate([np.ones(len(source)), weights_of_labelled(trial, len(source), heaviest)])
    model = LogisticRegression(C=penalty, max_iter=300).fit(x, y, sample_weight=weight)
    head = of_target.folded_into(linear_head(model, classes))

    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(resources.features(examples) @ head.weight.T + head.bias)

    def as_model() -> NetworkModel:
        params: dict[str, NDArray[Any]] = {**resources.base_params(corpus), HEAD: head.weight, HEAD_BIAS: head.bias}
        net = with_classes(resources.need_base().net, classes)
        return network_model(net, params, corpus, resources, partial(resources.base_rows, corpus))

    return Fitted(predict, as_model)
