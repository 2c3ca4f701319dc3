"""Charts with their data, ready to be saved: one function per chart that a command draws from an analysis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor
from typing import Any

from bench.analysis.across_targets import RankingAcrossTargets, cliques
from bench.analysis.calibration import Calibration
from bench.analysis.domain_distance import DistancesAndGains
from bench.analysis.transfer_matrix import TransferMatrix
from bench.core.budget import FULL, Budget, budget_in_words
from bench.core.errors import BenchError
from bench.report.charts import PHASES, Spec, reliability, specs
from bench.report.target_tables import short_name, short_source
from bench.report.vega import filled

WIDTH = 560  # pixels, about a column of a paper
ROW = 26  # height of a row with a name
MATRIX_ROW = 38
CHARACTER, SYMBOL = 6.5, 26  # widths in a legend, with the space around a symbol

Rows = list[dict[str, Any]]


def panel(spec: Spec, title: str, data: dict[str, Any], **choices: Any) -> Spec:
    """A specification with its words filled in, its data and a title."""
    values = {"width": WIDTH, "paper": "#fff", "across": "target", "down": "source", "names_limit": 250,
              "names_chars": 34, **legend_room(choices.get("labels") or choices.get("drawn") or PHASES), **choices}
    return {**filled(spec, values), "datasets": data, "title": title}


def legend_room(names: Sequence[str]) -> dict[str, int]:
    """In how many columns a legend of these names stands without cutting any; as `legendRoom` in page/drawing.js."""
    widest = CHARACTER * max(map(len, names), default=1) + SYMBOL
    return {"columns": max(1, min(4, int(WIDTH / widest))), "legend_chars": int((WIDTH - 80) / CHARACTER)}


def labels_text(budget: Budget) -> str:
    """`no labels`, `128 labels`, `all labels`."""
    return "all labels" if budget == FULL else budget_in_words(int(budget), 0)


def matrix_panel(matrix: TransferMatrix) -> Spec:
    """The heat map of a transfer matrix."""
    rows = [{"source": short_source(source), "target": short_name(target), "score": score}
            for source, scores in zip(matrix.sources, matrix.scores, strict=True)
            for target, score in zip(matrix.targets, scores, strict=True) if score is not None]
    return heat_map(rows, f"{matrix.baseline}, {labels_text(matrix.budget)}", matrix.leading.values())


def heat_map(rows: Rows, title: str, leading: Iterable[str]) -> Spec:
    """Rows with `source`, `target` and `score` as a heat map; `leading` names the scores that they hold."""
    names = {name.replace("_", " ") for name in leading}
    low, high = min(r["score"] for r in rows), max(r["score"] for r in rows)
    return panel(specs(())["matrix"], title, {"cells": rows}, span=[low, high], middle=low + 0.55 * (high - low),
                 leading=f"{names.pop() if len(names) == 1 else 'score'} on the target's test set",
                 height=MATRIX_ROW * len({r["source"] for r in rows}))


def ranks_panel(ranking: RankingAcrossTargets) -> Spec:
    """The critical-difference diagram (Demsar 2006): mean ranks, and bars that join those not significantly apart."""
    if len(ranking.ranked) < 2 or ranking.critical is None:
        raise BenchError("a critical-difference diagram needs two baselines that have every target")
    return critical_difference_diagram(ranks_data(ranking), ranks_title(
        ranking.targets, f"{ranking.source} · {ranking.variant}" if ranking.variant else ranking.source, ranking.budget,
        ranking.critical))


def ranks_title(targets: Sequence[str], source: str, budget: Budget, critical: float) -> str:
    """One line that says what is ranked, and the critical difference."""
    return f"{len(targets)} targets from {source}, {labels_text(budget)}; critical difference {critical:.2f}"


def critical_difference_diagram(data: dict[str, Rows], title: str) -> Spec:
    """The diagram of the `places` and `cliques` of a ranking."""
    order = [p["baseline"] for p in data["places"]]
    return panel(specs(())["ranks"], title, data, order=order, ranks=list(range(1, len(order) + 1)),
                 height=ROW * len(order))


def ranks_data(ranking: RankingAcrossTargets) -> dict[str, Rows]:
    """The ranked baselines (`places`), and the runs of them that do not differ significantly (`cliques`)."""
    names, ranks = [p.baseline for p, _ in ranking.ranked], [rank for _, rank in ranking.ranked]
    places = [{"baseline": p.baseline, "mean_rank": rank, "wins": p.wins, "normalised": p.normalised}
              for p, rank in ranking.ranked]
    bars = [{"first": names[first], "last": names[last], "at": max(ranks) + len(ranks) * (0.09 + 0.016 * level)}
            for level, (first, last) in enumerate(cliques(ranks, ranking.critical or 0.0))]
    return {"places": places, "cliques": bars}


def distance_panel(distances: DistancesAndGains) -> Spec:
    """The gain by the proxy A-distance, one point per target."""
    rows = [{**vars(r.distance), "target": short_name(r.distance.target), "gain": r.gain.estimate,
             "gain_low": r.gain.low, "gain_high": r.gain.high} for r in distances.rows if r.gain is not None]
    return gain_by_distance(rows, distances.baseline, distances.budget, distances.source)


def gain_by_distance(rows: Rows, baseline: str, budget: Budget, source: str) -> Spec:
    """Rows with `target`, its distances, `gain`, `gain_low` and `gain_high` as a chart."""
    return panel(specs(())["distance"], f"{baseline}, {labels_text(budget)}, from {short_name(source)}",
                 {"cells": rows}, drawn=sorted(r["target"] for r in rows))


def reliability_panel(calibrations: Sequence[Calibration], title: str) -> Spec:
    """The reliability diagram of several baselines at one budget, with the calibration error of each."""
    labels = {c.baseline: f"{c.baseline} {c.error:.3f}" for c in calibrations}
    rows = [{"label": labels[c.baseline], **vars(b)} for c in calibrations for b in c.bins]
    spans = {name: [min(0.9, floor(10 * min(r[name] for r in rows)) / 10), 1.0] for name in ("confidence", "accuracy")}
    return panel(reliability(), title, {"bins": rows}, **spans, labels=[labels[name] for name in sorted(labels)],
                 drawn=[labels[c.baseline] for c in sorted(calibrations, key=lambda c: c.error)])
