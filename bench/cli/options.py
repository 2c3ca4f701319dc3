"""The options that several commands share, alone or in groups: each with its flags, help and default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion

if TYPE_CHECKING:
    from bench.runs.options import Options

RUNS = Path("results/runs")

Targets = Annotated[list[str] | None, typer.Option(
    "--target", "-t", autocompletion=completion.tasks_or_all,
    help="Task, task@edition, your own CSV, TSV, JSONL or Parquet file, or a data set of the Hugging Face hub "
         "(hf:OWNER/NAME); repeatable; all: every task with the source's labels. [default: amazon]")]
Source = Annotated[str, typer.Option(
    "--source", "-s", autocompletion=completion.tasks, help="Task, file or hf:OWNER/NAME that the base is trained on.")]
Epochs = Annotated[int, typer.Option(help="Training epochs of the base; 0: as in its recipe.")]
Set = Annotated[list[str] | None, typer.Option(
    "--set", help="STRATEGY.SETTING=VALUE, such as finetune.learning_rate=5e-4: a row of its own, in the place of the "
                  "plain one. Several values (5e-4,1e-3) make several rows; the value default keeps the plain row too. "
                  "base.epochs=3 and the like change how the base is trained. Repeatable.")]
Draw = Annotated[str, typer.Option(
    "--draw", help="How the labelled texts are drawn. stratified: with the class shares of all texts, to compare "
                   "strategies with the least noise. random: any texts, to see what you would get by labelling some.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core. Does not change the "
                                                        "scores.")]
ResultsDir = Annotated[Path, typer.Option(help="Folder that holds records/ and leaderboards/.")]
CacheDir = Annotated[Path | None, typer.Option(
    envvar="TRANSFERBENCH_CACHE", help="Folder for bases, corpora and downloads. [default: the user's cache]")]
Tasks = Annotated[list[Path] | None, typer.Option("--tasks", help="Folder with more task cards; repeatable.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no network requests.")]
TextColumn = Annotated[str | None, typer.Option(help="Column with the texts in your own file. [default: guessed]")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to standard output.")]


@dataclass(frozen=True)
class ArchitectureOptions:
    """Which base network."""

    net: Annotated[str, typer.Option("--net", autocompletion=completion.nets,
                                     help="Base network (bench list nets).")] = "gru"
    preset: Annotated[str, typer.Option(help="Size of the network: default or tutorial.")] = "default"


@dataclass(frozen=True)
class NetworkOptions(ArchitectureOptions):
    """Which base network, and what trains it."""

    engine: Annotated[str, typer.Option("--engine", autocompletion=completion.engines,
                                        help="torch or mxnet (bench list engines).")] = "torch"
    device: Device = "auto"


@dataclass(frozen=True)
class FolderOptions:
    """Where data are read from and saved."""

    data_dir: Annotated[Path | None, typer.Option(
        envvar="BENCH_DATA", help="Folder of data files, searched before the network.")] = None
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
        help="Column with the labels in your own file. [default: guessed]")] = None
    map_label: Annotated[list[str] | None, typer.Option(
        help="RAW=LABEL for your own file, such as good=positive; RAW= leaves a class out; repeatable.")] = None
    rating_threshold: Annotated[float | None, typer.Option(
        help="Labels of your own file are numbers: those below are negative, those above positive.")] = None
    strict: Annotated[bool, typer.Option(
        "--strict", help="Refuse your own file if a row of it cannot be used.")] = False


def options_of(*groups: Any, **more: Any) -> Options:
    """Return the options of the suite from option groups and single values; None leaves the suite's default."""
    from bench.runs.options import options_from

    return options_from({field.name: getattr(group, field.name) for group in groups for field in fields(group)} | more)
