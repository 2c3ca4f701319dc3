"""Which of several strategies labelled texts speak for: each is fitted on folds, and scored on the texts left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.learning.class_shares import fit_class_shares
from bench.learning.models.calibration import LEAST, Calibration, fit_calibration
from bench.learning.resources import Resources
from bench.protocol.trial import Predictor, Trial

Fit = Callable[[Trial, Resources], Predictor]
FOLDS = 3
ENOUGH = 500  # scored texts after which no further fold is fitted
TELLING = 50  # texts that can be held out and still say which strategy is better, although some class has none


@dataclass(frozen=True)
class HeldOut:
    """Out-of-fold predictions of the labelled texts that count."""

    p: NDArray[np.float64]  # [n, classes]
    y: NDArray[np.int64]  # [n]
    weights: NDArray[np.float64]  # [n]: where every class counts alike in the score, so it does here

    def loss(self, calibration: Calibration) -> float:
        """The mean log-loss of calibrated predictions; 0 where no text counts."""
        if not len(self.y):
            return 0.0
        from scipy.special import log_softmax

        logs = log_softmax(calibration.logits(self.p), axis=1)[np.arange(len(self.y)), self.y]
        return float((self.weights * -np.maximum(logs, np.log(LEAST))).mean())


def calibrated_weights(fits: Mapping[str, Fit], trial: Trial, resources: Resources,
                       strength: float) -> dict[str, tuple[float, Calibration]]:
    """Of each strategy its weight and the calibration that its out-of-fold predictions ask for; weights sum to 1.

    Weights are ∝ exp(-strength · mean log-loss) of the calibrated out-of-fold predictions on the labelled texts. With
    the number of texts for `strength` these would be the posterior of "one of them is right" (pseudo-Bayesian
    model averaging, Yao et al. 2018). That soon gives the best one all the weight, where a mean would be better. The
    folds are stratified: three, or as many as the largest class has texts; with many texts not all folds are scored. A
    text counts only where its class is among the others; where no text counts, all weights are equal. Biases of
    classes are fitted only where every class counts alike in the score: few texts of a rare class teach most
    strategies to predict it too seldom. A class with a single text, which none can be held out of, is the rarest.
    """
    held_out = {name: out_of_fold(fit, trial, resources) for name, fit in fits.items()}
    labelled = np.unique(trial.labelled.labels)
    calibrations = {name: fit_calibration(held.p, held.y, held.weights, biased=trial.class_weights is not None,
                                          unseen=np.setdiff1d(labelled, held.y))
                    for name, held in held_out.items()}
    losses = np.array([held.loss(calibrations[name]) for name, held in held_out.items()])
    weights = np.exp(-strength * (losses - losses.min()))
    return {name: (float(weight), calibrations[name])
            for name, weight in zip(held_out, weights / weights.sum(), strict=True)}


def held_out_texts_tell(labels: NDArray[np.int64]) -> bool:
    """Whether out-of-fold predictions of texts with these classes can say which strategy is better.

    A class with a single text has none to hold out. Where a few large classes alone are scored, a strategy that
    predicts these by their shares looks good, and the others are not seen. docs/protocol.md has the figures.
    """
    sizes = np.bincount(labels)
    can_be_held_out = sizes[sizes > 1]
    return len(can_be_held_out) == np.count_nonzero(sizes) or int(can_be_held_out.sum()) >= TELLING


def out_of_fold(fit: Fit, trial: Trial, resources: Resources) -> HeldOut:
    """The prediction for each text that counts, by a fit on the other folds; the same texts for every `fit`."""
    texts, classes = trial.labelled, len(trial.labels)
    text_weights = np.ones(classes) if trial.class_weights is None else np.asarray(trial.class_weights, np.float64)
    predictions, labels = [np.zeros((0, classes))], [np.zeros(0, np.int64)]
    for learn, held_out in folds_of(texts.labels, generator_for("folds", trial.target, trial.seed)):
        if sum(map(len, labels)) >= ENOUGH:
            break
        part = replace(trial, labelled=texts.part(learn))
        counted = texts.part(held_out[np.isin(texts.labels[held_out], texts.labels[learn])])
        predict = fit_class_shares(part) if part.has_one_class else fit(part, resources)
        predictions.append(np.asarray(predict(replace(counted, y=None)), np.float64))
        labels.append(counted.labels)
    y = np.concatenate(labels)
    return HeldOut(np.concatenate(predictions), y, text_weights[y])


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
