"""Which of several strategies labelled texts speak for: each is fitted on folds, and scored on the texts left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.learning.class_shares import fit_class_shares
from bench.learning.models.mean_model import LEAST
from bench.learning.resources import Resources
from bench.protocol.trial import Predictor, Trial

Fit = Callable[[Trial, Resources], Predictor]
FOLDS = 3
ENOUGH = 500  # scored texts after which no further fold is fitted


def tempered_weights(fits: Mapping[str, Fit], trial: Trial, resources: Resources, strength: float) -> dict[str, float]:
    """Weights ∝ exp(-strength · mean log-loss) of out-of-fold predictions on the labelled texts, summing to 1.

    With the number of texts for `strength` these would be the posterior of "one of them is right" (pseudo-Bayesian
    model averaging, Yao et al. 2018). That soon gives the best one all the weight, where a mean would be better. The
    folds are stratified: three, or as many as the largest class has texts; with many texts not all folds are scored. A
    text counts only where its class is among the others; where no text counts, all weights are equal.
    """
    losses = {name: out_of_fold_losses(fit, trial, resources) for name, fit in fits.items()}
    means = np.array([loss.mean() if len(loss) else 0.0 for loss in losses.values()])
    weights = np.exp(-strength * (means - means.min()))
    return dict(zip(losses, (weights / weights.sum()).tolist(), strict=True))


def out_of_fold_losses(fit: Fit, trial: Trial, resources: Resources) -> NDArray[np.float64]:
    """The log-loss of each text that counts, predicted by a fit on the other folds; the same texts for every `fit`.

    Where every class counts alike in the score, so it does here.
    """
    texts, losses = trial.labelled, [np.zeros(0)]
    text_weights = np.ones(len(trial.labels)) if trial.class_weights is None else trial.class_weights
    for learn, held_out in folds_of(texts.labels, generator_for("folds", trial.target, trial.seed)):
        if sum(map(len, losses)) >= ENOUGH:
            break
        part = replace(trial, labelled=texts.part(learn))
        counted = texts.part(held_out[np.isin(texts.labels[held_out], texts.labels[learn])])
        predict = fit_class_shares(part) if part.has_one_class else fit(part, resources)
        p = np.asarray(predict(replace(counted, y=None)), np.float64)[np.arange(len(counted)), counted.labels]
        losses.append(-np.log(np.clip(p, LEAST, 1.0)) * text_weights[counted.labels])
    return np.concatenate(losses)


def folds_of(labels: NDArray[np.int64], rng: np.random.Generator) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Texts to learn from and texts held out, by position, for each fold; none where no class has two texts.

    The texts of each class are dealt out in turn, so that a class with fewer texts than folds is in some of them.
    """
    fold = np.empty(len(labels), np.int64)
    folds = min(FOLDS, int(np.bincount(labels).max()))
    dealt = 0
    for c in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == c))
        fold[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)] if folds > 1 else []
