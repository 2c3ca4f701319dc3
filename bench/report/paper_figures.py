"""The report's charts for paper: each with its data, one a leaderboard, and where budgets matter one a budget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bench.core.names import TaskRef
from bench.report.charts import Spec, filled, specs
from bench.report.page_facts import Facts

WIDTH = 560  # pixels; a column of a paper is about as wide
ROW = 26


def panels(found: Facts) -> Iterator[tuple[str, Spec]]:
    """File names without endings, and specifications with their data."""
    made = specs(found.baselines)
    cells = [c for c in found.table() if c["score"] is not None]

    def spec(name: str, title: str, data: dict[str, Any], **fill: Any) -> Spec:
        values = {"width": WIDTH, "columns": 4, "paper": "#fff", **fill}
        return {**filled(made[name], values), "datasets": data, "title": title}

    stems = _stems(found.boards)
    for b, stem in zip(found.boards, stems, strict=True):
        own = [c for c in cells if c["board"] == b["id"]]
        if not own:
            continue
        title = f"{b['target']} from {b['source']}"
        names = sorted({c["baseline"] for c in own})
        yield f"curves-{stem}", spec("curves", title, {"cells": own}, drawn=names, ticks=[x["n"] for x in b["budgets"]],
                                     leading=f"{b['leading']} on the test set")
        for x in b["budgets"]:
            at = [{**c, "adapt_shown": max(c["adapt"], 0.001)} for c in own if c["budget"] == x["budget"]]
            if not at:
                continue
            said = f"{title}, {x['n']:,} labels"
            here = sorted({c["baseline"] for c in at})
            yield f"pareto-{stem}-{x['budget']}", spec(
                "pareto", said, {"cells": at}, drawn=here, seconds="adapt_shown",
                seconds_title="seconds to train on the target (logarithmic)")
            yield f"seconds-{stem}-{x['budget']}", spec("seconds", said, {"cells": at}, height=ROW * len(here))
    yield from _matrices(found, cells, spec)
    yield from _distances(found, cells, spec)
    for a in found.across:
        order = [p["baseline"] for p in a["places"]]
        said = (f"{len(a['targets'])} targets from {a['source']}, {a['budget']} labels; critical difference "
                f"{a['critical']:.2f}")
        data = {"places": a["places"], "cliques": a["cliques"]}
        yield (f"ranks-{_safe(a['source'])}-{_safe(a['engine'])}-{_safe(a['device'])}-{a['budget']}",
               spec("ranks", said, data, order=order, height=ROW * len(order)))


def _matrices(found: Facts, cells: list[dict[str, Any]], spec: Any) -> Iterator[tuple[str, Spec]]:
    """Sources by targets for each baseline that uses a base, at each budget with two sources."""
    boards = {b["id"]: b for b in found.boards}
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for c in cells:
        b = boards[c["board"]]
        if c["pretrain"]:
            key = (c["baseline"], c["budget"], b["net"], b["engine"], b["device"])
            groups.setdefault(key, []).append({**c, "source": TaskRef.parse(b["source"]).task,
                                               "target": TaskRef.parse(b["target"]).task})
    for (name, budget, net, engine, device), rows in groups.items():
        if len({r["source"] for r in rows}) < 2:
            continue
        low, high = min(r["score"] for r in rows), max(r["score"] for r in rows)
        yield "-".join(("matrix", *map(_safe, (name, budget, net, engine, device)))), spec(
            "matrix", f"{name}, {budget} labels", {"cells": rows}, span=[low, high], middle=low + 0.55 * (high - low),
            leading="score on the target's test set", height=38 * len({r["source"] for r in rows}))


def _distances(found: Facts, cells: list[dict[str, Any]], spec: Any) -> Iterator[tuple[str, Spec]]:
    """Gain by distance for each baseline that uses a base, at each budget with two targets."""
    boards = {b["id"]: b for b in found.boards}
    far = {(d["source"], TaskRef.parse(d["target"]).task): d for d in found.distances}
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for c in cells:
        b = boards[c["board"]]
        source, target = (TaskRef.parse(b[k]).task for k in ("source", "target"))
        if c["pretrain"] and c["gain_low"] is not None and (source, target) in far:
            who = (c["baseline"], c["budget"], source, b["net"], b["engine"], b["device"])
            groups.setdefault(who, []).append({**c, **far[source, target], "target": target})
    for key, rows in groups.items():
        if len(rows) > 1:
            yield "-".join(("distance", *map(_safe, key))), spec(
                "distance", f"{key[0]}, {key[1]} labels, from {key[2]}", {"cells": rows},
                drawn=sorted(r["target"] for r in rows))


def _stems(boards: list[dict[str, Any]]) -> list[str]:
    """A name for each leaderboard: target and source, and what else is needed to tell it from the others."""
    for keys in (("target", "source"), ("target", "source", "net", "engine", "device")):
        made = ["-".join(_safe(b[k]) for k in keys) for b in boards]
        if len(set(made)) == len(made):
            return made
    return [f"{name}-{b['id']}" for name, b in zip(made, boards, strict=True)]


def _safe(text: str) -> str:
    """A piece of a file name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", TaskRef.parse(str(text)).task).strip("-.") or "x"
