"""All tests of one leaderboard as one family: the seeds' spread pooled over the budgets, then Holm's correction.

Three seeds hardly know their own spread, and a difference of twenty points would not survive a correction over eighty
tests. But the same two baselines were also compared at other numbers of labels, and their spread there says much about
their spread here. The simulated rates of false calls are in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.analysis import inference
from bench.analysis.scores import Array, ErrorParts


@dataclass(frozen=True)
class Contrasts:
    """What is tested at one budget: mean differences and their variances, each with the name of what is compared."""

    names: tuple[tuple[str, str], ...]  # the same pair has the same name at every budget
    difference: Array  # [names]
    parts: ErrorParts  # of arrays [names]


def corrected(found: Sequence[Contrasts], chosen: NDArray[np.bool_] | None = None) -> list[Array]:
    """For each budget the p of its contrasts, Holm-corrected over all budgets together.

    It is never below the contrast's own uncorrected p, so what is called has an interval without 0. Where only some
    are `chosen` (of all contrasts in order), the family is these, and the others lend their spread alone (p is 1).
    """
    if not found:
        return []
    own = np.concatenate([np.atleast_1d(inference.p_value(c.difference, c.parts)) for c in found])
    shared = np.concatenate([np.atleast_1d(inference.p_value(c.difference, p))
                             for c, p in zip(found, pooled(found), strict=True)])
    family = np.ones(len(own), bool) if chosen is None else chosen
    p = np.ones(len(own))
    p[family] = np.maximum(own[family], inference.holm(shared[family]))
    return np.split(p, np.cumsum([len(c.names) for c in found])[:-1])


def pooled(found: Sequence[Contrasts]) -> list[ErrorParts]:
    """The variances with the seeds' share moderated, as in Smyth (2004), by what the other budgets say.

    The seeds' share is at least its interplay with the texts, which thousands of texts know well: a smaller spread is
    chance. What the same pair has at other budgets, at the level that the other pairs have here, counts as
    much as the pair's own, never for more, and only ever makes it larger; the degrees of freedom double.
    """
    names = sorted({n for c in found for n in c.names})
    at = {n: i for i, n in enumerate(names)}
    places = [np.array([at[n] for n in c.names], int) for c in found]
    floor = np.zeros((len(found), len(names)))  # 0: not there, or each seed answers alike
    for row, place, c in zip(floor, places, found, strict=True):
        if c.parts.seeds > 1:
            row[place] = np.maximum(c.parts.seeds_share, c.parts.interplay)
    out = []
    for k, (place, c) in enumerate(zip(places, found, strict=True)):
        if c.parts.seeds == 1:
            out.append(c.parts)
            continue
        others = [j for j, o in enumerate(found) if j != k and o.parts.seeds == c.parts.seeds]
        said, count = _elsewhere(floor[k], floor[others])
        own, known = floor[k][place], count[place] > 0
        share = np.where(known, np.maximum(own, (own + said[place]) / 2), own)
        out.append(replace(c.parts, seeds_share=share, lent=np.where(known, c.parts.seeds - 1.0, 0.0)))
    return out


def _elsewhere(here: Array, others: Array) -> tuple[Array, NDArray[np.int64]]:
    """What the other budgets [budgets, names] say of each share `here` [names], and how many of them say anything.

    Their level is brought to this budget's by the other pairs: few labels make all spreads larger.
    """
    total, count = np.zeros_like(here), np.zeros(len(here), np.int64)
    for there in others:
        both = (here > 0) & (there > 0)
        mine, its = here[both].sum() - here[both], there[both].sum() - there[both]
        level = np.divide(mine, its, out=np.ones_like(mine), where=(its > 0) & (both.sum() > 1))
        total[both] += level * there[both]
        count += both
    return total / np.maximum(count, 1), count
