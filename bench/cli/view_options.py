"""The options of `bench leaderboard` that choose one of its views, and narrow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from bench.cli import help


@dataclass(frozen=True)
class ViewOptions:
    """Which view of the records, and its details."""

    others: Annotated[list[str] | None, typer.Argument(
        metavar="NAME|FOLDER", help="More baselines or folders for --compare.")] = None
    budget: Annotated[list[str] | None, typer.Option(
        "--budget", metavar="N,...", rich_help_panel=help.VIEW,
        help="Everything known at these numbers of labels, such as 128 or full; with --columns side by side.")] = None
    sort: Annotated[str, typer.Option(
        metavar="NAME", rich_help_panel=help.VIEW,
        help="Order of the rows: a budget, adapt or name. [default: mean score]")] = ""
    columns: Annotated[list[str] | None, typer.Option(
        "--columns", metavar="NAME,...", rich_help_panel=help.VIEW,
        help="Which columns, such as score,score_interval,gain_points; an unknown one lists all.")] = None
    compare: Annotated[str, typer.Option(
        metavar="NAME,...|FOLDER", rich_help_panel=help.VIEW,
        help="Compare baselines in pairs, such as finetune,frozen, or two results folders: the earlier run, then the "
             "later (--results-dir where it is left out).")] = ""
    fail_if_worse: Annotated[float | None, typer.Option(
        metavar="POINTS", rich_help_panel=help.VIEW,
        help="With --compare: exit 1 where the first baseline, or the later run, is significantly worse by more than "
             "this many points, or failed or is missing.")] = None
    across: Annotated[bool, typer.Option(
        "--across", rich_help_panel=help.VIEW,
        help="Across all targets: mean ranks, wins, critical difference.")] = False
    label_cost: Annotated[float, typer.Option(
        metavar="PRICE", rich_help_panel=help.VIEW,
        help="Price of a label: after how many targets or labels the base pays off.")] = 0.0
    hour_cost: Annotated[float, typer.Option(
        metavar="PRICE", rich_help_panel=help.VIEW,
        help="With --label-cost: price of one hour of the training machine.")] = 1.0
    calibration: Annotated[bool, typer.Option(
        "--calibration", rich_help_panel=help.VIEW,
        help="Whether to trust the probabilities: log-loss, calibration error, reliability.")] = False
    variance: Annotated[bool, typer.Option(
        "--variance", rich_help_panel=help.VIEW,
        help="Where the spread comes from: base seed, label draw, head seed.")] = False
