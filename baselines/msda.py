"""Marginalised stacked denoising autoencoders under a linear classifier (mSDA, Chen et al. 2012)."""

import numpy as np

from bench.api import (
    Fitted,
    JointNgrams,
    Resources,
    Trial,
    fit_denoising_layers,
    fitted_layers,
    generator_for,
    hidden_layers,
    linear_head,
    pool_of,
    stacked,
    weights_of_labelled,
)

REFERENCES = ("chen2012marginalized",)  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, features: int = 2_000, layers: int = 3, corruption: float = 0.5,
        source_texts: int = 8_000, penalty: float = 1.0, heaviest: float = 16.0) -> Fitted:
    """Hidden layers learned without labels from both domains' texts, on the n-grams that are most frequent in them.

    Each layer restores texts that lost each feature with probability `corruption`. A logistic regression (`penalty` is
    scikit-learn's C) reads the n-grams and all layers: at most `source_texts` source texts, drawn, and the labelled
    target texts with the weights of `tfidf-joint`.
    """
    from sklearn.linear_model import LogisticRegression

    source, pool = resources.need_source_linear(), pool_of(trial)
    ngrams = JointNgrams.most_frequent(source, pool, features)
    drawn = generator_for("msda", trial.target, trial.seed).permutation(len(source.examples))[:source_texts]
    x_source = ngrams.of_source()[drawn]
    stack = fit_denoising_layers(stacked(x_source, ngrams.of_target(pool)), layers, corruption)
    labelled = stacked(x_source, ngrams.of_target(trial.labelled))
    x = np.concatenate([labelled.toarray(), hidden_layers(labelled, stack)], axis=1)
    y = np.concatenate([source.examples.labels[drawn], trial.labelled.labels])
    weight = np.concatenate([np.ones(len(drawn)), weights_of_labelled(trial, len(drawn), heaviest)])
    model = LogisticRegression(C=penalty, max_iter=300).fit(x, y, sample_weight=weight)
    return fitted_layers(ngrams, stack, linear_head(model, len(trial.labels)))
