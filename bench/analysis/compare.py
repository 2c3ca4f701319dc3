"""From answer sheets to what can be said: intervals, gains with a verdict, ranks that ties share, pairs compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.analysis import bootstrap, inference, multiplicity, scores
from bench.analysis.inference import Need
from bench.analysis.multiplicity import Contrasts
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, ErrorParts, Interval
from bench.core.budget import Budget, in_order
from bench.core.errors import BenchError

SCRATCH = "scratch"
NEUTRAL = 2.0  # points of gain within which nobody would choose differently
ALPHA = 0.05
HELPS, HARMS, SAME, OPEN = "helps", "harms", "neutral", "underpowered"
MARKS = {HELPS: "▲", HARMS: "▼", SAME: "=", OPEN: "?"}


@dataclass(frozen=True)
class Row:
    """One baseline at one budget, over all seeds."""

    baseline: str
    score: Interval  # of the leading score
    auc: Interval | None
    rank: int  # 1: nothing is better for certain
    best: float  # share of resamples in which it has the highest score
    gain: Interval | None  # points over scratch; None for scratch itself and where scratch is not complete
    verdict: str  # helps, harms, neutral, underpowered; empty without a gain
    p: float | None  # of the gain, Holm-corrected over all pairs of the leaderboard
    adapt: float  # seconds


@dataclass(frozen=True)
class Standing:
    """A leaderboard's one budget."""

    budget: Budget
    n_train: int
    seeds: int
    n_test: int
    rows: tuple[Row, ...]  # best mean first
    lead: Interval | None  # points of the first over the second
    lead_p: float | None  # Holm-corrected likewise
    detectable: float | None  # points between the first two that a test would call with 80% power
    need: Need  # seeds, or texts, to tell the first two apart

    @property
    def tied(self) -> tuple[str, ...]:
        """Those that share the first rank with the best."""
        return tuple(r.baseline for r in self.rows[1:] if r.rank == 1)


@dataclass(frozen=True)
class Pair:
    """Two baselines at one budget on the same test set and the same draws; the first minus the second."""

    first: str
    second: str
    budget: Budget
    seeds: int
    n_test: int
    scores: tuple[float, float]
    difference: Interval  # points of the leading score
    bootstrap: Interval  # the same by resampling texts and seeds
    p: float
    p_holm: float  # over the pairs compared together
    mcnemar: float  # together over seeds
    auc_difference: Interval | None  # in hundredths
    auc_bootstrap: Interval | None
    auc_p: float | None
    delong: float | None  # together over seeds
    detectable: float
    need: Need


def standings(sheets: Sequence[TestPredictions], sizes: Mapping[Budget, int]) -> list[Standing]:
    """One standing a budget, the smallest first."""
    tables = [_table([s for s in sheets if s.budget == b]) for b in in_order(s.budget for s in sheets)]
    p = multiplicity.corrected([t.contrasts() for t in tables])
    return [_standing(t, t.square(q), sizes.get(t.sheets[0].budget, 0)) for t, q in zip(tables, p, strict=True)]


@dataclass(frozen=True)
class _Table:
    """The sheets of one budget, and the differences of all their pairs."""

    sheets: list[TestPredictions]
    difference: Array  # [k, k], row minus column
    parts: ErrorParts  # of arrays [k, k]

    def contrasts(self) -> Contrasts:
        """Each pair once."""
        names = [s.baseline for s in self.sheets]
        rows, columns = np.triu_indices(len(names), 1)
        return Contrasts(tuple((names[i], names[j]) if names[i] < names[j] else (names[j], names[i])
                               for i, j in zip(rows, columns, strict=True)),
                         self.difference[rows, columns], _picked(self.parts, rows, columns))

    def square(self, p: Array) -> Array:
        """What each pair has, as [k, k]; 1 on the diagonal."""
        out = np.ones_like(self.difference)
        rows, columns = np.triu_indices(len(out), 1)
        out[rows, columns] = out[columns, rows] = p
        return out


def _table(sheets: list[TestPredictions]) -> _Table:
    return _Table(sheets, *inference.pairwise([s.score() for s in sheets]))


def _picked(parts: ErrorParts, rows: Any, columns: Any) -> ErrorParts:
    return replace(parts, **{name: getattr(parts, name)[rows, columns] for name in
                             ("seeds_share", "texts_share", "interplay", "texts_certain")})


def _standing(table: _Table, corrected: Array, n_train: int) -> Standing:
    sheets, difference, found = table.sheets, table.difference, table.parts
    samples = [s.score() for s in sheets]
    mean = np.array([s.value.mean() for s in samples])
    rank = inference.ranks(mean, corrected)
    first = sheets[0]
    made = bootstrap.replicates(samples, bootstrap.drawn(found.seeds, found.texts))
    best = np.bincount(made.argmax(axis=1), minlength=len(sheets)) / len(made)
    gains = _gains(sheets, difference, found, corrected)
    order = sorted(range(len(sheets)), key=lambda i: (-mean[i], sheets[i].baseline))
    rows = []
    for i in order:
        area = sheets[i].auc()
        gain, verdict, gain_p = gains.get(i, (None, "", None))
        rows.append(Row(sheets[i].baseline, inference.score_interval(samples[i]),
                        None if area is None else inference.score_interval(area), int(rank[i]), float(best[i]), gain,
                        verdict, gain_p, sheets[i].adapt))
    lead, lead_p, least, need = None, None, None, Need(None, None)
    if len(order) > 1:
        a, b = order[:2]
        own = _picked(found, a, b)
        lead = inference.difference_interval(samples[a] - samples[b]).times(100)
        lead_p, least = float(corrected[a, b]), 100 * inference.detectable(own)
        need = inference.seeds_needed(float(difference[a, b]), own)
    return Standing(first.budget, n_train, found.seeds, found.texts, tuple(rows), lead, lead_p, least, need)


def _gains(sheets: list[TestPredictions], difference: Array, found: ErrorParts,
           corrected: Array) -> dict[int, tuple[Interval, str, float]]:
    """For each but scratch: gain in points, verdict, corrected p."""
    at = next((i for i, s in enumerate(sheets) if s.baseline == SCRATCH), None)
    if at is None:
        return {}
    others = [i for i in range(len(sheets)) if i != at]
    out = {}
    for i in others:
        own, p = _picked(found, i, at), float(corrected[i, at])
        gap, error = 100 * float(difference[i, at]), 100 * float(own.error)
        half = float(inference.critical(own)) * error
        inner = float(inference.critical(own, 2 * ALPHA)) * error  # two one-sided tests at 5%
        out[i] = (Interval(gap, gap - half, gap + half), verdict(gap, inner, p), p)
    return out


def verdict(gain: float, half: float, p: float) -> str:
    """Helps or harms where the corrected test says so; neutral where the 90% interval lies within ±2 points.

    That is Schuirmann's (1987) test of equivalence. What is neither is underpowered: more seeds or texts would tell.
    """
    if p <= ALPHA:
        return HELPS if gain > 0 else HARMS
    return SAME if abs(gain) + half <= NEUTRAL else OPEN


def pairs(sheets: Sequence[TestPredictions], names: Sequence[str], budgets: Sequence[Budget] = ()) -> list[Pair]:
    """Every pair of the named baselines at each budget (or those given), Holm-corrected over all of them.

    The other baselines and budgets only lend the spread of their seeds.
    """
    have = {(s.baseline, s.budget): s for s in sheets}
    known = sorted({s.baseline for s in sheets})
    unknown = [n for n in names if n not in known]
    if unknown:
        raise BenchError(f"no complete cell of {', '.join(map(repr, unknown))}", f"there are: {', '.join(known)}")
    chosen = list(dict.fromkeys(names))
    if len(chosen) < 2:
        raise BenchError("a comparison needs two baselines", "such as --compare finetune,frozen")
    at = [b for b in in_order(s.budget for s in sheets) if not budgets or b in budgets]
    tables = [_table([s for s in sheets if s.budget == b]) for b in in_order(s.budget for s in sheets)]
    contrasts = [t.contrasts() for t in tables]
    wanted = np.array([t.sheets[0].budget in at and set(pair) <= set(chosen)
                       for t, c in zip(tables, contrasts, strict=True) for pair in c.names], bool)
    if not wanted.any():
        raise BenchError(f"{', '.join(chosen)}: no budget at which two of them are complete",
                         f"budgets with records: {', '.join(map(str, at)) or 'none of those asked for'}")
    p = {(t.sheets[0].budget, frozenset(pair)): float(v)
         for t, c, q in zip(tables, contrasts, multiplicity.corrected(contrasts, wanted), strict=True)
         for pair, v in zip(c.names, q, strict=True)}
    return [_pair(have[a, b], have[c, b], p[b, frozenset((a, c))])
            for b in at for i, a in enumerate(chosen) for c in chosen[i + 1 :] if (a, b) in have and (c, b) in have]


def compare_runs(before: Sequence[TestPredictions], after: Sequence[TestPredictions]) -> list[Pair]:
    """Each cell that two runs share, on the same test set and seeds: the later run minus the earlier."""
    have = {(s.baseline, s.budget): s for s in before}
    found = []
    for late in after:
        early = have.get((late.baseline, late.budget))
        if early is not None and early.seeds == late.seeds and np.array_equal(early.truth, late.truth):
            found.append((replace(late, baseline=f"{late.baseline} after"),
                          replace(early, baseline=f"{early.baseline} before")))
    groups = [[pair for pair in found if pair[0].budget == b] for b in dict.fromkeys(a.budget for a, _ in found)]
    p = multiplicity.corrected([_changes(g) for g in groups])
    return [_pair(a, b, float(v)) for g, q in zip(groups, p, strict=True) for (a, b), v in zip(g, q, strict=True)]


def _changes(found: list[tuple[TestPredictions, TestPredictions]]) -> Contrasts:
    gaps = [a.score() - b.score() for a, b in found]
    every = [scores.error_parts(g) for g in gaps]
    share = {name: np.array([getattr(e, name) for e in every])
             for name in ("seeds_share", "texts_share", "interplay", "texts_certain")}
    return Contrasts(tuple((a.baseline, b.baseline) for a, b in found), np.array([g.value.mean() for g in gaps]),
                     ErrorParts(seeds=every[0].seeds, texts=every[0].texts, **share))


def significantly_worse(found: Sequence[Pair], points: float) -> list[Pair]:
    """Those whose first is worse by more than so many points, and whose corrected test says that it is worse at all.

    A gate over many cells must not fail by chance: without the correction one cell in forty would at each run.
    """
    return [c for c in found if c.difference.estimate < -points and c.p_holm <= ALPHA]


def _pair(one: TestPredictions, two: TestPredictions, p_holm: float) -> Pair:
    gap = one.score() - two.score()
    found = scores.error_parts(gap)
    p = float(inference.p_value(gap.value.mean(), found))
    seeds, n = len(one.seeds), len(one.truth)
    made = bootstrap.drawn(seeds, n)
    right, other = one.guesses == one.truth, two.guesses == two.truth
    a, b = one.auc(), two.auc()
    area = None if a is None or b is None else a - b
    delong = None
    if area is not None:
        each = [inference.delong(one.truth, x, y) for x, y in zip(one.probabilities, two.probabilities, strict=True)]
        delong = inference.together([e for e in each if e is not None])
    return Pair(
        one.baseline, two.baseline, one.budget, seeds, n,
        (float(one.score().value.mean()), float(two.score().value.mean())),
        inference.difference_interval(gap).times(100), bootstrap.interval(gap, made).times(100), p, p_holm,
        inference.together([inference.mcnemar(x, y) for x, y in zip(right, other, strict=True)]),
        None if area is None else inference.difference_interval(area).times(100),
        None if area is None else bootstrap.interval(area, made).times(100),
        None if area is None else float(inference.p_value(area.value.mean(), scores.error_parts(area))), delong,
        100 * inference.detectable(found), inference.seeds_needed(float(gap.value.mean()), found))
