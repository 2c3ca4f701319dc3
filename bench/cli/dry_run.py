"""What `bench run --dry-run` prints: the trials per target, and about how long they take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.cli.output import json_values, say, warn, width
from bench.cli.terminal import sentence
from bench.core.budget import FULL, budget_order

if TYPE_CHECKING:
    from bench.runs.forecast import Forecast
    from bench.runs.options import Options
    from bench.runs.plan import Wanted

SOURCES: Mapping[str, str] = {  # of an estimate
    "records": "median seconds of the same trials in your records",
    "scaled": "your records and bases, scaled to these sizes",
    "stated": "seconds measured on two cores of another machine (docs/scaling.md)",
    "unknown": "a guess where nothing is known: trials count as long as scratch, encoders as fast as the bundled one",
}


def show_plan(runs: Sequence[Options], *, as_json: bool, again: bool = False,
              wanted: Wanted = lambda spec: True) -> None:
    """Print the plan of every source and its targets; of trials that have data, those that are `wanted`."""
    from bench.baselines import BASELINES
    from bench.runs import costs, executor, forecast
    from bench.runs.trials import TrialSpec, blank_record

    counted: set[str] = set()

    def is_new(spec: TrialSpec) -> bool:
        """Whether no other base's plan has counted the trial: those that use no base are in the plan of each."""
        if not wanted(spec):
            return False
        before = len(counted)
        counted.add(blank_record(spec).identity())
        return len(counted) > before

    workers = [executor.worker_count(options) for options in runs]
    forecasts = [target for options in runs for target in forecast.forecasts(options, BASELINES, warn, again=again,
                                                                                   wanted=is_new)]
    seconds = forecast.total(forecasts, max([1, *workers]))
    total, todo = sum(target.trials for target in forecasts), sum(target.todo for target in forecasts)
    if as_json:
        json_values({"estimate": True, "seconds": round(seconds, 1), "workers": max([0, *workers]), "trials": total,
                     "todo": todo, "targets": list(map(_values, forecasts))}, indent=1)
        return
    for target in forecasts:
        say("\n".join(_lines(target)))
    if not todo:
        say(f"\nNothing to do: all {total} trials are done.")
        return
    most = max(workers)
    where = f"{most} worker{'s' if most > 1 else ''}" if most else "one worker of the cluster"
    say()
    say(sentence(f"To do: {todo} of {total} trials, about {costs.duration(seconds)} on {where}."))
    bases = set().union(*(target.origins for target in forecasts if target.todo))
    say(sentence("Estimated from " + "; ".join(text for basis, text in SOURCES.items() if basis in bases)
                        + ". Nothing was trained, run or written."))


def _lines(target: Forecast) -> list[str]:
    """A target's table: trials done of all per baseline and budget, how many are to do, and their seconds."""
    from bench.report import formats, tables
    from bench.runs.costs import duration

    budgets = {cell.budget: cell.labels
               for cell in sorted(target.cells, key=lambda cell: (cell.labels, budget_order(cell.budget)))}
    head = ("baseline", *(f"all {'' if target.read else '~'}{labels:,}" if budget == FULL else f"{budget}"
                          for budget, labels in budgets.items()), "to do", "one core")
    body = []
    for name in dict.fromkeys(cell.baseline for cell in target.cells):
        cells = {cell.budget: cell for cell in target.cells if cell.baseline == name}
        seconds = sum(cell.todo * cell.each.seconds for cell in cells.values())
        todo = sum(cell.todo for cell in cells.values())
        done = (f"{cells[budget].done}/{cells[budget].trials}" if budget in cells else "" for budget in budgets)
        body.append((name, *done, f"{todo}", duration(seconds) if todo else ""))
    base = f", base with {target.recipe}" if target.recipe else ""
    table = tables.Table(head, tuple(body), (("done/all per budget", len(budgets)), ("", 2)))
    lines = ["", sentence(f"{target.target} from {target.source}{base}: {target.trials - target.todo} of "
                          f"{target.trials} trials done"), formats.plain(table, width())]
    if not target.read:
        lines.append(sentence("Not all data have been read on this machine: sizes come from the task cards, nothing "
                              "counts as done, and download times are not included."))
    steps: dict[str, list[str]] = defaultdict(list)
    for step in target.steps:
        unknown = step.cost.basis == "unknown"
        steps[step.what].append("cached" if step.cached else "to do" if unknown else
                                f"about {duration(step.cost.seconds)}")
    return [*lines, *(sentence(f"{what}: {', '.join(states)}") for what, states in steps.items())]


def _values(target: Forecast) -> dict[str, Any]:
    """The forecast as JSON has it."""
    return {
        "target": target.target, "source": target.source, "base_recipe": target.recipe,
        "data_read": target.read, "trials": target.trials,
        "done": target.trials - target.todo, "todo": target.todo,
        "steps": [{"what": step.what, "cached": step.cached, "seconds": None if step.cost.basis == "unknown" else
                   round(step.cost.seconds, 2), "from": step.cost.basis} for step in target.steps],
        "cells": [{"baseline": cell.baseline, "budget": cell.budget, "n_train": cell.labels, "trials": cell.trials,
                   "done": cell.done, "todo": cell.todo, "seconds_each": round(cell.each.seconds, 3),
                   "from": cell.each.basis} for cell in target.cells]}
