"""One effect measured on several data sets: its mean, how much it differs between them, and on how many it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.scores import Interval

PROFILE = (1.0, 2.0, 5.0)  # points behind the best


@dataclass(frozen=True)
class MeanEffect:
    """A mean effect over data sets, in the unit of the effects."""

    mean: Interval  # Hartung & Knapp (2001): its interval allows for few data sets
    between: float  # standard deviation of the true effects between data sets (DerSimonian & Laird 1986)
    improves: float  # mean probability over the data sets that the effect there is above 0
    replicated: int  # data sets on which an effect above 0 is shown, at 5% for the whole count (Dror et al. 2017)


def mean_effect(effects: Sequence[float], errors: Sequence[float], p: Sequence[float]) -> MeanEffect | None:
    """The mean of the effects with their standard errors and one-sided p values; None below two data sets."""
    from scipy.special import ndtr, stdtrit

    y, v = np.asarray(effects, np.float64), np.maximum(np.asarray(errors, np.float64), 1e-6) ** 2
    k = len(y)
    if k < 2:
        return None
    fixed = 1 / v
    middle = (fixed * y).sum() / fixed.sum()
    excess = (fixed * (y - middle) ** 2).sum() - (k - 1)
    between = max(0.0, float(excess / (fixed.sum() - (fixed**2).sum() / fixed.sum())))
    weights = 1 / (v + between)
    mean = float((weights * y).sum() / weights.sum())
    scale = max(1.0, float((weights * (y - mean) ** 2).sum() / (k - 1)))  # never narrower than without it
    half = float(-stdtrit(k - 1, 0.025)) * float(np.sqrt(scale / weights.sum()))
    return MeanEffect(Interval(mean, mean - half, mean + half), float(np.sqrt(between)),
                      float(ndtr(y / np.sqrt(v)).mean()), replicated(p))


def replicated(p: Sequence[float], alpha: float = 0.05) -> int:
    """The number of data sets on which an effect is shown: partial conjunction tests by Bonferroni.

    With chance 1 - alpha at least so many hold it (Benjamini & Heller 2008; Dror et al. 2017, k-hat of Bonferroni),
    however the data sets depend on each other.
    """
    ordered = np.sort(np.asarray(p, np.float64))
    tests = np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1))
    return int((tests <= alpha).sum())


def profile(behind: Sequence[float]) -> tuple[float, ...]:
    """The shares of data sets on which a strategy is at most 1, 2 and 5 points behind the best (Dolan & More 2002)."""
    return tuple(float(np.mean(np.asarray(behind) <= points + 1e-9)) for points in PROFILE)
