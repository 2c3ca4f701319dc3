"""Paired comparisons: chosen baselines with each other, or the cells of a later run with those of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis import bootstrap, inference, power
from bench.analysis.boards import variants_of
from bench.analysis.pairwise import PairwiseDifferences, differences_by_budget
from bench.analysis.power import RequiredSample
from bench.analysis.predictions import TestPredictions
from bench.analysis.rankings import ALPHA, interval_of
from bench.analysis.scores import Interval, SamplingVariance, sampling_variance
from bench.analysis.study import Study
from bench.core.budget import Budget
from bench.core.errors import BenchError


@dataclass(frozen=True)
class Comparison:
    """Two baselines at one budget on the same test set and the same label draws; differences are first - second."""

    first: str
    second: str
    budget: Budget
    seeds: int
    n_test: int
    scores: tuple[float, float]
    difference: Interval  # points of the leading score
    bootstrap: Interval  # the same by resampling texts and seeds
    p: float
    p_holm: float  # corrected over all pairs that are compared together
    mcnemar: float  # combined over seeds
    auc_difference: Interval | None  # in hundredths
    auc_bootstrap: Interval | None
    auc_p: float | None
    delong: float | None  # combined over seeds
    detectable: float  # points that a test would detect with 80% power
    need: RequiredSample  # to separate the two


def compare_baselines(predictions: Sequence[TestPredictions], names: Sequence[str],
                      budgets: Sequence[Budget] = ()) -> list[Comparison]:
    """Every pair of the named baselines at each budget (or at those given), Holm-corrected over all of them.

    The other baselines and budgets only lend the spread of their seeds.
    """
    cells = {(p.baseline, p.budget): p for p in predictions}
    known = sorted({p.baseline for p in predictions})
    unknown = [n for n in names if n not in known]
    if unknown:
        raise BenchError(f"no complete cell of {', '.join(map(repr, unknown))}", f"there are: {', '.join(known)}")
    chosen = list(dict.fromkeys(names))
    if len(chosen) < 2:
        raise BenchError("a comparison needs two baselines", "such as --compare finetune,frozen")
    every = {d.predictions[0].budget: d for d in differences_by_budget(predictions)}
    wanted = [b for b in every if not budgets or b in budgets]
    pairs = [(cells[a, b], cells[c, b]) for b in wanted for i, a in enumerate(chosen) for c in chosen[i + 1 :]
             if (a, b) in cells and (c, b) in cells]
    if not pairs:
        raise BenchError(f"{', '.join(chosen)}: no budget at which two of them are complete",
                         f"budgets with records: {', '.join(map(str, wanted)) or 'none of those asked for'}")
    return _comparisons(pairs, every)


def compare_runs(before: Sequence[TestPredictions], after: Sequence[TestPredictions]) -> list[Comparison]:
    """Each cell that two runs share, on the same test set: the later minus the earlier, on the earlier's seeds."""
    cells = {(p.baseline, p.budget): p for p in before}
    pairs = []
    for late in after:
        early = cells.get((late.baseline, late.budget))
        if early is not None and set(early.seeds) <= set(late.seeds) and np.array_equal(early.truth, late.truth):
            pairs.append((replace(late.of_seeds(early.seeds), baseline=f"{late.baseline} after"),
                          replace(early, baseline=f"{early.baseline} before")))
    each = list({id(p): p for pair in pairs for p in pair}.values())
    return _comparisons(pairs, {d.predictions[0].budget: d for d in differences_by_budget(each)})


def matching_boards(before: Sequence[Study], after: Sequence[Study]) -> list[tuple[Study, Study, str]]:
    """Leaderboards of two runs that are to be compared, and what differs between them or their rows, in words.

    They share all that their trials do. Where a run has one leaderboard of a headline (target, source, net, engine,
    device) and draw, it is also compared with the other's one, such as a later base with an earlier: that is what
    changed. Two draws are not: no seed of one has the labelled texts of a seed of the other.
    """
    exact = {study.board.key: study for study in before}
    pairs = []
    for late in after:
        early = exact.get(late.board.key)
        if early is None:
            key = late.board.key
            alike = [[s for s in run if (s.board.key.headline, s.board.key.draw) == (key.headline, key.draw)]
                     for run in (before, after)]
            if any(len(studies) != 1 for studies in alike):
                continue
            early = alike[0][0]
        pairs.append((early, late, _change(early, late)))
    return pairs


def _change(early: Study, late: Study) -> str:
    """What two leaderboards do not share; empty where they share all."""
    texts = []
    if early.board.key != late.board.key:
        variants = variants_of([early.board.key, late.board.key])
        before, after = (variants[study.board.key] for study in (early, late))
        texts.append(f"before: {before or 'as after'}, after: {after or 'as before'}")
    for name, row in late.board.row_keys.items():
        other = early.board.row_keys.get(name, row)
        if other.settings != row.settings:
            texts.append(f"{name}: settings {other.settings} before, {row.settings} after")
        if other.version != row.version:
            texts.append(f"{name}: another version of its code")
        if other.recipe != row.recipe:
            texts.append(f"{name}: recipe {other.recipe} before, {row.recipe} after")
    return "; ".join(texts)


def _comparisons(pairs: Sequence[tuple[TestPredictions, TestPredictions]],
                 differences: Mapping[Budget, PairwiseDifferences]) -> list[Comparison]:
    """Each pair compared; the p values are Holm-corrected over all of them."""
    variances = []
    for first, second in pairs:
        at = differences[first.budget]
        variances.append(at.variance.at(at.names.index(first.baseline), at.names.index(second.baseline)))
    p = [float(inference.p_value(first.score().value.mean() - second.score().value.mean(), v))
         for (first, second), v in zip(pairs, variances, strict=True)]
    return [_comparison(first, second, v, own, corrected)
            for (first, second), v, own, corrected in zip(pairs, variances, p, inference.holm(p), strict=True)]


def significantly_worse(comparisons: Sequence[Comparison], points: float) -> list[Comparison]:
    """Those whose first is worse by more than so many points and significantly worse after correction.

    A gate over many cells must not fail by chance: uncorrected, one cell in forty would fail it at each run.
    """
    return [c for c in comparisons if c.difference.estimate < -points and c.p_holm <= ALPHA]


def _comparison(first: TestPredictions, second: TestPredictions, variance: SamplingVariance, p: float,
                p_holm: float) -> Comparison:
    difference = first.score() - second.score()
    seeds, n = len(first.seeds), len(first.truth)
    drawn = bootstrap.resamples(seeds, difference.influence.shape[1])
    right, other = first.guesses == first.truth, second.guesses == second.truth
    a, b = first.auc(), second.auc()
    area = None if a is None or b is None else a - b
    delong = None
    if area is not None:
        each = [inference.delong(first.truth, x, y)
                for x, y in zip(first.probabilities, second.probabilities, strict=True)]
        delong = inference.combined_p([e for e in each if e is not None])
    return Comparison(
        first.baseline, second.baseline, first.budget, seeds, n,
        (float(first.score().value.mean()), float(second.score().value.mean())),
        interval_of(float(difference.value.mean()), variance), bootstrap.interval(difference, drawn).times(100), p,
        float(p_holm), inference.combined_p([inference.mcnemar(x, y) for x, y in zip(right, other, strict=True)]),
        None if area is None else inference.difference_interval(area).times(100),
        None if area is None else bootstrap.interval(area, drawn).times(100),
        None if area is None else float(inference.p_value(area.value.mean(), sampling_variance(area))), delong,
        100 * power.detectable_difference(variance),
        power.required_sample(float(difference.value.mean()), variance, texts=n))
