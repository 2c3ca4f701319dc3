"""The command `bench`: reads options, calls the suite, prints; the only place that prints or exits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bench import __version__
from bench.cli.data import data_app, task_app
from bench.cli.leaderboard import distance_command, leaderboard_command
from bench.cli.map import map_command
from bench.cli.model import fit_command, predict_command
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
    KeepCheckpoints,
    LabelColumn,
    MapLabel,
    NetName,
    Offline,
    Preset,
    ResultsDir,
    Scheduler,
    Seeds,
    Source,
    Sources,
    Target,
    Tasks,
    TextColumn,
    Validation,
    options_of,
)
from bench.cli.plan import show_plan
from bench.cli.report import report_command
from bench.cli.reproduce import reproduce_command
from bench.cli.terminal import TrialProgress, errors, headline, show, table, warn
from bench.cli.time import time_command

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.runs.options import Carry, Options

app = typer.Typer(name="bench", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="Does what a network learned on movie reviews carry over to your texts, with which strategy, "
                       "at how many labels, at what cost?")
list_app = typer.Typer(no_args_is_help=True, help="What there is to choose from: tasks, baselines, nets, engines.",
                       rich_markup_mode=None)
app.add_typer(list_app, name="list")
app.add_typer(data_app, name="data")
app.add_typer(task_app, name="task")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Read the options that belong to no command."""
    if version:
        typer.echo(f"transferbench {__version__}")
        raise typer.Exit


@app.command("run")
def run_command(
    target: Target = None, source: Sources = None, baseline: BaselineNames = None,
    budgets: Budgets = "32,128,512,full", seeds: Seeds = 3, net: NetName = "gru", preset: Preset = "default",
    engine: EngineName = "torch", device: Device = "auto", jobs: Jobs = 0, scheduler: Scheduler = "",
    data_dir: DataDir = None, results_dir: ResultsDir = RUNS,
    cache_dir: CacheDir = None, tasks: Tasks = None, text_column: TextColumn = "", label_column: LabelColumn = "",
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
    from bench.report import tables
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
        runs = suite.pairs(tuple(source or ("imdb",)), options)
        if dry_run:
            show_plan(runs, as_json=as_json)
            return
        with suite.hands(options, warn) as carry:
            for one in runs:
                failed += _run(one, carry, found, keep_going=keep_going, quiet=as_json)
                if failed and not keep_going:
                    break
        if len(runs) > 1:
            _matrices(options, quiet=as_json)
        if as_json:
            typer.echo(tables.as_json(found))
    if failed:
        typer.echo(f"trials that failed: {failed}; the same command tries them again", err=True)
        raise typer.Exit(1)


def _run(options: Options, carry: Carry, shown: list[Study], *, keep_going: bool, quiet: bool) -> int:
    """The trials of one source, and their leaderboards into `shown`; `quiet` leaves standard output alone."""
    from baselines import BASELINES
    from bench.analysis import study
    from bench.report import tables
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
            for record in plans.carry_out(plan, carry):
                failed += record.status != "ok"
                progress.trial(record)
                if failed and not keep_going:
                    break
            progress.pause()
            found = study.studies(record_files.stored(plan.path))
            written = tables.write(options.results_dir, found)
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
    from bench.results import record_files

    found = record_files.read_all(options.results_dir)
    for baseline, budget in transfer_matrix.cells_at_hand(found):
        made = transfer_matrix.matrix(found, baseline, budget)
        typer.echo(f"\n{transfer_matrix.markdown(made)}", err=quiet)
        typer.echo("Written: " + ", ".join(str(p) for p in transfer_matrix.write(options.results_dir, made)), err=quiet)


@app.command("pretrain")
def pretrain_command(
    source: Source = "imdb", net: NetName = "gru", preset: Preset = "default", engine: EngineName = "torch",
    device: Device = "auto", epochs: Epochs = 0, data_dir: DataDir = None, cache_dir: CacheDir = None,
    tasks: Tasks = None, offline: Offline = False, validation: Validation = 0.0,
    keep_checkpoints: KeepCheckpoints = False, as_json: AsJson = False,
) -> None:
    """Train the base alone and say how good it is: loss, accuracy, seconds an epoch, tokens a second."""
    from bench.cli.terminal import epoch
    from bench.learning.pretrain import kept_epochs
    from bench.runs import options as suite

    with errors():
        options = options_of(source=source, net=net, preset=preset, engine=engine, device=device, epochs=epochs,
                           data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()), offline=offline,
                           validation=validation, keep_checkpoints=keep_checkpoints)
        with TrialProgress() as progress:
            base = suite.train_base(options, progress.say, progress.training, progress=progress.live)
        checkpoints = kept_epochs(options.cache_dir, base.key) if keep_checkpoints else []
        facts = {k: base.facts.get(k, 0) for k in (
            "source", "engine", "version", "device", "words", "n_train", "n_validation", "n_test", "accuracy", "auc",
            "macro_f1", "log_loss", "seconds", "history")}
        if as_json:
            typer.echo(json.dumps({"key": base.key, "net": base.net.as_json(), **facts,
                                   "checkpoints": [str(folder) for folder in checkpoints]}))
            return
        for row in base.facts["history"]:
            typer.echo(epoch(row))
        held = f", {facts['n_validation']:,} held out" if facts["n_validation"] else ""
        auc = "" if facts["auc"] is None else f", AUC {facts['auc']:.4f}"
        typer.echo(f"{base.net} on {facts['source']} ({facts['n_train']:,} texts{held}, {facts['words']:,} words): "
                   f"accuracy {base.accuracy:.4f}, macro-F1 {facts['macro_f1']:.4f}{auc} on {facts['n_test']:,} test "
                   f"texts; trained in {base.seconds:.1f} s")
        if checkpoints:
            typer.echo(f"Weights of every epoch: {checkpoints[0].parent}/epoch-1 … epoch-{len(checkpoints)}")


# The help lists them in this order: what most people want comes first.
app.command("leaderboard")(leaderboard_command)
app.command("report")(report_command)
app.command("fit")(fit_command)
app.command("predict")(predict_command)
app.command("distance")(distance_command)
app.command("map")(map_command)
app.command("time")(time_command)
app.command("reproduce")(reproduce_command)


@list_app.command("tasks")
def list_tasks(tasks: Tasks = None, data_dir: DataDir = None, cache_dir: CacheDir = None,
               as_json: AsJson = False) -> None:
    """Every task: rows, classes, licence, editions, and whether it can be had now."""
    from bench.runs import inventory

    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir)
        rows = inventory.tasks(options)
        if as_json:
            typer.echo(json.dumps(rows))
        else:
            table(rows)


@list_app.command("baselines")
def list_baselines(as_json: AsJson = False) -> None:
    """Every strategy: what it needs, whether it runs by default and can run here, and its first line."""
    from baselines import BASELINES, MAIN
    from bench.runs import inventory

    with errors():
        rows = inventory.baselines(BASELINES, MAIN)
        typer.echo(json.dumps(rows)) if as_json else table(rows)


@list_app.command("nets")
def list_nets(as_json: AsJson = False) -> None:
    """Every base network and its sizes."""
    from bench.learning.networks.architectures import NETS, TUTORIAL

    rows = [{"net": name, "preset": preset, "embedding": n.embedding, "hidden": n.hidden, "pooling": n.pooling,
             "longest text": n.most_tokens, "words": n.words or "seen twice", "GloVe": n.glove}
            for preset, table in (("default", NETS), ("tutorial", TUTORIAL)) for name, n in table.items()]
    typer.echo(json.dumps(rows)) if as_json else table(rows)


@list_app.command("engines")
def list_engines(as_json: AsJson = False) -> None:
    """The frameworks that can train, their versions and devices."""
    from bench.runs import inventory

    rows = inventory.engines()
    typer.echo(json.dumps(rows)) if as_json else table(rows)


@app.command()
def doctor(data_dir: DataDir = None, cache_dir: CacheDir = None, offline: Offline = False,
           as_json: AsJson = False) -> None:
    """Versions, devices, which data routes answer, where the cache is and how large."""
    from bench.runs import inventory

    with errors():
        facts = inventory.doctor(options_of(data_dir=data_dir, cache_dir=cache_dir, offline=offline))
        if as_json:
            typer.echo(json.dumps(facts))
            return
        for section, rows in facts.items():
            typer.echo(f"{section}")
            for name, value in rows.items():
                typer.echo(f"  {name:<34} {value}")


def entry() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    entry()
