"""The command `bench run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion
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
    Targets,
    options_of,
)
from bench.cli.output import json_text, say, warn
from bench.cli.paths import home_expanded
from bench.cli.progress import TrialProgress, headline
from bench.cli.sections import leaderboards, print_sections
from bench.core.budget import parse_budgets
from bench.core.errors import BenchError, MissingExtra, NoRoom

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.runs.executor import Executor
    from bench.runs.options import Options


@dataclass(frozen=True)
class TrialOptions:
    """Which trials are run."""

    target: Targets = None
    source: Annotated[list[str] | None, typer.Option(
        "--source", "-s", autocompletion=completion.tasks_or_all,
        help="Task that the base is trained on; repeatable; all: every target. [default: imdb]")] = None
    baseline: Annotated[list[str] | None, typer.Option(
        "--baseline", "-b", autocompletion=completion.strategies_or_all,
        help="Strategy, file.py:function or package.module:function; repeatable; all: everything in bench list "
             "baselines. [default: the main strategies]")] = None
    budgets: Annotated[str, typer.Option(
        help="Numbers of labelled target texts, comma-separated; full: all of them; 0: only the strategies that need "
             "none.")] = "32,128,512,full"
    draw: Draw = "stratified"
    seeds: Annotated[int, typer.Option(help="Label draws per budget (each also seeds the classifier head).")] = 3


@dataclass(frozen=True)
class RepeatOptions:
    """How often a trial is repeated with another base or classifier head."""

    base_seeds: Annotated[int, typer.Option(
        help="Bases to train with different seeds, to see how much they vary (bench leaderboard --variance).")] = 1
    head_seeds: Annotated[int, typer.Option(
        help="Runs per label draw, each with another classifier head and batch order.")] = 1


@dataclass(frozen=True)
class WorkerOptions:
    """What runs the trials."""

    jobs: Jobs = 0
    scheduler: Annotated[str, typer.Option(
        "--scheduler", help="Address of a Dask scheduler whose workers run the trials, such as tcp://10.0.0.1:8786 "
                            "(docs/scaling.md).")] = ""
    trial_timeout: Annotated[float | None, typer.Option(
        "--trial-timeout", help="Seconds that a trial may take; one that takes longer is ended and has failed. "
                                "[default: as long as it takes]")] = None


def run_command(
    *,
    trials: TrialOptions,
    network: NetworkOptions,
    workers: WorkerOptions,
    data: DataOptions,
    results_dir: Annotated[ResultsDir, After("data_dir")] = RUNS,
    own_file: Annotated[OwnFileOptions, After("tasks")],
    epochs: Epochs = 0,
    repeats: RepeatOptions,
    keep_going: Annotated[bool, typer.Option("--keep-going/--fail-fast",
                                             help="Run the other trials after one has failed.")] = True,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run trials that are done already too; the newer record "
                                                        "counts.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the trials and about how long they take; train, run "
                                                            "and write nothing.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of each trial that fails.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the base once, run the strategies on the targets, print the leaderboard; continues a stopped run."""
    from bench.baselines import MAIN
    from bench.report import leaderboard_json
    from bench.runs import executor
    from bench.runs.options import options_per_source

    options = options_of(network, workers, data, own_file, repeats, targets=trials.target,
                         baselines=trials.baseline or MAIN, budgets=parse_budgets(trials.budgets), draw=trials.draw,
                         seeds=trials.seeds, results_dir=results_dir, epochs=epochs)
    runs = options_per_source([home_expanded(name) for name in trials.source or ("imdb",)], options)
    if dry_run:
        show_plan(runs, as_json=as_json, again=rerun)
        return
    failed = 0
    studies: list[Study] = []
    try:
        with executor.executor(options, warn) as execute:
            for of_source in runs:
                failures, found = _run(of_source, execute, keep_going=keep_going, rerun=rerun, debug=debug,
                                       quiet=as_json)
                failed += failures
                studies += found
                if failed and not keep_going:
                    break
    except BenchError as error:
        if debug and error.details:
            TrialProgress().lines(error.details)
        raise
    if len(runs) > 1:
        _matrices(options, quiet=as_json)
    if as_json:
        json_text(leaderboard_json.as_json(studies) + "\n")
    if failed:
        say(f"failed trials: {failed}; run the same command to try them again", err=True)
        raise typer.Exit(1)


def _run(options: Options, execute: Executor, *, keep_going: bool, rerun: bool, debug: bool,
         quiet: bool) -> tuple[int, list[Study]]:
    """Run the trials of one source; returns the number that failed, and the studies of the targets.

    `quiet` leaves standard output alone.
    """
    from bench.analysis import boards, study
    from bench.baselines import BASELINES
    from bench.report import leaderboard_files
    from bench.results import record_files
    from bench.runs import plan, trials

    failed = 0
    shown: list[Study] = []
    with TrialProgress() as progress:
        for of_target in plan.plan(options, BASELINES, progress.say, progress.training, progress=progress.live,
                                   again=rerun):
            target, total, done = of_target.target, len(of_target.specs), len(of_target.specs) - len(of_target.todo)
            progress.say(headline(target, of_target.base, options.source))
            if done:
                progress.say(f"{done} of {total} trials are done already")
            progress.trials(total, done)
            for record in plan.execute(of_target, execute):
                failed += record.status != "ok"
                progress.trial(record)
                if debug and record.traceback:
                    progress.lines(record.traceback)
                if failed and not keep_going:
                    break
            progress.pause()
            studies = study.studies(record_files.read_with_packed(of_target.path))
            paths = leaderboard_files.write(options.results_dir, studies)
            keys = [board.key for board in boards.boards_of([trials.blank_record(spec) for spec in of_target.specs])]
            of_run = [s for s in studies if any(s.board.key.holds(key) for key in keys)]
            shown += of_run
            if not quiet:
                print_sections(leaderboards(of_run))
                if others := len(studies) - len(of_run):
                    say(f"{others} more of {of_target.target.task.name}, of other data, another base or another draw: "
                        f"bench leaderboard --target {of_target.target.task.name}", err=True)
            say("Written: " + ", ".join(map(str, paths)), err=quiet)
            if failed and not keep_going:
                break
    return failed, shown


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
