"""The ranks over all targets that the page shows: of the strategies that are recommended, and those to compare with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.analysis.across_targets import RankingAcrossTargets, comparable, rank_across_targets
from bench.analysis.leaderboard import SCRATCH, Leaderboard
from bench.analysis.rankings import SOURCE_ONLY, Ranking
from bench.analysis.study import Study
from bench.core.budget import Budget, in_order
from bench.core.errors import BenchError
from bench.report.headline import is_default, recommended
from bench.report.numbers import json_number
from bench.report.panels import ranks_data
from bench.report.roles import apart, role_notes

MOST = 6  # recommended strategies
COMPARED_WITH = (SCRATCH, "tfidf", SOURCE_ONLY)  # shown where all targets have them


def over_targets(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """For each source, base, engine, device and budget with two targets or more: mean ranks and what joins them.

    Targets of development and of confirmation are ranked apart where there are two of each.
    `boards` are the positions of the studies that are ranked over, `without` the targets that lack a strategy.
    """
    out = []
    for group in comparable(studies):
        for budget in in_order({ranking.budget for study in group.studies for ranking in study.rankings}):
            for role, alike in apart([study for study in group.studies if study.at(budget)]).items():
                ranking = _ranking(alike, budget, group.variant)
                if ranking is None:
                    continue
                used = [study for study in alike if study.board.target in ranking.targets]
                rows = {name: [{k: json_number(v) for k, v in row.items()} for row in rows]
                        for name, rows in ranks_data(ranking).items()}
                out.append({"source": group.source, "nets": sorted({net_of(study.board) for study in used}),
                            "engine": group.engine, "device": group.device, "variant": group.variant,
                            "budget": str(budget),
                            "role": role, "about": " ".join(role_notes(role, ranking.targets)),
                            "targets": list(ranking.targets), "critical": json_number(ranking.critical),
                            "boards": [studies.index(study) for study in used],
                            "without": sorted(study.board.target for study in alike if study not in used),
                            "friedman": json_number(ranking.friedman), **rows})
    return out


def net_of(board: Leaderboard) -> str:
    """The network as the page's filters know it: with what else tells leaderboards of one target and source apart."""
    return f"{board.net} · {board.variant}" if board.variant else board.net


def _ranking(group: Sequence[Study], budget: Budget, variant: str) -> RankingAcrossTargets | None:
    """The ranking of the recommended strategies over the targets that have them; None where nothing can be ranked."""
    at: dict[int, Ranking] = {i: ranking for i, study in enumerate(group) if (ranking := study.at(budget))}
    names = {i: {row.baseline for row in ranking.rows} for i, ranking in at.items()}
    chosen = _chosen({i: group[i] for i in at}, at, names)
    complete = [i for i in at if names[i] >= chosen]
    shown = chosen | {name for name in COMPARED_WITH if all(name in names[i] for i in complete)}
    try:
        result = rank_across_targets([group[i] for i in complete], budget, variant, shown)
    except BenchError:  # one target, or two editions of one: there is nothing to rank over
        return None
    return None if len(result.ranked) < 2 or result.critical is None else result


def _chosen(studies: Mapping[int, Study], at: Mapping[int, Ranking], names: Mapping[int, set[str]]) -> set[str]:
    """The recommended strategies: `auto` first, then those that are recommended on most targets.

    As many of them as leave the most results: one that few targets have would leave only these to rank over.
    """
    auto = {row.baseline for i, study in studies.items() for row in at[i].rows if is_default(study, row)}
    count = Counter(row.baseline for i, study in studies.items() for row in recommended(study, at[i]))
    in_turn = sorted({*auto, *count}, key=lambda name: (name not in auto, -count[name], name))
    first = [set(in_turn[:n]) for n in range(1, min(MOST, len(in_turn)) + 1)]
    return max(first, key=lambda some: len(some) * sum(of >= some for of in names.values()), default=set())
