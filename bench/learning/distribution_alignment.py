"""Distribution alignment: a classifier predicts each class as often as the labelled texts say that it occurs.

With few labels most classifiers predict some classes too often, which texts without labels show. Berthelot et al. 2020,
ReMixMatch, do the same to the labels that they guess; here a bias for each class does it, once and exactly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.data.corpus import Examples
from bench.learning.probe import smoothed_shares
from bench.protocol.trial import Trial

MOST, FEWEST = 600, 100  # unlabelled texts that are predicted; with fewer than the second nothing is changed
SMOOTHING = 2.0  # texts that every class counts beyond those that it has: of few labelled texts the shares are chance
FARTHEST = 10.0  # the greatest bias; 0.0001, the least probability, is 9.2 below certainty


def aligned_bias(trial: Trial, logits_of: Callable[[Examples], NDArray[np.float64]]) -> NDArray[np.float64]:
    """The biases, [classes], that align a classifier with the labelled texts of its trial; their mean is 0.

    `logits_of` gives its logits [n, classes] for texts. Where every class counts alike in the score, the biases then
    make it predict as if all classes were equally frequent. A class without a labelled text keeps the bias 0: nothing
    says how frequent it is. All are 0 where fewer than `FEWEST` texts are unlabelled.
    """
    bias = np.zeros(len(trial.labels))
    present, among_these = np.unique(trial.labelled.labels, return_inverse=True)
    if len(trial.unlabelled) < FEWEST or len(present) < 2:
        return bias
    rng = generator_for("distribution alignment", trial.target, trial.seed)
    texts = trial.unlabelled.part(np.sort(rng.permutation(len(trial.unlabelled))[:MOST]))
    shares = smoothed_shares(among_these, len(present), SMOOTHING)
    found = bias_to_match(logits_of(texts)[:, present], shares)
    if trial.balanced:
        found -= np.log(shares)
    bias[present] = found - found.mean()
    return bias


def bias_to_match(logits: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The biases with which the mean prediction of logits [n, classes] is `shares` [classes], as far as these reach.

    They minimise a convex function, whose gradient is the mean prediction minus the shares.
    """
    from scipy import optimize, special

    def loss(bias: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shifted = logits + bias
        totals = special.logsumexp(shifted, axis=1)
        return float(totals.mean() - shares @ bias), np.exp(shifted - totals[:, None]).mean(axis=0) - shares

    return np.asarray(optimize.minimize(loss, np.zeros(len(shares)), jac=True, method="L-BFGS-B",
                                        bounds=[(-FARTHEST, FARTHEST)] * len(shares)).x)
