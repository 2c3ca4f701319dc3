"""A network whose hidden layer tells classes but not domains (DANN, Ganin et al. 2016), on TF-IDF n-grams."""

import numpy as np

from bench.api import (
    Fitted,
    Head,
    JointNgrams,
    Resources,
    Trial,
    fit_dann,
    fitted_layers,
    generator_for,
    pool_of,
    stacked,
    weights_of_labelled,
)

REFERENCES = ("ganin2016domain",)  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, features: int = 5_000, hidden: int = 50, adaptation: float = 0.1,
        learning_rate: float = 1e-3, steps: int = 2_000, heaviest: float = 16.0) -> Fitted:
    """One hidden layer, as in the paper's experiments on reviews; it learns the classes from source texts.

    The reversed gradient of a classifier of domains, which sees the source and all texts of the pool, counts
    `adaptation` times. Labelled target texts are drawn as often as their weights in `tfidf-joint` say.
    """
    source, pool = resources.need_source_linear(), pool_of(trial)
    ngrams = JointNgrams.most_frequent(source, pool, features)
    x_source = ngrams.of_source()
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    share = np.concatenate([np.ones(len(source.examples)),
                            weights_of_labelled(trial, len(source.examples), heaviest)])
    network = fit_dann(stacked(x_source, ngrams.of_target(trial.labelled)), y, share, x_source, ngrams.of_target(pool),
                       len(trial.labels), hidden=hidden, adaptation=adaptation, learning_rate=learning_rate,
                       steps=steps, rng=generator_for("dann", trial.target, trial.seed))
    on_ngrams = np.zeros((len(trial.labels), len(ngrams.idf)))  # the classifier reads the hidden layer alone
    head = Head(np.concatenate([on_ngrams, network.weight], axis=1), network.bias.astype(np.float64))
    return fitted_layers(ngrams, [network.hidden], head)
