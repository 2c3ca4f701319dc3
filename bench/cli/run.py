"""`bench run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import (
    RUNS,
    AsJson,
    BaselineNames,
    BaseSeeds,
    Budgets,
    CacheDir,
    DataDir,
    Device,
    EngineName,
    Epochs,
    HeadSeeds,
    Jobs,
    LabelColumn,
    MapLabel,
    NetName,
    Offline,
    Preset,
    ResultsDir,
    Scheduler,
    Seeds,
    Sources,
    Target,
    Tasks,
    TextColumn,
    options_of,
)
from bench.cli.plan import show_plan
from bench.cli.progress import TrialProgress
from bench.cli.terminal import errors, headline, show, warn

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.runs.executor import Executor
    from bench.runs.options import Options


def run_command(
    target: Target = None, source: Sources = None, baseline: BaselineNames = None,
    budgets: Budgets = "32,128,512,full", seeds: Seeds = 3, net: NetName = "gru", preset: Preset = "default",
    engine: EngineName = "torch", device: Device = "auto", jobs: Jobs = 0, scheduler: Scheduler = "",
    data_dir: DataDir = None, results_dir: ResultsDir = RUNS,
    cache_dir: CacheDir = None, tasks: Tasks = None, text_column: TextColumn = None, label_column: LabelColumn = None,
    map_label: MapLabel = None, offline: Offline = False, epochs: Epochs = 0,
    base_seeds: BaseSeeds = 1, head_seeds: HeadSeeds = 1,
    keep_going: Annotated[bool, typer.Option("--keep-going/--fail-fast", help="After a failed trial, run the others.")]
    = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the trials and about how long they take; train, run "
                                                            "and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the base once, run the strategies on the targets, print the leaderboard; goes on where it was stopped."""
    from baselines import MAIN
    from bench.report import formats
    from bench.runs import executor, inputs
    from bench.runs import options as suite

    with errors():
        options = options_of(
            targets=tuple(target or ("amazon",)), baselines=tuple(baseline or MAIN),
            budgets=suite.parse_budgets(budgets), seeds=seeds, net=net, preset=preset, engine=engine, device=device,
            jobs=jobs, scheduler=scheduler, data_dir=data_dir, results_dir=results_dir, cache_dir=cache_dir,
            tasks=tuple(tasks or ()), text_column=text_column, label_column=label_column,
            map_label=tuple(map_label or ()), offline=offline, epochs=epochs,
            base_seeds=base_seeds, head_seeds=head_seeds)
        failed = 0
        found: list[Study] = []
        runs = inputs.options_per_source(tuple(source or ("imdb",)), options)
        if dry_run:
            show_plan(runs, as_json=as_json)
            return
        with executor.executor(options, warn) as carry:
            for one in runs:
                failed += _run(one, carry, found, keep_going=keep_going, quiet=as_json)
                if failed and not keep_going:
                    break
        if len(runs) > 1:
            _matrices(options, quiet=as_json)
        if as_json:
            typer.echo(formats.as_json(found))
    if failed:
        typer.echo(f"trials that failed: {failed}; the same command tries them again", err=True)
        raise typer.Exit(1)


def _run(options: Options, carry: Executor, shown: list[Study], *, keep_going: bool, quiet: bool) -> int:
    """The trials of one source, and their leaderboards into `shown`; `quiet` leaves standard output alone."""
    from baselines import BASELINES
    from bench.analysis import study
    from bench.report import formats
    from bench.results import record_files
    from bench.runs import plan as plans

    failed = 0
    with TrialProgress() as progress:
        for plan in plans.plan(options, BASELINES, progress.say, progress.training, progress=progress.live):
            target = plan.target
            progress.say(headline(target, plan.base, options.source))
            if len(plan.todo) < len(plan.jobs):
                progress.say(f"{len(plan.jobs) - len(plan.todo)} of {len(plan.jobs)} trials are done already")
            progress.trials(len(plan.jobs), len(plan.jobs) - len(plan.todo))
            for record in plans.execute(plan, carry):
                failed += record.status != "ok"
                progress.trial(record)
                if failed and not keep_going:
                    break
            progress.pause()
            found = study.studies(record_files.read_with_packed(plan.path))
            written = formats.write(options.results_dir, found)
            here = (target.name, target.data.corpus.sha256)
            own = [s for s in found if (s.board.target, s.board.content_sha256) == here]
            shown += own
            if not quiet:
                show(own)
            typer.echo("Written: " + ", ".join(str(p) for p in written), err=quiet)
            if failed and not keep_going:
                break
    return failed


def _matrices(options: Options, *, quiet: bool) -> None:
    """Write and show the transfer matrices that the records allow."""
    from bench.analysis import transfer_matrix
    from bench.report import analysis_figures
    from bench.results import record_files

    found = record_files.read_all(options.results_dir)
    for baseline, budget in transfer_matrix.cells_at_hand(found):
        made = transfer_matrix.matrix(found, baseline, budget)
        typer.echo(f"\n{analysis_figures.matrix_markdown(made)}", err=quiet)
        typer.echo(
            "Written: " + ", ".join(str(p) for p in analysis_figures.write_matrix(options.results_dir, made)), err=quiet
        )
