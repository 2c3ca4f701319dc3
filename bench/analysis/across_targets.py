"""Baselines compared over several targets: mean ranks, wins, mean gains, and the tests of Friedman and Nemenyi.

Targets that were cut out of one corpus are one piece of evidence: they count together, as their mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.boards import variants_of
from bench.analysis.inference import combined_p
from bench.analysis.random_effects import MeanEffect, mean_effect, profile
from bench.analysis.rankings import Ranking
from bench.analysis.scores import Array
from bench.analysis.study import Study, with_one_zero
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.core.names import TaskRef


@dataclass(frozen=True)
class MeanRank:
    """One baseline over the targets; None where it lacks one of them."""

    baseline: str
    covered: int  # targets with a complete cell
    mean_rank: float | None  # over corpora; 1 is best; ties share a rank
    wins: float | None  # share of its pairings with other baselines that it wins; a tie counts half
    normalised: float | None  # mean over corpora of (score - chance) / (1 - chance)
    gain: MeanEffect | None = None  # points over scratch, over the corpora that have both
    within: tuple[float, ...] = ()  # shares of corpora on which it is at most 1, 2 and 5 points behind the best


@dataclass(frozen=True)
class RankingAcrossTargets:
    """Baselines over several targets at one budget."""

    budget: Budget
    source: str
    targets: tuple[str, ...]
    places: tuple[MeanRank, ...]  # the best mean rank first
    scores: Mapping[str, tuple[float | None, ...]]  # normalised, by baseline, in the order of the targets
    friedman: float | None  # p that all rank the same; None with fewer than three baselines
    critical: float | None  # difference of mean ranks that is significant at 5% in Nemenyi's test
    variant: str = ""  # what tells it from rankings of the same source, net, engine and device
    corpora: tuple[tuple[str, ...], ...] = ()  # targets that share a corpus stand together; the units of all tests
    other_zero: tuple[str, ...] = ()  # targets whose gains are over an earlier recipe of scratch: in no mean gain
    role: str = ""  # of the targets, where those of development and of confirmation are ranked apart

    @property
    def ranked(self) -> list[tuple[MeanRank, float]]:
        """The baselines that have every target, with their mean ranks, the best first."""
        return [(p, p.mean_rank) for p in self.places if p.mean_rank is not None]


def rank_across_targets(studies: Sequence[Study], budget: Budget, variant: str = "",
                        among: Collection[str] = ()) -> RankingAcrossTargets:
    """Rank over the studies' targets at one budget; `BenchError` below two targets, or where their bases differ.

    `comparable` makes groups of studies whose bases do not differ.
    Only the rows in `among` are ranked, if it names any.
    A baseline without a complete cell on every target has no rank and does not change the ranks of the others.
    """
    bases = {(TaskRef.parse(s.board.source).task, s.board.net, s.board.engine, s.board.device) for s in studies}
    if len(bases) > 1:
        raise BenchError(f"records of {len(bases)} different sources, nets, engines or devices cannot be ranked "
                         "together: " + "; ".join(" ".join(base) for base in sorted(bases)), "choose with --source")
    if len({s.board.key.of_any_target for s in studies}) > 1:
        titles = sorted({s.board.title for s in studies if s.board.variant})
        raise BenchError("records of different sources' contents or bases cannot be ranked together: "
                         + "; ".join(titles), "choose with --target, or keep them in results folders of their own")
    tasks = [TaskRef.parse(s.board.target).task for s in studies]
    twice = sorted({t for t in tasks if tasks.count(t) > 1})
    if twice:
        contents = len({s.board.target for s in studies}) < len(studies)
        what = "contents" if contents else "editions"
        raise BenchError(f"two {what} of {', '.join(twice)} cannot be ranked together",
                         "choose with --target" if not contents else "keep them in results folders of their own")
    rankings = {s.board.target: r for s in studies for r in s.rankings if r.budget == budget}
    if len(rankings) < 2:
        raise BenchError(f"a ranking across targets needs two or more; with {budget} labels there are {len(rankings)}",
                         "bench run --target A --target B …")
    targets = tuple(sorted(rankings))
    names = sorted({row.baseline for r in rankings.values() for row in r.rows if not among or row.baseline in among})
    other_zero = {s.board.target for s in with_one_zero([s for s in studies if s.board.target in rankings])[1]}
    score = {(row.baseline, t): row.score.estimate for t in targets for row in rankings[t].rows}
    chance = {s.board.target: s.chance for s in studies}
    normalised: dict[str, tuple[float | None, ...]] = {
        n: tuple((score[n, t] - chance[t]) / (1 - chance[t]) if (n, t) in score else None for t in targets)
        for n in names}
    complete = [n for n in names if all((n, t) in score for t in targets)]
    corpora = corpora_of(targets)
    in_corpora = np.array([[np.mean([score[n, t] for t in corpus]) for corpus in corpora] for n in complete])
    ranks, wins = _ranks_and_wins(in_corpora)
    places = []
    for n in names:
        i = complete.index(n) if n in complete else None
        known = dict(zip(targets, normalised[n], strict=True))
        means = [np.mean(have) for corpus in corpora if (have := [v for t in corpus if (v := known[t]) is not None])]
        places.append(MeanRank(
            n, sum(v is not None for v in known.values()), None if i is None else float(ranks[i].mean()),
            None if i is None or len(complete) < 2 else float(wins[i]), None if i is None else float(np.mean(means)),
            _gain_over_corpora(n, corpora, {t: r for t, r in rankings.items() if t not in other_zero}),
            () if i is None else profile(100 * (in_corpora.max(axis=0) - in_corpora[i]))))
    places.sort(key=lambda p: (p.mean_rank is None, round(p.mean_rank or 0.0, 9), p.baseline))
    several = len(corpora) > 1
    return RankingAcrossTargets(
        budget, studies[0].board.source, targets, tuple(places), normalised,
        _friedman(ranks) if len(complete) > 2 and several else None,
        nemenyi_critical_difference(len(complete), len(corpora)) if len(complete) > 1 and several else None,
        variant, corpora, tuple(t for t in targets if t in other_zero))


@dataclass(frozen=True)
class Comparable:
    """Studies that can be ranked together: of one source, net, engine and device, and of the same contents and base."""

    source: str
    net: str
    engine: str
    device: str
    variant: str  # what else tells it from others; empty where nothing has to
    studies: tuple[Study, ...]

    @property
    def machine(self) -> str:
        """`gru-64-64-glove · torch on cpu`, as in a leaderboard's title."""
        return f"{self.net} · {self.engine} on {self.device}"


def comparable(studies: Sequence[Study]) -> list[Comparable]:
    """The groups of studies that can be ranked together, in the order of the studies."""
    variants = variants_of([s.board.key.of_any_target for s in studies])
    groups: dict[tuple[str, str, str, str, str], list[Study]] = {}
    for study in studies:
        b = study.board
        groups.setdefault((b.source, b.net, b.engine, b.device, variants[b.key.of_any_target]), []).append(study)
    return [Comparable(*what, tuple(alike)) for what, alike in groups.items()]


def corpora_of(targets: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The targets, those of one corpus together: the same edition of tasks whose names begin with the same word.

    Such as amazon@blitzer-2007 and amazon-books@blitzer-2007.
    """
    together: dict[tuple[str, str], list[str]] = {}
    for target in targets:
        ref = TaskRef.parse(target)
        together.setdefault((ref.task.split("-")[0], ref.edition), []).append(target)
    return tuple(map(tuple, together.values()))


def _gain_over_corpora(name: str, corpora: Sequence[Sequence[str]],
                       rankings: Mapping[str, Ranking]) -> MeanEffect | None:
    """The mean gain over scratch; in a corpus the mean over its targets, with the mean of their standard errors."""
    effects, errors, p = [], [], []
    for corpus in corpora:
        rows = [row for t in corpus if t in rankings for row in rankings[t].rows
                if row.baseline == name and row.gain is not None]
        gains = [row.gain for row in rows if row.gain is not None]
        if gains:
            effects.append(float(np.mean([g.estimate for g in gains])))
            errors.append(float(np.mean([(g.high - g.low) / 3.92 for g in gains])))
            p.append(combined_p([1.0 if row.p is None or g.estimate <= 0 else row.p
                                 for row, g in zip(rows, gains, strict=True)]))
    return mean_effect(effects, errors, p)


def _ranks_and_wins(scores: Array) -> tuple[Array, Array]:
    """Ranks [baselines, corpora], and for each baseline the share of its pairings that it wins.

    Means that differ by less than a millionth are equal: the last digits are those of the order of summing.
    """
    from scipy.stats import rankdata

    if not len(scores):
        return scores, scores
    scores = np.round(scores, 6)
    ahead = (scores[:, None] > scores[None]).mean(axis=2) + 0.5 * (scores[:, None] == scores[None]).mean(axis=2)
    k = len(scores)
    return rankdata(-scores, axis=0), (ahead.sum(axis=1) - 0.5) / max(k - 1, 1)


def _friedman(ranks: Array) -> float | None:
    from scipy.stats import friedmanchisquare

    p = float(friedmanchisquare(*ranks).pvalue)
    return p if np.isfinite(p) else None


def nemenyi_critical_difference(baselines: int, targets: int, alpha: float = 0.05) -> float:
    """The critical difference of mean ranks (Demsar 2006)."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, baselines, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(baselines * (baselines + 1) / (6 * targets)))


def cliques(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """The longest runs of sorted ranks that span at most the critical difference, as first and last place."""
    runs: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(j for j in range(first, len(ranks)) if ranks[j] - ranks[first] <= critical)
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs
