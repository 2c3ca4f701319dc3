"""The command `bench`: which commands there are, and in which order the help lists them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from bench import __version__
from bench.cli import baseline, data, results, results_files, streams, task
from bench.cli import list as listing
from bench.cli.cite import cite_command
from bench.cli.distance import distance_command
from bench.cli.doctor import doctor_command
from bench.cli.export import data_export
from bench.cli.fit import fit_command
from bench.cli.help import CommandGroup, OneCommand, context_settings
from bench.cli.import_results import results_import
from bench.cli.leaderboard import leaderboard_command
from bench.cli.map import map_command
from bench.cli.option_groups import Command, typer_command
from bench.cli.output import plain, say, show_bug, warn
from bench.cli.predict import predict_command
from bench.cli.pretrain import pretrain_command
from bench.cli.report import report_command
from bench.cli.reproduce import reproduce_command
from bench.cli.run import run_command
from bench.cli.time import time_command
from bench.core import environment

# ClickException; newer versions of typer hold a click of their own.
CLICK_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
COMMANDS: dict[str, Command] = {
    "run": run_command, "pretrain": pretrain_command, "leaderboard": leaderboard_command, "report": report_command,
    "fit": fit_command, "predict": predict_command, "distance": distance_command, "map": map_command,
    "time": time_command, "reproduce": reproduce_command, "cite": cite_command,
    "doctor": doctor_command}  # the most wanted first
GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "list": ("What there is to choose from: tasks, baselines, nets, engines.",
             {"tasks": listing.list_tasks, "baselines": listing.list_baselines, "nets": listing.list_nets,
              "engines": listing.list_engines}),
    "data": ("Fetch, check, audit and export the data.",
             {"list": listing.list_tasks, "pull": data.data_pull, "verify": data.data_verify,
              "audit": data.data_audit, "export": data_export}),
    "results": ("What a results folder holds: list, remove, import, export and merge records.",
                {"list": results.results_list, "rm": results.results_rm, "import": results_import,
                 "export": results_files.results_export, "merge": results_files.results_merge}),
    "baseline": ("Begin and check a strategy of your own.",
                 {"new": baseline.baseline_new, "check": baseline.baseline_check}),
    "task": ("Make and check task cards.", {"new": task.task_new, "check": task.task_check})}


def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Read the options that belong to no command."""
    if version:
        say(f"transferbench {__version__}")
        raise typer.Exit


class Commands(CommandGroup):
    """The commands of `bench`; what click says about a wrong option quotes it, so that is cleaned too."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _clean_errors():
            return super().invoke(ctx)

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read the options before the command's name."""
        with _clean_errors():
            return super().make_context(*args, **more)


@contextmanager
def _clean_errors() -> Iterator[None]:
    try:
        yield
    except CLICK_ERROR as error:
        vars(error)["message"] = plain(str(getattr(error, "message", error)))
        raise


def make_app() -> typer.Typer:
    """Make the typer application from the tables of commands."""
    root = typer.Typer(name="bench", cls=Commands, no_args_is_help=True, rich_markup_mode=None,
                       pretty_exceptions_enable=False, context_settings=context_settings(),
                       help="Does what a network learned on movie reviews carry over to your texts, with which "
                            "strategy, at how many labels, at what cost?")
    root.callback(invoke_without_command=True)(main)
    for name, function in COMMANDS.items():
        root.command(name, cls=OneCommand)(typer_command(function))
    for name, (text, commands) in GROUPS.items():
        group = typer.Typer(cls=CommandGroup, no_args_is_help=True, rich_markup_mode=None, help=text)
        for command, function in commands.items():
            group.command(command, cls=OneCommand)(typer_command(function))
        root.add_typer(group, name=name)
    return root


app = make_app()


def entry() -> None:
    """The console script."""
    streams.settle()
    sys.excepthook = show_bug
    if not environment.working_directory():
        warn("bench: the working directory has been removed (cd to one that is there)")
        sys.exit(2)
    with environment.passed_on():
        app()
