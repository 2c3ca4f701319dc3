"""What `bench run --dry-run` prints: the trials target by target, and about how long they take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from bench.cli.terminal import sentence, warn, width
from bench.core.budget import FULL, budget_order

if TYPE_CHECKING:
    from bench.runs.forecast import Forecast
    from bench.runs.options import Options

FROM: Mapping[str, str] = {
    "records": "median seconds of the same trials in your records",
    "scaled": "your records and bases, scaled to these sizes",
    "stated": "seconds measured on another machine's two cores (docs/scaling.md)",
    "unknown": "a guess where nothing is known: such trials are taken to be as long as scratch, sentence vectors to be "
               "free",
}


def show_plan(runs: Sequence[Options], *, as_json: bool) -> None:
    """Print the plan of every source and its targets."""
    from baselines import BASELINES
    from bench.runs import costs, executor, forecast

    workers = [executor.worker_count(one) for one in runs]
    found = [f for one in runs for f in forecast.forecasts(one, BASELINES, warn)]
    seconds = forecast.total(found, max([1, *workers]))
    if as_json:
        typer.echo(json.dumps({"estimate": True, "seconds": round(seconds, 1), "workers": max([0, *workers]),
                               "trials": sum(f.trials for f in found), "todo": sum(f.todo for f in found),
                               "targets": [_values(f) for f in found]}, indent=1))
        return
    for one in found:
        typer.echo("\n".join(_lines(one)))
    todo = sum(f.todo for f in found)
    if not todo:
        typer.echo(f"\nNothing to do: all {sum(f.trials for f in found)} trials are done.")
        return
    most = max(workers)
    who = f"{most} worker{'s' if most > 1 else ''}" if most else "one worker of the cluster"
    typer.echo()
    typer.echo(sentence(f"To do: {todo} of {sum(f.trials for f in found)} trials, about {costs.duration(seconds)} on "
                        f"{who}."))
    bases = set().union(*(f.origins for f in found if f.todo))
    typer.echo(sentence("An estimate, from " + "; ".join(text for basis, text in FROM.items() if basis in bases)
                        + ". Nothing was trained, run or written."))


def _lines(found: Forecast) -> list[str]:
    """A target's table: done of all trials by baseline and budget, what is to do, and the seconds of it."""
    from bench.report import formats, tables
    from bench.runs.costs import duration

    budgets = {c.budget: c.labels for c in sorted(found.cells, key=lambda c: (c.labels, budget_order(c.budget)))}
    head = ("baseline", *(f"all {'' if found.read else '~'}{n:,}" if b == FULL else f"{b}"
                          for b, n in budgets.items()), "to do", "one core")
    body = []
    for name in dict.fromkeys(c.baseline for c in found.cells):
        own = {c.budget: c for c in found.cells if c.baseline == name}
        seconds = sum(c.todo * c.each.seconds for c in own.values())
        todo = sum(c.todo for c in own.values())
        body.append((name, *(f"{own[b].done}/{own[b].trials}" if b in own else "" for b in budgets), f"{todo}",
                     duration(seconds) if todo else ""))
    done = found.trials - found.todo
    lines = ["", sentence(f"{found.target} from {found.source}: {done} of {found.trials} trials done"),
             formats.plain(tables.Table(head, tuple(body), (("done/all at so many labels", len(budgets)), ("", 2))),
                          width())]
    if not found.read:
        lines.append(sentence("Not all data have been read here: sizes are the cards', nothing counts as done, and a "
                              "download's time is not in the estimate."))
    made: dict[str, list[str]] = {}
    for step in found.steps:
        unknown = step.cost.basis == "unknown"
        said = "kept already" if step.cached else "to do" if unknown else f"about {duration(step.cost.seconds)}"
        made.setdefault(step.what, []).append(said)
    return [*lines, *(sentence(f"{what}: {', '.join(said)}") for what, said in made.items())]


def _values(found: Forecast) -> dict[str, Any]:
    """For machines."""
    return {
        "target": found.target, "source": found.source, "data_read": found.read, "trials": found.trials,
        "done": found.trials - found.todo, "todo": found.todo,
        "steps": [{"what": s.what, "cached": s.cached, "seconds": None if s.cost.basis == "unknown" else
                   round(s.cost.seconds, 2), "from": s.cost.basis} for s in found.steps],
        "cells": [{"baseline": c.baseline, "budget": c.budget, "n_train": c.labels, "trials": c.trials, "done": c.done,
                   "todo": c.todo, "seconds_each": round(c.each.seconds, 3), "from": c.each.basis}
                  for c in found.cells]}
