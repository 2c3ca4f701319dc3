"""The command `bench`: reads options, calls the suite, prints; the only place that prints or exits."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench import __version__
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.base import Base
    from bench.data import Loaded
    from bench.records import Record
    from bench.suite import Options

app = typer.Typer(name="bench", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="Does what a network learned on movie reviews carry over to your texts, with which strategy, "
                       "at how many labels, at what cost?")
list_app = typer.Typer(no_args_is_help=True, help="What there is to choose from: tasks, baselines, nets, engines.",
                       rich_markup_mode=None)
app.add_typer(list_app, name="list")

Target = Annotated[list[str] | None, typer.Option("--target", "-t", help="Task, task@edition, or a CSV, TSV, JSONL or "
                                                  "Parquet file of your own; may be repeated. [default: amazon]")]
Source = Annotated[str, typer.Option("--source", "-s", help="Task whose labels the base learns from.")]
BaselineNames = Annotated[list[str] | None, typer.Option(
    "--baseline", "-b", help="Strategy, or package.module:function; may be repeated. [default: all]")]
Budgets = Annotated[str, typer.Option(help="Labelled target texts, comma-separated; full is all of them.")]
Seeds = Annotated[int, typer.Option(help="Label draws (and head seeds) a budget.")]
NetName = Annotated[str, typer.Option("--net", help="Base network (bench list nets).")]
Preset = Annotated[str, typer.Option(help="Sizes of the net: default, or tutorial.")]
EngineName = Annotated[str, typer.Option("--engine", help="torch or mxnet.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one a core. Scores do not depend on it.")]
DataDir = Annotated[Path | None, typer.Option(
    envvar="BENCH_DATA", help="Folder of data files, asked before the network.")]
ResultsDir = Annotated[Path, typer.Option(help="Folder for records/ and leaderboards/.")]
CacheDir = Annotated[Path | None, typer.Option(envvar="TRANSFERBENCH_CACHE", help="Folder for bases, corpora and "
                                               "downloads. [default: the user's cache]")]
Tasks = Annotated[list[Path] | None, typer.Option("--tasks", help="Folder of more task cards; may be repeated.")]
TextColumn = Annotated[str, typer.Option(help="Column of the texts in your own file. [default: guessed]")]
LabelColumn = Annotated[str, typer.Option(help="Column of the labels in your own file. [default: guessed]")]
MapLabel = Annotated[list[str] | None, typer.Option(help="RAW=LABEL for your own file, such as good=positive; may be "
                                                    "repeated.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no network call at all.")]
Epochs = Annotated[int, typer.Option(help="Epochs of the base; 0 is the recipe's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

RUNS = Path("results/runs")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Read the options that belong to no command."""
    if version:
        typer.echo(f"transferbench {__version__}")
        raise typer.Exit


@app.command("run")
def run_command(
    target: Target = None, source: Source = "imdb", baseline: BaselineNames = None,
    budgets: Budgets = "32,128,512,full", seeds: Seeds = 3, net: NetName = "gru", preset: Preset = "default",
    engine: EngineName = "torch", device: Device = "auto", jobs: Jobs = 0, data_dir: DataDir = None, results_dir: ResultsDir = RUNS,
    cache_dir: CacheDir = None, tasks: Tasks = None, text_column: TextColumn = "", label_column: LabelColumn = "",
    map_label: MapLabel = None, offline: Offline = False, epochs: Epochs = 0,
    keep_going: Annotated[bool, typer.Option("--keep-going/--fail-fast", help="After a failed trial, run the others.")]
    = True,
) -> None:
    """Train the base once, run every strategy on the targets, print the leaderboard; goes on where it was stopped."""
    from bench import suite

    with _errors():
        options = _options(
            targets=tuple(target or ("amazon",)), source=source, baselines=tuple(baseline or ()),
            budgets=suite.parse_budgets(budgets), seeds=seeds, net=net, preset=preset, engine=engine, device=device,
            jobs=jobs, data_dir=data_dir, results_dir=results_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()),
            text_column=text_column, label_column=label_column, map_label=tuple(map_label or ()), offline=offline,
            epochs=epochs)
        failed = _run(options, keep_going=keep_going)
    if failed:
        typer.echo(f"trials that failed: {failed}; the same command tries them again", err=True)
        raise typer.Exit(1)


def _run(options: Options, *, keep_going: bool) -> int:
    from baselines import BASELINES
    from bench import leaderboard, records, runner, suite

    failed = 0
    with _Progress() as progress:
        for plan in suite.plan(options, BASELINES, progress.say, progress.training, progress=progress.live):
            target, jobs = plan.target, options.jobs or runner.default_jobs()
            progress.say(_headline(target, plan.base, options))
            if len(plan.todo) < len(plan.jobs):
                progress.say(f"{len(plan.jobs) - len(plan.todo)} of {len(plan.jobs)} trials are done already")
            progress.trials(len(plan.jobs), len(plan.jobs) - len(plan.todo))
            for record in suite.carry_out(plan, jobs):
                failed += record.status != "ok"
                progress.trial(record)
                if failed and not keep_going:
                    break
            found = records.read(plan.path)
            mine = [r for r in found if (r.edition, r.content_sha256) ==
                    (target.edition.name, target.data.corpus.sha256)]
            progress.pause()
            written = leaderboard.write(options.results_dir, found)
            _show(leaderboard.boards(mine))
            typer.echo("Written: " + ", ".join(str(p) for p in written))
            if failed and not keep_going:
                break
    return failed


def _headline(target: Loaded, base: Base | None, options: Options) -> str:
    """What is at hand before the trials begin."""
    division = target.division
    trained = f", base {base.net} {base.accuracy:.3f} on its own test, {base.seconds:.0f} s to train" if base else ""
    return (f"{target.name} · {len(target.data.y):,} texts, {len(division.exam):,} of them the exam, "
            f"{len(division.pool):,} to train on ({division.duplicates} duplicates and {division.leaked} texts of the "
            f"exam left out) · from {target.origin} · source {options.source}{trained}")


@app.command("leaderboard")
def leaderboard_command(
    target: Annotated[list[str] | None, typer.Option("--target", "-t", help="Only these tasks; repeatable.")] = None,
    results_dir: ResultsDir = RUNS,
    format: Annotated[str, typer.Option("--format", "-f", help="table, md, csv or json.")] = "table",
) -> None:
    """Print the leaderboards of the records in a results folder."""
    from dataclasses import asdict

    from bench import leaderboard, records

    with _errors():
        if not (results_dir / "records").is_dir():
            raise BenchError(f"no records in {results_dir}", "bench run makes some; --results-dir names the folder")
        found = records.read_all(results_dir, _warn)
        names = set(target or ())
        unknown = names - {r.task for r in found}
        if unknown:
            raise BenchError(f"no records of {', '.join(sorted(unknown))} in {results_dir}",
                             f"there are: {', '.join(sorted({r.task for r in found})) or 'none'}")
        boards = leaderboard.boards([r for r in found if not names or r.task in names])
        if format == "table":
            _show(boards)
        elif format == "md":
            typer.echo("\n".join(map(leaderboard.markdown, boards)), nl=False)
        elif format == "csv":
            typer.echo(leaderboard.csv(boards), nl=False)
        elif format == "json":
            rows = [{"target": b.target, "source": b.source, "net": b.net, "engine": b.engine, "device": b.device,
                     "baseline": name, "budget": budget, **asdict(cell)}
                    for b in boards for (name, budget), cell in b.cells.items()]
            typer.echo(json.dumps(rows, indent=1))
        else:
            raise BenchError(f"unknown format {format!r}", "table, md, csv or json")


@app.command("pretrain")
def pretrain_command(
    source: Source = "imdb", net: NetName = "gru", preset: Preset = "default", engine: EngineName = "torch",
    device: Device = "auto", epochs: Epochs = 0, data_dir: DataDir = None, cache_dir: CacheDir = None,
    tasks: Tasks = None, offline: Offline = False, as_json: AsJson = False,
) -> None:
    """Train the base alone and say how good it is: loss, accuracy, seconds an epoch, tokens a second."""
    from bench import suite

    with _errors():
        options = _options(source=source, net=net, preset=preset, engine=engine, device=device, epochs=epochs,
                           data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()), offline=offline)
        with _Progress() as progress:
            base = suite.train_base(options, progress.say, progress.training, progress=progress.live)
        facts = {k: base.facts[k] for k in ("source", "engine", "version", "device", "words", "n_train", "n_test",
                                            "accuracy", "auc", "macro_f1", "log_loss", "seconds", "history")}
        if as_json:
            typer.echo(json.dumps({"key": base.key, "net": base.net.as_json(), **facts}))
            return
        for row in base.facts["history"]:
            typer.echo(f"epoch {int(row['epoch'])}: loss {row['loss']:.4f}, {row['seconds']:.1f} s, "
                       f"{row['tokens_per_second']:,.0f} tokens a second")
        typer.echo(f"{base.net} on {facts['source']} ({facts['words']:,} words): accuracy {base.accuracy:.4f}, "
                   f"AUC {facts['auc'] or float('nan'):.4f} on {facts['n_test']:,} test texts; trained in "
                   f"{base.seconds:.1f} s")


@list_app.command("tasks")
def list_tasks(tasks: Tasks = None, data_dir: DataDir = None, cache_dir: CacheDir = None,
               as_json: AsJson = False) -> None:
    """Every task: rows, classes, licence, editions, and whether it can be had now."""
    from bench import availability

    with _errors():
        options = _options(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir)
        rows = availability.tasks(options)
        if as_json:
            typer.echo(json.dumps(rows))
        else:
            _table(rows)


@list_app.command("baselines")
def list_baselines(as_json: AsJson = False) -> None:
    """Every strategy, with its first line."""
    from baselines import BASELINES
    from bench import suite

    with _errors():
        rows = []
        for s in suite.strategies((), BASELINES):
            rows.append({"baseline": s.name, "needs": ", ".join(sorted(s.needs())) or "nothing",
                         "what it is": (s.load().__doc__ or "").strip().split("\n")[0]})
        typer.echo(json.dumps(rows)) if as_json else _table(rows)


@list_app.command("nets")
def list_nets(as_json: AsJson = False) -> None:
    """Every base network and its sizes."""
    from bench.nets import NETS, TUTORIAL

    rows = [{"net": name, "preset": preset, "embedding": n.embedding, "hidden": n.hidden, "pooling": n.pooling,
             "longest text": n.most_tokens, "words": n.words or "seen twice", "GloVe": n.glove}
            for preset, table in (("default", NETS), ("tutorial", TUTORIAL)) for name, n in table.items()]
    typer.echo(json.dumps(rows)) if as_json else _table(rows)


@list_app.command("engines")
def list_engines(as_json: AsJson = False) -> None:
    """The frameworks that can train, their versions and devices."""
    from bench import availability

    rows = availability.engines()
    typer.echo(json.dumps(rows)) if as_json else _table(rows)


@app.command()
def doctor(data_dir: DataDir = None, cache_dir: CacheDir = None, offline: Offline = False,
           as_json: AsJson = False) -> None:
    """Versions, devices, which data routes answer, where the cache is and how large."""
    from bench import availability

    with _errors():
        facts = availability.doctor(_options(data_dir=data_dir, cache_dir=cache_dir, offline=offline))
        if as_json:
            typer.echo(json.dumps(facts))
            return
        for section, rows in facts.items():
            typer.echo(f"{section}")
            for name, value in rows.items():
                typer.echo(f"  {name:<34} {value}")


def _options(**given: Any) -> Options:
    from bench.suite import Options

    if given.get("cache_dir") is None:
        given.pop("cache_dir", None)
    return Options(**given)


def _warn(text: str) -> None:
    typer.echo(text, err=True)


def _table(rows: list[dict[str, Any]]) -> None:
    from tabulate import tabulate

    typer.echo(tabulate(rows, headers="keys", tablefmt="plain", disable_numparse=True))


def _show(boards: Any) -> None:
    """Print leaderboards: a rich table on a terminal, plain columns otherwise."""
    from bench import leaderboard

    for board in boards:
        head, body = leaderboard.table(board)
        typer.echo()
        typer.echo(board.title)
        if sys.stdout.isatty():
            _rich_board(head, body)
        else:
            from tabulate import tabulate

            typer.echo(tabulate(body, head, tablefmt="simple", disable_numparse=True,
                                colalign=["left"] + ["right"] * (len(head) - 1)))
        typer.echo(leaderboard.notes(board))
        for line in leaderboard.advice(board):
            typer.echo(line)


def _rich_board(head: list[str], body: list[list[str]]) -> None:
    """One table while it fits the terminal, else one a budget."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    budgets = range(1, len(head), 4)
    wide = sum(max(len(r[i]) for r in [head, *body]) + 2 for i in range(len(head))) <= console.width
    for group in [list(range(1, len(head)))] if wide else [list(range(b, b + 4)) for b in budgets]:
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column(head[0])
        for i in group:
            shown.add_column(head[i], justify="right", no_wrap=True)
        for row in body:
            cells = [Text(row[i], style=_style(head[i], row[i])) for i in group]
            shown.add_row(Text(row[0]), *cells)
        console.print(shown)


def _style(head: str, value: str) -> str:
    if head == "gain" and value:
        return "green" if value.startswith("+") else "red"
    return "bold" if head.startswith("acc") else ""


@contextmanager
def _errors() -> Iterator[None]:
    """A `BenchError` becomes one line on stderr and exit 2; Ctrl-C says how to go on, and exits with 130."""
    try:
        yield
    except BenchError as error:
        typer.echo(f"bench: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nbench: stopped; finished trials are kept, the same command goes on", err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


class _Progress:
    """Progress on stderr: a live bar on a terminal, plain lines in a log."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.bar: Any = None
        self.done = self.total = 0
        self.shown = -1

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.pause()

    def say(self, text: str) -> None:
        """One line above the bar."""
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False)
        else:
            typer.echo(text, err=True)

    def pause(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def training(self, event: dict[str, Any]) -> None:
        """Base training: steps and epochs."""
        if "epoch" in event:
            self.say(f"base: epoch {event['epoch']}: loss {event['loss']:.4f}, accuracy on training texts "
                     f"{event['train_accuracy']:.3f}, {event['seconds']:.1f} s, "
                     f"{event['tokens_per_second']:,.0f} tokens/s")
            return
        note = f"loss {event['loss']:.3f} · {event['tokens_per_second'] / 1000:.0f}k tokens/s"
        if self.live:
            self._live("training the base", event["steps"], event["step"], note)
        elif (tenth := 10 * event["step"] // event["steps"]) > self.shown:
            self.shown = tenth
            typer.echo(f"training the base: step {event['step']} of {event['steps']}, {note}", err=True)

    def trials(self, total: int, done: int) -> None:
        """Trials begin."""
        self.pause()
        self.total, self.done = total, done

    def trial(self, record: Record) -> None:
        """One trial is finished."""
        self.done += 1
        if record.status == "ok":
            auc = "" if record.auc is None else f" auc {record.auc:.3f}"
            spent = record.seconds["adapt"] + record.seconds["predict"]
            text = f"acc {record.accuracy or 0.0:.3f}{auc} in {spent:.1f} s"
        else:
            text = f"FAILED: {record.error}"
        width = len(str(self.total))
        self.say(f"{self.done:>{width}}/{self.total} {record.task} {record.baseline:<14} {record.budget!s:>5} labels "
                 f"seed {record.seed}: {text}")
        if self.live:
            self._live("trials", self.total, self.done, "")

    def _live(self, what: str, total: int, done: int, note: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self.bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
                       TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task(what, total=total, note=note)
            self.what = what
        if what != self.what:
            self.pause()
            self._live(what, total, done, note)
            return
        self.bar.update(self.task, completed=done, note=note)



def entry() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    entry()
