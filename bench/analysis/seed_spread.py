"""How much a difference of two strategies varies with the seed, learned from all budgets of a panel of strategies.

Three seeds say next to nothing about their own spread: a test with two degrees of freedom that allows for thirteen
comparisons has no power. But the same strategies are measured at other budgets, and others beside them. This module
pools what they show (in the manner of Smyth 2004), and leaves the pool where the data say that a strategy, a budget or
a cell is unlike the others. docs/statistics.md has the simulated rates of false calls, and the power.

The pool is the *panel*: the main strategies, which every run without options has. Where a board has fewer than four of
them, the strategies whose records came first fill it up to seven. So the verdict on a strategy does not change when
others are run later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.analysis.scores import Array, SamplingVariance

PANEL = ("scratch", "finetune", "frozen", "tfidf", "glove-forest")  # the main strategies that vary with the seed
ENOUGH, MOST = 4, 7  # strategies of a panel
PRIOR_OF_A_STRATEGY = 32.0  # degrees of freedom; records of version 0.1 bore out 10 to 15, pooled over budgets
CHANCE = 0.1  # level of the test whether seeds differ by more than their answers to single texts
PRIOR_OF_A_BUDGET = 40.0  # that a budget lies on the profile
UNLIKE_STRATEGY, UNLIKE_BUDGET, UNLIKE_CELL = 0.05, 0.05, 0.005  # levels of F tests for more spread than the pool's
QUIET = 0.002  # the level for less: a smaller variance must be certain
SLOPES = np.linspace(-1.6, 0.8, 49)  # of the log variance in the log of the labels
UNEVEN = 1.3  # standard errors by which the cells' scatter must exceed chance
CHOICE = 0.85  # of the degrees of freedom are left, since the data also choose what is pooled (by simulation)
LEAST = 0.02  # a smaller share of the median spread counts as this
KNOWN = 1e6  # degrees of freedom of what is not estimated


@dataclass(frozen=True)
class SeedScores:
    """The leading scores of all strategies at one budget."""

    names: tuple[str, ...]
    labels: int
    values: Array  # [strategies, seeds]
    interaction: Array  # [strategies, strategies]: of one seed's difference, the part that the texts show to be chance
    still: NDArray[np.bool_]  # [strategies]: whether all seeds give the same answers


def moderated(cells: Sequence[SeedScores], variances: Sequence[SamplingVariance]) -> list[SamplingVariance]:
    """The variances [strategies, strategies] of the differences at each budget, with the seeds' part pooled.

    `freedom` of the result holds the degrees of freedom of that part. Budgets with one seed are returned as they are.
    """
    several = [k for k, c in enumerate(cells) if c.values.shape[1] > 1 and len(c.names) > 1]
    out = list(variances)
    if several:
        pool = pool_of(tuple(cells[k] for k in several))
        for position, k in enumerate(several):
            out[k] = pool.moderated_at(position, variances[k])
    return out


def panel_of(cells: Sequence[SeedScores]) -> tuple[str, ...]:
    """The strategies that lend their spread: those of `PANEL`, or the first ones; none that never varies."""
    names = list(dict.fromkeys(name for c in cells for name in c.names))
    vary = [n for n in names if not all(c.still[c.names.index(n)] for c in cells if n in c.names)]
    main = [n for n in PANEL if n in vary]
    return tuple(main) if len(main) >= ENOUGH else tuple((main + [n for n in vary if n not in main])[:MOST])


def pool_of(cells: tuple[SeedScores, ...]) -> Pool:
    """The pool of a panel, without those of its strategies that vary more than the rest of it does.

    One such strategy would lend its spread to all others, and none of their gains could be told. The loudest leaves
    first; an F test against the rest holds 5% for the whole panel. Where the cells of the rest scatter more than chance
    does, that test means nothing, and all stay.
    """
    pool = Pool(cells, panel_of(cells))
    while len(pool.panel) >= ENOUGH:
        rest = {n: Pool(cells, tuple(o for o in pool.panel if o != n)) for n in pool.panel}
        more = {n: float(r.chance_of_more[r.names.index(n)]) for n, r in rest.items()}
        loudest = min(more, key=lambda n: more[n])
        if more[loudest] >= UNLIKE_STRATEGY / len(rest) or np.isfinite(rest[loudest].prior_of_a_cell):
            break
        pool = rest[loudest]
    return pool


@dataclass(frozen=True)
class Pool:
    """The spread over seeds at all budgets: a profile over budgets, times a level for each strategy."""

    cells: tuple[SeedScores, ...]  # one per budget, each with two seeds or more
    panel: tuple[str, ...]  # whose spread is pooled

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All strategies."""
        return tuple(dict.fromkeys(name for c in self.cells for name in c.names))

    @cached_property
    def seed_freedom(self) -> Array:
        """Degrees of freedom of one strategy's own spread at each budget."""
        return np.array([c.values.shape[1] - 1.0 for c in self.cells])

    @cached_property
    def residuals(self) -> tuple[Array, Array, Array, Array]:
        """Per budget the panel's mean square [budgets], its degrees of freedom and the least that it can be.

        And the own variance of each strategy, [budgets, strategies] (Grubbs 1948), NaN where it is not there or all its
        seeds answer the same. A panel that is not there at a budget leaves NaN and no degrees of freedom.
        """
        pooled, floor = np.full(len(self.cells), np.nan), np.zeros(len(self.cells))
        freedom, own = np.zeros(len(self.cells)), np.full((len(self.cells), len(self.names)), np.nan)
        for k, c in enumerate(self.cells):
            rows = [i for n in self.panel if n in c.names and not c.still[i := c.names.index(n)]]
            m = len(rows)
            if m < 2:
                continue
            rest = c.values - c.values[rows].mean(axis=0)
            square = rest.var(axis=1, ddof=1)
            pooled[k] = square[rows].sum() / (m - 1)
            freedom[k] = (m - 1) * self.seed_freedom[k]
            floor[k] = c.interaction[np.ix_(rows, rows)].sum() / (2 * m * (m - 1))
            alone = square - pooled[k] / m
            if m > 2:
                alone[rows] /= 1 - 2 / m
            else:
                alone[rows] = pooled[k]
            own[k, [self.names.index(n) for n in c.names]] = np.where(c.still, np.nan, alone)
        return pooled, freedom, floor, own

    @cached_property
    def profile(self) -> tuple[Array, Array]:
        """The variance of one strategy at each budget, and the relative variance of that estimate.

        It is what the texts show to be chance, plus a power of the number of labels; where one budget is unlike its
        neighbours, its own. NaN where there is no panel.
        """
        pooled, freedom, floor, _ = self.residuals
        if self.only_chance:
            return np.where(freedom > 0, floor, np.nan), np.zeros(len(floor))
        fitted, error = _power_law(pooled, freedom, floor, np.log([max(c.labels, 1) for c in self.cells]))
        ratio = pooled / fitted
        weight = freedom / (freedom + PRIOR_OF_A_BUDGET)
        mixed = fitted * (1 - weight + weight * ratio)
        mixed_error = error * (1 - weight) ** 2 + weight**2 * 2 / np.maximum(freedom, 1e-9)
        unlike = self.unlike_budgets
        alone = np.maximum(pooled, floor)  # two that happen to rise and fall alike show no spread, but have some
        return (np.where(unlike, alone, mixed), np.where(unlike, 2 / np.maximum(freedom, 1e-9), mixed_error))

    @cached_property
    def unlike_budgets(self) -> NDArray[np.bool_]:
        """Where the panel's spread is unlike the profile."""
        pooled, freedom, floor, _ = self.residuals
        fitted, _ = _power_law(pooled, freedom, floor, np.log([max(c.labels, 1) for c in self.cells]))
        if (freedom > 0).sum() < 2:
            return np.zeros(len(pooled), bool)
        ratio = np.nan_to_num(pooled / fitted, nan=1.0)
        return (_beyond(ratio, freedom, freedom.sum()) < UNLIKE_BUDGET) | (
            _beyond(1 / np.maximum(ratio, 1e-9), freedom.sum(), freedom) < QUIET)

    @cached_property
    def only_chance(self) -> bool:
        """Whether the panel's spread over seeds is no more than its different answers to the same texts explain."""
        pooled, freedom, floor, _ = self.residuals
        known = (freedom > 0) & (floor > 0)
        if not known.any():
            return False
        ratio = float((freedom * pooled)[known] @ (1 / floor[known]) / freedom[known].sum())
        return bool(_beyond(np.array(ratio), freedom[known].sum(), KNOWN) > CHANCE) and not self.unlike_budgets.any()

    @cached_property
    def ratios(self) -> tuple[Array, Array]:
        """How many times the profile each strategy's own variance is, and its degrees of freedom."""
        own = self.residuals[-1]
        profile, _ = self.profile
        weights = ~np.isnan(own) * self.seed_freedom[:, None]
        own_freedom = np.maximum(weights.sum(axis=0), 1e-9)
        return np.nansum(weights * own / np.maximum(profile, 1e-300)[:, None], axis=0) / own_freedom, own_freedom

    @cached_property
    def chance_of_more(self) -> Array:
        """The chance that a strategy like the panel varies as much as each does."""
        return _beyond(*self.ratios, self.residuals[1].sum())

    @cached_property
    def levels(self) -> tuple[Array, Array, NDArray[np.bool_]]:
        """How many times the profile each strategy's variance is, how well that is known, and whether it is unlike."""
        freedom = self.residuals[1]
        ratio, own_freedom = self.ratios
        unlike = (self.chance_of_more < UNLIKE_STRATEGY) | (
            _beyond(1 / np.maximum(ratio, 1e-9), freedom.sum(), own_freedom) < QUIET)
        share = own_freedom / (own_freedom + PRIOR_OF_A_STRATEGY)
        level = np.where(unlike, np.maximum(ratio, 0.02), 1 - share + share * np.maximum(ratio, 0.0))
        error = 2 / own_freedom * np.where(unlike, 1.0, share**2)
        return level, error, unlike

    @cached_property
    def prior_of_a_cell(self) -> float:
        """Degrees of freedom that the product of profile and level is worth in one cell (Smyth 2004).

        Infinite unless the panel's cells scatter clearly more than chance does.
        """
        from scipy.special import polygamma

        shared = [n for n in self.panel if all(n in c.names for c in self.cells)]
        seeds = self.seed_freedom
        if len(shared) < 3 or len(self.cells) < 3 or np.ptp(seeds) > 0:
            return np.inf
        spread = np.array([[c.values[c.names.index(n)].var(ddof=1) for n in shared] for c in self.cells])
        logs = np.log(np.maximum(spread / np.maximum(np.median(spread, axis=1, keepdims=True), 1e-12), LEAST))
        logs = logs - logs.mean(axis=0) - logs.mean(axis=1, keepdims=True) + logs.mean()
        count, d = (len(shared) - 1) * (len(self.cells) - 1), float(seeds[0])
        found, expected = float((logs**2).sum() / count), float(polygamma(1, d / 2))
        error = expected * np.sqrt((float(polygamma(3, d / 2)) / expected**2 + 2) / count)
        ratio = spread / np.maximum(spread.mean(axis=1, keepdims=True), 1e-12)
        ratio = ratio / np.maximum(ratio.mean(axis=0), 1e-12)
        square = float(((ratio - 1) ** 2).sum() / count)
        square_error = np.sqrt((12 * (d + 4) / d**3 - 4 / d**2) / count)
        if found <= expected + UNEVEN * error and square <= 2 / d + UNEVEN * square_error:
            return np.inf
        return 2 * _inverse_trigamma(max(found - expected, error))

    def moderated_at(self, position: int, variance: SamplingVariance) -> SamplingVariance:
        """The variance of all differences at a budget, with the seeds' part from the pool."""
        cell = self.cells[position]
        profile, profile_error = (a[position] for a in self.profile)
        seeds = cell.values.shape[1]
        own = np.asarray(variance.from_seeds) * seeds
        floor = np.asarray(variance.interaction) * seeds
        if np.isnan(profile):
            return replace(variance, from_seeds=np.maximum(own, floor) / seeds, freedom=np.full(own.shape, seeds - 1.0))
        columns = [self.names.index(n) for n in cell.names]
        level, error, unlike = (np.where(cell.still, 0.0, a[columns]) for a in self.levels)
        total = level[:, None] + level[None]
        pooled = total * profile
        if self.only_chance:
            pooled = np.where(np.maximum(unlike[:, None], unlike[None]) > 0, pooled, np.minimum(pooled, floor))
        errors = level**2 * error
        relative = profile_error + (errors[:, None] + errors[None]) / np.maximum(total, 1e-9) ** 2
        freedom = np.minimum(CHOICE * 2 / np.maximum(relative, 2 / KNOWN), KNOWN)
        prior = self.prior_of_a_cell
        if np.isfinite(prior):
            share = prior / (prior + seeds - 1)
            pooled = share * pooled + (1 - share) * own
            freedom = 1 / (1 / (prior + seeds - 1) + 1 / freedom)
        least = 0.2 if self.unlike_budgets[position] else UNLIKE_CELL
        alone = (pooled > 0) & (_beyond(own / np.maximum(pooled, 1e-300), seeds - 1.0, freedom) < least)
        pooled = np.where(alone, own, pooled)
        freedom = np.where(alone, seeds - 1.0, freedom)
        freedom = np.where(pooled <= floor, KNOWN, freedom)
        same = (own == 0) & (floor == 0)  # the same answers with every seed, or a strategy and itself
        of_column = np.divide(level[None].repeat(len(level), 0), total, out=np.full(total.shape, 0.5), where=total > 0)
        return replace(variance, from_texts=variance.signed_from_texts, freedom=freedom, shared=of_column,
                       from_seeds=np.where(same, 0.0, np.maximum(pooled, floor)) / seeds)


def _power_law(pooled: Array, freedom: Array, floor: Array, logs: Array) -> tuple[Array, Array]:
    """The likeliest `floor + c · labels ** slope` for mean squares, and the relative variance of the fit, by budget."""
    known = freedom > 0
    if not known.any():
        return np.full(pooled.shape, np.nan), np.zeros(pooled.shape)
    x = logs - logs[known].mean()
    square, base = np.maximum(np.where(known, pooled, 1.0), 1e-12), np.maximum(floor, 1e-12)
    weight = freedom / freedom.sum()
    curves = np.exp((SLOPES if known.sum() > 2 else np.zeros(1))[:, None] * x)
    low = np.full(len(curves), np.log(square.max() * 1e-6))
    high = low + np.log(1e9)
    for _ in range(40):
        middle = (low + high) / 2
        mean = base + np.exp(middle)[:, None] * curves
        more = (weight * (square - mean) / mean**2 * curves).sum(axis=1) > 0
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    means = base + np.exp(low)[:, None] * curves
    best = int(((np.log(means) + square / means) * weight).sum(axis=1).argmin())
    fitted = means[best]
    share = 1 - base / fitted
    design = np.stack([share, share * x] if known.sum() > 2 else [share], axis=1)
    root = np.sqrt(freedom / 2)[:, None] * design
    covariance = np.linalg.pinv(root.T @ root)
    return np.where(known, fitted, np.nan), np.einsum("bi,ij,bj->b", design, covariance, design)


def _beyond(ratio: Array, first: Array | float, second: Array | float) -> Array:
    """The chance that an F ratio of so many degrees of freedom is larger."""
    from scipy.special import fdtrc

    return np.asarray(fdtrc(np.maximum(first, 1e-9), np.maximum(second, 1e-9), np.maximum(ratio, 0.0)), np.float64)


def _inverse_trigamma(value: float) -> float:
    """Where the trigamma function has a value above 0."""
    from scipy.special import polygamma

    low, high = 1e-6, 1e6
    for _ in range(100):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if polygamma(1, middle) > value else (low, middle)
    return float(low)
