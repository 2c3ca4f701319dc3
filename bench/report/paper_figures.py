"""All charts of the report as panels for a paper: one per leaderboard and, where budgets matter, one per budget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bench.core.budget import budget_in_words, parse_budget
from bench.report.charts import Spec, specs
from bench.report.page_facts import Facts
from bench.report.panels import (
    ROW,
    Rows,
    critical_difference_diagram,
    gain_by_distance,
    heat_map,
    labels_text,
    panel,
    ranks_title,
)
from bench.report.target_tables import short_name

BOARD = ("target", "source", "net", "engine", "device", "variant", "leading", "group")  # what a cell has of its board
FASTEST = 0.001  # seconds; a shorter training time is drawn as this


def named_panels(facts: Facts) -> Iterator[tuple[str, Spec]]:
    """File names without endings, and the panels."""
    boards = {b["id"]: b for b in facts.boards}
    cells = [{**{key: boards[c["board"]][key] for key in BOARD}, **c} for c in facts.table() if c["score"] is not None]
    yield from _leaderboards(facts, cells)
    yield from _matrices(cells)
    yield from _distances(facts, cells)
    for a in facts.across:
        source = _with_variant(a["source"], a)
        title = ranks_title(a["targets"], source, a["budget"], a["critical"])
        yield (_file_name("ranks", a["source"], a["engine"], a["device"], *filter(None, [a["variant"]]), a["budget"]),
               critical_difference_diagram({"places": a["places"], "cliques": a["cliques"]}, title))


def _leaderboards(facts: Facts, cells: Rows) -> Iterator[tuple[str, Spec]]:
    """Learning curves of each leaderboard; quality by time and seconds by phase for each of its budgets."""
    charts = specs(facts.baselines)
    for board, stem in zip(facts.boards, _stems(facts.boards), strict=True):
        rows = [c for c in cells if c["board"] == board["id"]]
        if not rows:
            continue
        title = _with_variant(f"{board['target']} from {board['source']}", board)
        yield f"curves-{stem}", panel(
            charts["curves"], title, {"cells": rows}, drawn=sorted({c["baseline"] for c in rows}),
            ticks=[x["n"] for x in board["budgets"]],
            leading=f"{board['leading']} on the test set",
            labels_scale="log" if all(c["n"] for c in rows) else "symlog")
        for x in board["budgets"]:
            at = [{**c, "adapt_shown": max(c["adapt"], FASTEST)} for c in rows if c["budget"] == x["budget"]]
            if not at:
                continue
            title_at, names = f"{title}, {budget_in_words(x['n'], x['n'])}", sorted({c["baseline"] for c in at})
            yield f"pareto-{stem}-{x['budget']}", panel(
                charts["pareto"], title_at, {"cells": at}, drawn=names, seconds="adapt_shown",
                seconds_title="seconds to train on the target (logarithmic)")
            yield f"seconds-{stem}-{x['budget']}", panel(
                charts["seconds"], title_at, {"cells": at}, height=ROW * len(names))


def _matrices(cells: Rows) -> Iterator[tuple[str, Spec]]:
    """The transfer matrix of each baseline that uses a base, at each budget with two sources."""
    groups: dict[tuple[str, ...], Rows] = {}
    for c in cells:
        if c["pretrain"]:
            key = (c["baseline"], c["budget"], _net(c), c["engine"], c["device"])
            source = _with_variant(short_name(c["source"]), c)
            groups.setdefault(key, []).append({**c, "source": source, "target": short_name(c["target"])})
    for (name, budget, *place), rows in groups.items():
        if len({r["source"].partition(" · ")[0] for r in rows}) > 1:
            yield _file_name("matrix", name, budget, *place), heat_map(
                rows, f"{name}, {labels_text(parse_budget(budget))}", (r["leading"] for r in rows))


def _distances(facts: Facts, cells: Rows) -> Iterator[tuple[str, Spec]]:
    """Gain by distance for each baseline that uses a base, at each budget with two targets that can be compared."""
    distances = {(d["source"], short_name(d["target"])): d for d in facts.distances}
    groups: dict[tuple[str, ...], Rows] = {}
    for c in cells:
        source, target = short_name(c["source"]), short_name(c["target"])
        if c["pretrain"] and c["gain_low"] is not None and (source, target) in distances:
            key = (c["baseline"], c["budget"], source, _net(c), c["engine"], c["device"], c["group"])
            groups.setdefault(key, []).append({**c, **distances[source, target], "target": target})
    for group, rows in groups.items():
        if len(rows) > 1:
            baseline, budget, of_source, *_ = group
            panel_of = gain_by_distance(rows, baseline, parse_budget(budget), of_source)
            yield _file_name("distance", *filter(None, group)), panel_of


def _net(cell: dict[str, Any]) -> str:
    """The network alone, without what tells leaderboards of one target and source apart."""
    return str(cell["net"]).removesuffix(f" · {cell['variant']}")


def _with_variant(text: str, board: dict[str, Any]) -> str:
    return f"{text} · {board['variant']}" if board["variant"] else text


def _stems(boards: list[dict[str, Any]]) -> list[str]:
    """A name for each leaderboard: target and source, and more where that is needed to distinguish them."""
    for keys in (("target", "source"), ("target", "source", "variant"),
                 ("target", "source", "net", "engine", "device")):
        stems = ["-".join(_safe(b[k]) for k in keys if b[k]) for b in boards]
        if len(set(stems)) == len(stems):
            return stems
    return [f"{stem}-{b['id']}" for stem, b in zip(stems, boards, strict=True)]


def _file_name(*parts: str) -> str:
    return "-".join(map(_safe, parts))


def _safe(text: str) -> str:
    """A piece of a file name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", short_name(str(text))).strip("-.") or "x"
