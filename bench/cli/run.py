"""The command `bench run`."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion, help
from bench.cli.answers import print_answers
from bench.cli.config import Config, SaveConfig, save_config
from bench.cli.dry_run import show_plan
from bench.cli.figures import check_fonts
from bench.cli.option_groups import After
from bench.cli.options import (
    RUNS,
    AsJson,
    DataOptions,
    Draw,
    Epochs,
    Jobs,
    NetworkOptions,
    OwnFileOptions,
    ResultsDir,
    Set,
    Targets,
    options_of,
)
from bench.cli.output import json_text, say, warn
from bench.cli.progress import TrialProgress
from bench.core.budget import parse_budgets
from bench.core.errors import BenchError, MissingExtra, NoRoom
from bench.core.places import home_expanded

BUDGETS = ("32", "128", "512", "full")

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.library.trials import TargetResult
    from bench.runs.options import Options


@dataclass(frozen=True)
class TrialOptions:
    """Which trials are run."""

    target: Targets = None
    source: Annotated[list[str] | None, typer.Option(
        "--source", "-s", metavar="NAME|FILE,...", autocompletion=completion.tasks_or_all, rich_help_panel=help.WHAT,
        help="Tasks, files or hf:OWNER/NAME that a base is trained on, each for a base of its own; all: every target. "
             "[default: imdb]")] = None
    baseline: Annotated[list[str] | None, typer.Option(
        "--baseline", "-b", metavar="NAME,...", autocompletion=completion.strategies_or_all, rich_help_panel=help.WHAT,
        help="Strategies (bench list baselines), file.py:function or package.module:function; all: every one that "
             "comes with bench. [default: the main ones]")] = None
    settings: Set = None
    budgets: Annotated[list[str] | None, typer.Option(
        "--budgets", metavar="N,...", rich_help_panel=help.WHAT,
        help="Numbers of labelled target texts; full: all of them; 0: only the strategies that need none. "
             "[default: 32,128,512,full]")] = None
    draw: Draw = "stratified"
    seeds: Annotated[int, typer.Option(
        metavar="N", rich_help_panel=help.WHAT,
        help="Label draws per budget (each also seeds the classifier head).")] = 3


@dataclass(frozen=True)
class RepeatOptions:
    """How often a trial is repeated with another base or classifier head."""

    base_seeds: Annotated[int, typer.Option(
        metavar="N", rich_help_panel=help.WHAT,
        help="Bases to train with different seeds, to see how much they vary (bench leaderboard --variance).")] = 1
    head_seeds: Annotated[int, typer.Option(
        metavar="N", rich_help_panel=help.WHAT,
        help="Runs per label draw, each with another classifier head and batch order.")] = 1


@dataclass(frozen=True)
class WorkerOptions:
    """What runs the trials."""

    jobs: Jobs = 0
    scheduler: Annotated[str, typer.Option(
        "--scheduler", metavar="ADDRESS", rich_help_panel=help.WORK,
        help="A Dask scheduler whose workers run the trials, such as tcp://10.0.0.1:8786 (docs/scaling.md).")] = ""
    trial_timeout: Annotated[float | None, typer.Option(
        "--trial-timeout", metavar="SECONDS", rich_help_panel=help.WORK,
        help="How long a trial may take; one that takes longer is ended and has failed. [default: as long as it "
             "takes]")] = None


@dataclass(frozen=True)
class AmountOptions:
    """Which of the trials are run now."""

    limit: Annotated[int | None, typer.Option(
        "--limit", metavar="N", rich_help_panel=help.WORK,
        help="Run at most so many trials, each strategy at the smallest budget first, to see that all works. They "
             "count; a run without it goes on.")] = None
    time_limit: Annotated[str, typer.Option(
        "--time-limit", metavar="TIME", rich_help_panel=help.WORK,
        help="Run the trials that fit into a time, such as 10m or 1h30m, by the estimate of --dry-run; no trial begins "
             "after it.")] = ""
    keep_going: Annotated[bool, typer.Option(
        "--keep-going/--fail-fast", rich_help_panel=help.WORK,
        help="Run the other trials after one has failed.")] = True
    rerun: Annotated[bool, typer.Option(
        "--rerun", rich_help_panel=help.WORK,
        help="Run trials that are done already too; the newer record counts.")] = False


@dataclass(frozen=True)
class ShownOptions:
    """What is printed."""

    dry_run: Annotated[bool, typer.Option(
        "--dry-run", rich_help_panel=help.OUTPUT,
        help="Print the trials and about how long they take; train, run and write nothing.")] = False
    verbose: Annotated[bool, typer.Option(
        "--verbose", "-v", rich_help_panel=help.OUTPUT,
        help="Print each finished trial, the whole text of notices, and every table and note at the end.")] = False
    debug: Annotated[bool, typer.Option(
        "--debug", rich_help_panel=help.OUTPUT, help="Print the traceback of each trial that fails.")] = False
    as_json: AsJson = False


def run_command(
    *,
    context: typer.Context,
    trials: TrialOptions,
    network: NetworkOptions,
    workers: WorkerOptions,
    amount: AmountOptions,
    data: DataOptions,
    results_dir: ResultsDir = RUNS,
    own_file: OwnFileOptions,
    epochs: Annotated[Epochs, After("preset")] = 0,
    repeats: Annotated[RepeatOptions, After("seeds")],
    config: Config = None,
    save: SaveConfig = None,
    shown: ShownOptions,
) -> None:
    """Run the strategies on your texts and say which one to use; a stopped run continues.

    The base network is trained once, then every strategy at every number of labels.
    """
    from bench.baselines import BASELINES, MAIN
    from bench.library.trials import run_trials
    from bench.report import leaderboard_json
    from bench.runs import limits
    from bench.runs.chosen_settings import options_per_base
    from bench.runs.options import options_per_source

    budgets = trials.budgets or BUDGETS
    options = options_of(network, workers, data, own_file, repeats, targets=trials.target,
                         baselines=trials.baseline or MAIN, budgets=parse_budgets(",".join(budgets)), draw=trials.draw,
                         seeds=trials.seeds, results_dir=results_dir, epochs=epochs, settings=trials.settings)
    of_sources = options_per_source([home_expanded(name) for name in trials.source or ("imdb",)], options)
    runs = [of_base for of_source in of_sources for of_base in options_per_base(of_source)]
    if save:
        save_config(save, context, {"target": list(options.targets), "source": trials.source or ["imdb"],
                                    "baseline": list(options.baselines), "budgets": list(budgets)})
    began, seconds = time.monotonic(), limits.parse_duration(amount.time_limit) if amount.time_limit else None
    selection = limits.select(runs, BASELINES, limit=amount.limit, seconds=seconds, again=amount.rerun,
                              dry=shown.dry_run) if amount.limit or seconds else limits.Selection()
    if selection.words:
        warn(selection.words)
    if shown.dry_run:
        show_plan(runs, as_json=shown.as_json, again=amount.rerun, wanted=selection.wants)
        return
    failed = 0
    studies: list[Study] = []
    with TrialProgress(verbose=shown.verbose, short=not shown.verbose) as progress:
        try:
            for result in run_trials(runs, progress, keep_going=amount.keep_going, rerun=amount.rerun,
                                     debug=shown.debug, wanted=selection.wants,
                                     end=began + seconds if seconds else inf):
                failed += len(result.failed)
                studies += result.studies
                _print_result(result, context, shown)
        except BenchError as error:
            if shown.debug and error.details:
                progress.lines(error.details)
            raise
    if len(of_sources) > 1:
        _matrices(options, quiet=shown.as_json)
    if shown.as_json:
        json_text(leaderboard_json.as_json(studies) + "\n")
    if failed:
        say(f"failed trials: {failed}; run the same command to try them again", err=True)
        raise typer.Exit(1)


def _print_result(result: TargetResult, context: typer.Context, shown: ShownOptions) -> None:
    """Print the answer for a target, its table, and where they were written; JSON has standard output to itself."""
    if not shown.as_json:
        print_answers(result.studies, result, context, verbose=shown.verbose)
        if result.others:
            task = result.target.task.name
            say(f"{result.others} more of {task}, of other data, another base or another draw: "
                f"bench leaderboard --target {task}", err=True)
        say()
    folder = result.options.results_dir
    where = "" if folder == RUNS else f" --results-dir {shlex.quote(str(folder))}"
    say(f"Written: {', '.join(map(str, result.paths))} · a page of it: bench report{where}", err=shown.as_json)


def _matrices(options: Options, *, quiet: bool) -> None:
    """Write and print the transfer matrices that the records allow."""
    from bench.analysis import transfer_matrix
    from bench.report import panels, target_files
    from bench.results import record_files

    records = record_files.read_all(options.results_dir)
    for baseline, budget in transfer_matrix.possible_matrices(records):
        matrix = transfer_matrix.transfer_matrix(records, baseline, budget)
        say(f"\n{target_files.matrix_markdown(matrix)}", err=quiet)
        paths = [target_files.write_matrix(options.results_dir, matrix)]
        try:
            paths += target_files.draw_matrix(options.results_dir, matrix)
            check_fonts([panels.matrix_panel(matrix)])
        except (MissingExtra, NoRoom) as error:
            say(f"No picture: {error}", err=True)
        say("Written: " + ", ".join(map(str, paths)), err=quiet)
