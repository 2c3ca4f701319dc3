"""TF-IDF with logistic regression on source texts weighted by how target-like they are (Bickel et al. 2007)."""

import numpy as np

from bench.api import (
    Fitted,
    JointNgrams,
    Resources,
    Trial,
    fitted_linear,
    importance_weights,
    linear_head,
    pool_of,
    stacked,
    weights_of_labelled,
)

REFERENCES = ("bickel2007discriminative", "jiang2007instance", "shimodaira2000improving")  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, flattening: float = 0.5, heaviest_ratio: float = 20.0,
        heaviest: float = 16.0, tolerance: float = 1e-5) -> Fitted:
    """A classifier of domains, fitted on the source and all texts of the pool, gives each source text its weight.

    The weight is the ratio of the domains' probabilities to the power of `flattening`, and at most `heaviest_ratio`
    times the mean. Labelled target texts are added with the features and weights of `tfidf-joint`.
    """
    source, classes = resources.need_source_linear(), len(trial.labels)
    ngrams = JointNgrams.of_labelled(source, trial.labelled)
    x_source, x_labelled = ngrams.of_source(), ngrams.of_target(trial.labelled)
    of_source = importance_weights(x_source, ngrams.of_target(pool_of(trial)), flattening=flattening,
                                   heaviest=heaviest_ratio, seed=trial.seed)
    of_labelled = weights_of_labelled(trial, len(source.examples), heaviest)
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    model = source.model_for(y, x_source.shape[1], tolerance)
    model.fit(stacked(x_source, x_labelled), y, sample_weight=np.concatenate([of_source, of_labelled]))
    return fitted_linear(ngrams, linear_head(model, classes))
