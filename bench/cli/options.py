"""The options that several commands share, alone or in groups: each with its flags, help and default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion, help
from bench.cli.lists import SplitBy, pairs, whole

if TYPE_CHECKING:
    from bench.runs.options import Options

RUNS = Path("results/runs")

Targets = Annotated[list[str] | None, typer.Option(
    "--target", "-t", metavar="NAME|FILE,...", autocompletion=completion.tasks_or_all, rich_help_panel=help.WHAT,
    help="Your texts: a CSV, TSV, JSONL, Excel or Parquet file, a task's name (bench list tasks), or a data set of the "
         "Hugging Face hub (hf:OWNER/NAME); all: every task with the source's labels. [default: amazon]")]
Source = Annotated[str, typer.Option(
    "--source", "-s", metavar="NAME|FILE", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
    help="Task, file or hf:OWNER/NAME that the base is trained on.")]
Epochs = Annotated[int, typer.Option(metavar="N", rich_help_panel=help.NETWORK,
                                     help="Training epochs of the base; 0: as in its recipe.")]
Set = Annotated[list[str] | None, typer.Option(
    "--set", metavar="STRATEGY.SETTING=VALUE", rich_help_panel=help.WHAT,
    help="Change a setting, such as finetune.learning_rate=5e-4: a row of its own, in the place of the plain one. "
         "Several values (5e-4,1e-3) make several rows; the value default keeps the plain row too. base.epochs=3 and "
         "the like change how the base is trained. Repeat it for several settings."), SplitBy(whole)]
Draw = Annotated[str, typer.Option(
    "--draw", metavar="stratified|random", rich_help_panel=help.WHAT,
    help="How the labelled texts are drawn. stratified: with the class shares of all texts, to compare strategies with "
         "the least noise. random: any texts, to see what you would get by labelling some.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", metavar="N", rich_help_panel=help.WORK,
                                   help="Worker processes; 0: one per core. Does not change the scores.")]
ResultsDir = Annotated[Path, typer.Option(metavar="FOLDER", rich_help_panel=help.OUTPUT,
                                          help="Folder that holds records/ and leaderboards/.")]
CacheDir = Annotated[Path | None, typer.Option(
    envvar="TRANSFERBENCH_CACHE", metavar="FOLDER", rich_help_panel=help.DATA,
    help="Folder for bases, corpora and downloads. [default: the user's cache]")]
Tasks = Annotated[list[Path] | None, typer.Option(
    "--tasks", metavar="FOLDER,...", rich_help_panel=help.DATA, help="Folders with more task cards.")]
Offline = Annotated[bool, typer.Option("--offline", rich_help_panel=help.DATA, help="Make no network requests.")]
TextColumn = Annotated[str | None, typer.Option(
    metavar="COLUMN", rich_help_panel=help.OWN_FILE, help="Column with the texts in your own file. [default: guessed]")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", rich_help_panel=help.WORK,
                                     help="What trains and predicts; auto: the best there is.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", rich_help_panel=help.OUTPUT,
                                       help="Print every table and sentence that there is.")]
AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=help.OUTPUT,
                                      help="Print one JSON object to standard output.")]


@dataclass(frozen=True)
class ArchitectureOptions:
    """Which base network."""

    net: Annotated[str, typer.Option("--net", metavar="NAME", autocompletion=completion.nets,
                                     rich_help_panel=help.NETWORK, help="Base network (bench list nets).")] = "gru"
    preset: Annotated[str, typer.Option(metavar="default|tutorial", rich_help_panel=help.NETWORK,
                                        help="Size of the network.")] = "default"


@dataclass(frozen=True)
class NetworkOptions(ArchitectureOptions):
    """Which base network, and what trains it."""

    engine: Annotated[str, typer.Option("--engine", metavar="torch|mxnet", autocompletion=completion.engines,
                                        rich_help_panel=help.NETWORK,
                                        help="Framework that trains (bench list engines).")] = "torch"
    device: Device = "auto"


@dataclass(frozen=True)
class FolderOptions:
    """Where data are read from and saved."""

    data_dir: Annotated[Path | None, typer.Option(
        envvar="BENCH_DATA", metavar="FOLDER", rich_help_panel=help.DATA,
        help="Folder of data files, searched before the network.")] = None
    cache_dir: CacheDir = None


@dataclass(frozen=True)
class DataOptions(FolderOptions):
    """Which data can be used."""

    tasks: Tasks = None
    offline: Offline = False


@dataclass(frozen=True)
class OwnFileOptions:
    """How a data file of the user's own is read."""

    text_column: TextColumn = None
    label_column: Annotated[str | None, typer.Option(
        metavar="COLUMN", rich_help_panel=help.OWN_FILE,
        help="Column with the labels in your own file. [default: guessed]")] = None
    map_label: Annotated[list[str] | None, typer.Option(
        metavar="RAW=LABEL,...", rich_help_panel=help.OWN_FILE,
        help="What classes of your own file are called, such as good=positive,bad=negative; RAW= leaves a class "
             "out."), SplitBy(pairs)] = None
    rating_threshold: Annotated[float | None, typer.Option(
        metavar="NUMBER", rich_help_panel=help.OWN_FILE,
        help="Labels of your own file are numbers: those below are negative, those above positive.")] = None
    strict: Annotated[bool, typer.Option(
        "--strict", rich_help_panel=help.OWN_FILE, help="Refuse your own file if a row of it cannot be used.")] = False


def options_of(*groups: Any, **more: Any) -> Options:
    """Return the options of the suite from option groups and single values; None leaves the suite's default."""
    from bench.runs.options import options_from

    return options_from({field.name: getattr(group, field.name) for group in groups for field in fields(group)} | more)
