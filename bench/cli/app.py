"""The command `bench`: reads options, calls the suite, prints; the only place that prints or exits."""

from __future__ import annotations

from typing import Annotated

import typer

from bench import __version__
from bench.cli.data import data_app, task_app
from bench.cli.doctor import doctor_command
from bench.cli.leaderboard import distance_command, leaderboard_command
from bench.cli.list import list_app
from bench.cli.map import map_command
from bench.cli.model import fit_command, predict_command
from bench.cli.pretrain import pretrain_command
from bench.cli.report import report_command
from bench.cli.reproduce import reproduce_command
from bench.cli.run import run_command
from bench.cli.time import time_command

app = typer.Typer(name="bench", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="Does what a network learned on movie reviews carry over to your texts, with which strategy, "
                       "at how many labels, at what cost?")
app.add_typer(list_app, name="list")
app.add_typer(data_app, name="data")
app.add_typer(task_app, name="task")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Read the options that belong to no command."""
    if version:
        typer.echo(f"transferbench {__version__}")
        raise typer.Exit


# The help lists them in this order: what most people want comes first.
app.command("run")(run_command)
app.command("pretrain")(pretrain_command)
app.command("leaderboard")(leaderboard_command)
app.command("report")(report_command)
app.command("fit")(fit_command)
app.command("predict")(predict_command)
app.command("distance")(distance_command)
app.command("map")(map_command)
app.command("time")(time_command)
app.command("reproduce")(reproduce_command)
app.command("doctor")(doctor_command)


def entry() -> None:
    """The console script."""
    app()
