"""How certain a classifier should be: one temperature, and a bias for each class (bias-corrected temperature scaling).

Guo et al. 2017, On Calibration of Modern Neural Networks; Alexandari et al. 2020, Maximum Likelihood with
Bias-Corrected Calibration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-4  # what a probability counts as at least, so that no classifier rules a class out alone
COLDEST, HOTTEST, FARTHEST = 0.5, 6.0, 3.0  # the least and the greatest temperature, the greatest bias that is fitted
UTMOST = 40.0  # the greatest bias that a model's card may state: of a calibration and an alignment together
NOBODY = np.zeros(0, np.int64)  # no classes
OF_TEMPERATURE, OF_BIAS = 1.0, 0.6  # penalties of the squared log-temperature and biases, in texts' losses


@dataclass(frozen=True)
class Calibration:
    """Log-probabilities are divided by the temperature, then the biases are added; the default changes nothing."""

    temperature: float = 1.0
    bias: tuple[float, ...] = ()  # one per class; empty: none

    def logits(self, p: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Calibrated logits [n, classes] of probabilities [n, classes]."""
        logits: NDArray[np.float64] = np.log(np.maximum(p, LEAST, dtype=np.float64)) / self.temperature
        return logits + np.array(self.bias, np.float64) if self.bias else logits

    def shifted(self, bias: NDArray[np.float64]) -> Calibration:
        """The same with another bias [classes] added to its own."""
        return replace(self, bias=tuple((np.array(self.bias or 0.0) + bias).tolist()))


AS_IT_IS = Calibration()


def fit_calibration(p: NDArray[np.floating[Any]], y: NDArray[np.int64], weights: NDArray[np.float64], *,
                    biased: bool, unseen: NDArray[np.int64] = NOBODY) -> Calibration:
    """The calibration that the true classes `y` [n] of predictions [n, classes] ask for; none where n is 0.

    Each text's log-loss has its weight, divided by their mean. Few texts change little, since a change has a price.
    Without `biased` it is a temperature alone. A class that no text has would be pushed down; so those in `unseen`,
    which are as rare as any that a text has, get the greatest bias.
    """
    from scipy import special
    from scipy.optimize import minimize

    if not len(y):
        return AS_IT_IS
    logs = AS_IT_IS.logits(p)
    rows, of_text = np.arange(len(y)), weights / weights.mean()

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_temperature, bias = parameters[0], parameters[1:]
        logits = logs / np.exp(log_temperature) + bias
        log_shares = special.log_softmax(logits, axis=1)
        value = float((of_text * -log_shares[rows, y]).sum()
                      + OF_TEMPERATURE * log_temperature**2 + OF_BIAS * (bias**2).sum())
        errors = np.exp(log_shares)
        errors[rows, y] -= 1.0
        errors *= of_text[:, None]
        of_temperature = -(errors * (logits - bias)).sum() + 2 * OF_TEMPERATURE * log_temperature
        return value, np.concatenate([[of_temperature], errors.sum(axis=0) + 2 * OF_BIAS * bias])

    bounds = [(np.log(COLDEST), np.log(HOTTEST))] + [(-FARTHEST, FARTHEST) if biased else (0.0, 0.0)] * p.shape[1]
    log_temperature, *fitted = minimize(loss, np.zeros(1 + p.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    bias = np.array(fitted)
    bias[unseen] = bias[np.unique(y)].max()
    return Calibration(float(np.exp(log_temperature)), tuple(bias.tolist()) if biased else ())
