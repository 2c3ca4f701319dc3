"""The command line's options, said once: each is a type with its flag and its help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion

if TYPE_CHECKING:
    from bench.runs.options import Options

Target = Annotated[list[str] | None, typer.Option(
    "--target", "-t", autocompletion=completion.tasks_or_all,
    help="Task, task@edition, or a CSV, TSV, JSONL or Parquet file of your own; may be repeated; all: every task with "
         "the source's labels. [default: amazon]")]
Source = Annotated[str, typer.Option(
    "--source", "-s", autocompletion=completion.tasks, help="Task whose labels the base learns from.")]
Sources = Annotated[list[str] | None, typer.Option(
    "--source", "-s", autocompletion=completion.tasks_or_all,
    help="Task whose labels the base learns from; may be repeated; all: every target. [default: imdb]")]
BaselineNames = Annotated[list[str] | None, typer.Option(
    "--baseline", "-b", autocompletion=completion.strategies_or_all,
    help="Strategy, or package.module:function; may be repeated; all: every one of bench list baselines. "
         "[default: the main ones]")]
Budgets = Annotated[str, typer.Option(help="Labelled target texts, comma-separated; full is all of them.")]
Seeds = Annotated[int, typer.Option(help="Label draws (and head seeds) a budget.")]
BaseSeeds = Annotated[int, typer.Option(help="Bases to train, to see what their seed changes (bench leaderboard "
                                             "--variance).")]
HeadSeeds = Annotated[int, typer.Option(help="Runs of each label draw with another head and order of batches.")]
NetName = Annotated[str, typer.Option("--net", autocompletion=completion.nets, help="Base network (bench list nets).")]
Preset = Annotated[str, typer.Option(help="Sizes of the net: default, or tutorial.")]
EngineName = Annotated[str, typer.Option(
    "--engine", autocompletion=completion.engines, help="torch or mxnet (bench list engines).")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one a core. Scores do not depend on it.")]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of a Dask scheduler, such as "
                                        "tcp://10.0.0.1:8786: its workers run the trials (docs/scaling.md).")]
DataDir = Annotated[Path | None, typer.Option(
    envvar="BENCH_DATA", help="Folder of data files, asked before the network.")]
ResultsDir = Annotated[Path, typer.Option(help="Folder for records/ and leaderboards/.")]
CacheDir = Annotated[Path | None, typer.Option(envvar="TRANSFERBENCH_CACHE", help="Folder for bases, corpora and "
                                               "downloads. [default: the user's cache]")]
Tasks = Annotated[list[Path] | None, typer.Option("--tasks", help="Folder of more task cards; may be repeated.")]
TextColumn = Annotated[str | None, typer.Option(help="Column of the texts in your own file. [default: guessed]")]
LabelColumn = Annotated[str | None, typer.Option(help="Column of the labels in your own file. [default: guessed]")]
MapLabel = Annotated[list[str] | None, typer.Option(help="RAW=LABEL for your own file, such as good=positive; may be "
                                                    "repeated.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no network call at all.")]
Epochs = Annotated[int, typer.Option(help="Epochs of the base; 0 is the recipe's.")]
Validation = Annotated[float, typer.Option(help="Share of the source's training texts held out, whose accuracy is "
                                                "shown after every epoch.")]
KeepCheckpoints = Annotated[bool, typer.Option("--keep-checkpoints", help="Keep the weights of every epoch too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
RUNS = Path("results/runs")


def options_of(**given: Any) -> Options:
    """The suite's options out of a command's."""
    from bench.runs.options import Options

    folder = given.pop("cache_dir", None)
    if folder is not None:
        given["cache_dir"] = folder.absolute()  # a worker of a cluster has another working directory
    return Options(**given)
