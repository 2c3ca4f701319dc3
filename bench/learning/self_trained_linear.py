"""The linear model of source and target, self-trained on the target's unlabelled texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.data.corpus import Examples
from bench.learning.features import ngrams
from bench.learning.joint_linear import JointFeatures, weights_of_labelled
from bench.learning.resources import Resources
from bench.learning.self_training import HEAVIEST, STOP, class_shares, fit_further, self_train
from bench.learning.source_linear import logistic_regression
from bench.protocol.trial import Trial

MIN_TEXTS = 2  # unlabelled texts that a new word or pair must occur in


@dataclass(frozen=True)
class SelfTrained:
    """The model, its features, and the texts that it labelled last, with these classes."""

    features: JointFeatures
    model: Any  # scikit-learn's logistic regression
    pseudo: Examples


def self_trained_linear(trial: Trial, resources: Resources, heaviest: float = HEAVIEST,
                        tolerance: float = STOP) -> SelfTrained:
    """Fit on the source's and the labelled texts (as `tfidf-joint`), then self-train on the trial's unlabelled texts.

    With no label it begins as the source's own model. The features are the source's, those of the labelled texts, and
    those that occur in `MIN_TEXTS` unlabelled texts or more.
    """
    from scipy.sparse import vstack

    source, labelled, corpus = resources.need_source_linear(), trial.labelled, trial.labelled.corpus
    n, n_source, classes = len(labelled), len(source.examples), len(trial.labels)
    counts = ngrams.counts(corpus)
    frequency = np.bincount(counts[trial.unlabelled.rows].indices, minlength=counts.shape[1])
    new = np.concatenate([counts[labelled.rows].indices, np.flatnonzero(frequency >= MIN_TEXTS)])
    features = JointFeatures.of(source, corpus, new)

    x, y, weight = features.source_x(), source.examples.labels, np.ones(n_source)
    every_class = np.array_equal(source.classes, np.arange(classes))
    model = source.model(len(features.new_columns), tolerance) if every_class else logistic_regression(tolerance)
    if n:
        x, y = vstack([x, features.target_x(labelled)]).tocsr(), np.concatenate([y, labelled.labels])
        weight = np.concatenate([weight, weights_of_labelled(trial, n_source, heaviest)])
    if n or not every_class:
        fit_further(model, x, y, weight)
    if not np.array_equal(model.classes_, np.arange(classes)):  # a class that has no text anywhere: nothing to keep
        return SelfTrained(features, model, Examples(corpus, np.arange(0), np.arange(0)))
    pseudo = self_train(model, x, y, weight, features.target_x(trial.unlabelled),
                        class_shares(source.examples.labels, labelled.labels, classes), balanced=trial.balanced)
    return SelfTrained(features, model, Examples(corpus, trial.unlabelled.rows[pseudo.rows], pseudo.classes))
