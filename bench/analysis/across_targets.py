"""One baseline against another over several targets: mean ranks, wins, and Friedman's and Nemenyi's tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis import scores as stats
from bench.analysis.study import Study
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.core.names import TaskRef


@dataclass(frozen=True)
class Place:
    """One baseline over the targets; None where it does not have them all."""

    baseline: str
    covered: int  # targets with a complete cell
    mean_rank: float | None  # 1 is best; ties share
    wins: float | None  # share of its meetings with the others won, ties half
    normalised: float | None  # mean over targets of (score - chance) / (1 - chance)


@dataclass(frozen=True)
class Across:
    """Baselines over targets at one budget."""

    budget: Budget
    source: str
    targets: tuple[str, ...]
    places: tuple[Place, ...]  # best mean rank first
    scores: Mapping[str, tuple[float | None, ...]]  # normalised, by baseline, in the order of the targets
    friedman: float | None  # p that all rank alike; None below three baselines or two targets
    critical: float | None  # difference of mean ranks that Nemenyi's test calls at 5%


def across(studies: Sequence[Study], budget: Budget) -> Across:
    """Over the studies' targets at one budget; `BenchError` where they have fewer than two or differ in their base.

    A baseline that misses a target has no rank and takes no part in the others' ranks: its coverage shows why.
    """
    kinds = {(TaskRef.parse(s.board.source).task, s.board.net, s.board.engine, s.board.device) for s in studies}
    if len(kinds) > 1:
        raise BenchError(f"records of {len(kinds)} sources, nets, engines or devices do not mix: "
                         + "; ".join(" ".join(k) for k in sorted(kinds)), "choose with --source")
    tasks = [TaskRef.parse(s.board.target).task for s in studies]
    twice = sorted({t for t in tasks if tasks.count(t) > 1})
    if twice:
        raise BenchError(f"two editions of {', '.join(twice)} do not mix in one table", "choose with --target")
    at = {s.board.target: st for s in studies for st in s.standings if st.budget == budget}
    if len(at) < 2:
        raise BenchError(f"a table across targets needs two or more; with {budget} labels there are {len(at)}",
                         "bench run --target A --target B …")
    targets = tuple(sorted(at))
    names = sorted({r.baseline for st in at.values() for r in st.rows})
    score = {(r.baseline, t): r.score.estimate for t in targets for r in at[t].rows}
    chance = {s.board.target: s.chance for s in studies}
    normal: dict[str, tuple[float | None, ...]] = {
        n: tuple((score[n, t] - chance[t]) / (1 - chance[t]) if (n, t) in score else None for t in targets)
        for n in names}
    whole = [n for n in names if all((n, t) in score for t in targets)]
    rank, wins = _ranks(np.array([[score[n, t] for t in targets] for n in whole]))
    places = []
    for n in names:
        i = whole.index(n) if n in whole else None
        known = [v for v in normal[n] if v is not None]
        places.append(Place(n, len(known), None if i is None else float(rank[i].mean()),
                            None if i is None or len(whole) < 2 else float(wins[i]),
                            None if i is None else float(np.mean(known))))
    places.sort(key=lambda p: (p.mean_rank is None, p.mean_rank or 0.0, p.baseline))
    enough = len(whole) > 2
    return Across(budget, studies[0].board.source, targets, tuple(places), normal,
                  _friedman(rank) if enough else None, nemenyi(len(whole), len(targets)) if len(whole) > 1 else None)


def _ranks(scores: stats.Array) -> tuple[stats.Array, stats.Array]:
    """Ranks [baselines, targets] and each one's share of meetings won."""
    from scipy.stats import rankdata

    if not len(scores):
        return scores, scores
    ahead = (scores[:, None] > scores[None]).mean(axis=2) + 0.5 * (scores[:, None] == scores[None]).mean(axis=2)
    k = len(scores)
    return rankdata(-scores, axis=0), (ahead.sum(axis=1) - 0.5) / max(k - 1, 1)


def _friedman(rank: stats.Array) -> float | None:
    from scipy.stats import friedmanchisquare

    found = float(friedmanchisquare(*rank).pvalue)
    return found if np.isfinite(found) else None


def nemenyi(baselines: int, targets: int, alpha: float = 0.05) -> float:
    """The critical difference of mean ranks (Demsar 2006)."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, baselines, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(baselines * (baselines + 1) / (6 * targets)))


def table(found: Across) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of text."""
    def text(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    head = ["baseline", "coverage", "mean rank", "wins", "normalised", *(TaskRef.parse(t).task for t in found.targets)]
    body = [[p.baseline, f"{p.covered}/{len(found.targets)}", text(p.mean_rank, ".2f"), text(p.wins, ".0%"),
             text(p.normalised, ".3f"), *(text(v, ".3f") for v in found.scores[p.baseline])] for p in found.places]
    return head, body


def notes(found: Across) -> list[str]:
    """What the columns mean and what the tests say."""
    lines = ["coverage: targets with a complete cell; mean rank and wins only over baselines that have them all; "
             "normalised and the targets' columns: (score - largest class) / (1 - largest class)."]
    if found.friedman is not None and found.critical is not None:
        said = "they do not all rank alike" if found.friedman <= 0.05 else "they may all rank alike"
        lines.append(f"Friedman p = {found.friedman:.3g} over {len(found.targets)} targets: {said}; mean ranks "
                     f"further apart than {found.critical:.2f} differ (Nemenyi, 5%).")
    if len(found.targets) < 5:
        lines.append(f"{len(found.targets)} targets are few for a test of ranks: read the targets' columns.")
    return lines


