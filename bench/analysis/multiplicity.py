"""Multiple testing: all tests of a leaderboard are one family, with the seeds' variance pooled over the budgets.

Three seeds tell little about their own spread, and a difference of twenty points would not survive a correction over
eighty tests. But the same two baselines are also compared at other budgets, and their spread there says much about
their spread here. docs/statistics.md gives the simulated rates of false discoveries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.analysis import inference
from bench.analysis.scores import Array, SamplingVariance


@dataclass(frozen=True)
class Contrasts:
    """What is tested at one budget: mean differences with their variances, each named by the pair it compares."""

    names: tuple[tuple[str, str], ...]  # a pair has the same name at every budget
    difference: Array  # [names]
    variance: SamplingVariance  # of arrays [names]


def adjusted_p_values(contrasts: Sequence[Contrasts], selected: NDArray[np.bool_] | None = None) -> list[Array]:
    """The p values of the contrasts of each budget, Holm-corrected over all budgets together.

    A corrected p is never below the contrast's own uncorrected p, so the interval of a significant difference excludes
    0. With `selected` (a mask over all contrasts in order) the family is these alone; the others only lend their
    spread, and their p is 1.
    """
    if not contrasts:
        return []
    uncorrected = np.concatenate([np.atleast_1d(inference.p_value(c.difference, c.variance)) for c in contrasts])
    moderated = np.concatenate([np.atleast_1d(inference.p_value(c.difference, variance))
                                for c, variance in zip(contrasts, moderated_variances(contrasts), strict=True)])
    family = np.ones(len(uncorrected), bool) if selected is None else selected
    p = np.ones(len(uncorrected))
    p[family] = np.maximum(uncorrected[family], inference.holm(moderated[family]))
    return np.split(p, np.cumsum([len(c.names) for c in contrasts])[:-1])


def moderated_variances(contrasts: Sequence[Contrasts]) -> list[SamplingVariance]:
    """The variances, with the part from the seeds moderated by the other budgets, as in Smyth (2004).

    The variance from the seeds is at least its interaction with the texts, which is well known from thousands of
    texts: a smaller spread is chance. What the same pair has at other budgets, brought to this budget's level by the
    other pairs, counts as much as the pair's own variance and never more. It can only increase the variance, and it
    doubles the degrees of freedom.
    """
    names = sorted({n for c in contrasts for n in c.names})
    column = {n: i for i, n in enumerate(names)}
    columns = [np.array([column[n] for n in c.names], int) for c in contrasts]
    from_seeds = np.zeros((len(contrasts), len(names)))  # 0: pair not there, or all its seeds answer the same
    for row, of_pairs, c in zip(from_seeds, columns, contrasts, strict=True):
        if c.variance.seeds > 1:
            row[of_pairs] = np.maximum(c.variance.from_seeds, c.variance.interaction)
    moderated = []
    for k, (of_pairs, c) in enumerate(zip(columns, contrasts, strict=True)):
        if c.variance.seeds == 1:
            moderated.append(c.variance)
            continue
        others = [j for j, o in enumerate(contrasts) if j != k and o.variance.seeds == c.variance.seeds]
        elsewhere, budgets = _mean_of_other_budgets(from_seeds[k], from_seeds[others])
        here, known = from_seeds[k][of_pairs], budgets[of_pairs] > 0
        variance = np.where(known, np.maximum(here, (here + elsewhere[of_pairs]) / 2), here)
        moderated.append(replace(c.variance, from_seeds=variance,
                                 borrowed=np.where(known, c.variance.seeds - 1.0, 0.0)))
    return moderated


def _mean_of_other_budgets(here: Array, others: Array) -> tuple[Array, NDArray[np.int64]]:
    """The mean variance of each pair at the `others` [budgets, names] at the level of `here` [names], and their number.

    The other pairs give the ratio of the levels: with few labels all spreads are larger.
    """
    total, count = np.zeros_like(here), np.zeros(len(here), np.int64)
    for there in others:
        both = (here > 0) & (there > 0)
        rest_here, rest_there = here[both].sum() - here[both], there[both].sum() - there[both]
        level = np.divide(rest_here, rest_there, out=np.ones_like(rest_here),
                          where=(rest_there > 0) & (both.sum() > 1))
        total[both] += level * there[both]
        count += both
    return total / np.maximum(count, 1), count
