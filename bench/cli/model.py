"""The commands `bench fit` and `bench predict`: keep a fitted baseline as a folder, and use it on new texts."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion
from bench.cli.options import (
    AsJson,
    CacheDir,
    DataDir,
    Device,
    EngineName,
    Epochs,
    LabelColumn,
    MapLabel,
    NetName,
    Offline,
    Preset,
    Source,
    Tasks,
    TextColumn,
    options_of,
)
from bench.cli.progress import TrialProgress
from bench.cli.terminal import errors, headline, warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.cli.predictions import Shape
    from bench.learning.models.folder import SavedModel

BATCH = 1024  # texts that are held in memory at a time


def fit_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model.")],
    target: Annotated[str, typer.Option("--target", "-t", autocompletion=completion.tasks,
        help="Task, task@edition, or a data file of your own.")]
    = "amazon",
    baseline: Annotated[str, typer.Option("--baseline", "-b", autocompletion=completion.strategies,
        help="Strategy, or package.module:function.")]
    = "finetune",
    budget: Annotated[str, typer.Option(help="Labelled target texts; full is all but the test set.")] = "full",
    seed: Annotated[int, typer.Option(min=0, help="Of the label draw.")] = 0,
    source: Source = "imdb", net: NetName = "gru", preset: Preset = "default", engine: EngineName = "torch",
    device: Device = "auto", data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None,
    text_column: TextColumn = None, label_column: LabelColumn = None, map_label: MapLabel = None,
    offline: Offline = False, epochs: Epochs = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit one strategy on a target and keep it as a folder, for bench predict."""
    from baselines import BASELINES
    from bench.learning.models import folder as model_folder
    from bench.runs import fit_model
    from bench.runs import options as suite
    from bench.runs import plan as plans

    with errors():
        model_folder.check_free(out, force=force)
        budgets = suite.parse_budgets(budget)
        if len(budgets) > 1:
            raise BenchError(f"--budget {budget!r} is more than one", "such as --budget 128, or --budget full")
        options = options_of(
            targets=(target,), source=source, baselines=(baseline,), budgets=budgets, seeds=1, net=net, preset=preset,
            engine=engine, device=device, data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()),
            text_column=text_column, label_column=label_column, map_label=tuple(map_label or ()), offline=offline,
            epochs=epochs)
        with TrialProgress() as progress:
            found = plans.plan(options, BASELINES, progress.say, progress.training, progress=progress.live, again=True)
            plan = next(found)
            progress.say(headline(plan.target, plan.base, options.source))
            made = fit_model.fit(fit_model.trial_spec_for(plan, seed), out, force=force)
        if as_json:
            typer.echo((out / model_folder.CARD).read_text(encoding="utf-8"))
            return
        typer.echo(fit_model.summary(made.record))
        size = sum(made.files.values()) / 1e6
        typer.echo(f"Written: {out} ({', '.join(made.files)}; {size:,.1f} MB) · bench predict {out} \"a text\"")


def predict_command(
    model: Annotated[Path, typer.Argument(help="A folder that bench fit made.")],
    texts: Annotated[list[str] | None, typer.Argument(help="Texts. [default: standard input, one a line]")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="CSV, TSV, JSONL, JSON, Parquet, Excel or .txt "
                                              "(one text per line), plain, .gz or .zip.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the texts. [default: guessed]")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="table, csv or jsonl. [default: table for texts on the "
                                        "command line, else csv]")] = "",
    engine: Annotated[str, typer.Option("--engine", autocompletion=completion.engines,
        help="For networks. [default: the one that trained it]")] = "",
    device: Device = "auto",
) -> None:
    """Label texts with a model: the label and the probability of every class, written as it goes."""
    from bench.cli.predictions import SHAPES

    with errors():
        if texts and file:
            raise BenchError("texts on the command line and --file", "give one or the other")
        format = format or ("table" if texts else "csv")
        if format not in SHAPES:
            raise BenchError(f"unknown format {format!r}", ", ".join(SHAPES))
        batches, about = _incoming(texts, file, text_column)
        kept = _ready(model, engine, device)
        if about:
            warn(about)
        _predict(kept, batches, SHAPES[format](kept.labels), quiet=bool(texts))


def _incoming(texts: list[str] | None, file: Path | None, column: str | None) -> tuple[Iterable[list[str]], str]:
    """Batches of the texts, and what the user should know about them."""
    if texts:
        return (texts[i : i + BATCH] for i in range(0, len(texts), BATCH)), ""
    from bench.data.texts import lines, read_texts

    if file:
        found = read_texts(file, column)
        return found.batches(BATCH), found.sentence()
    if sys.stdin.isatty():
        raise BenchError("no texts", 'bench predict MODEL "a text", or --file, or one per line on standard input')
    text = io.TextIOWrapper(typer.get_binary_stream("stdin"), "utf-8-sig", "replace", newline="\n")
    return lines(text, "standard input", BATCH), ""


def _ready(folder: Path, engine: str, device: str) -> SavedModel:
    """The model, to be run by the engine and on the device asked for."""
    from dataclasses import replace

    from bench.learning.models.folder import load
    from bench.learning.models.network_model import NetworkModel

    kept = load(folder)
    if isinstance(kept.model, NetworkModel):
        return replace(kept, model=replace(kept.model, engine=engine or kept.model.engine, device=device))
    return kept


def _predict(kept: SavedModel, batches: Iterable[list[str]], shape: tuple[str, Shape], *, quiet: bool) -> None:
    """Label and write a batch at a time. Bytes are written, so that no line end inside a text is changed."""
    from bench.data.text import clean

    began, done = time.perf_counter(), 0
    head, shaped = shape
    try:
        for batch in batches:
            batch = [text.encode("utf-8", "replace").decode() for text in batch]  # without halves of surrogate pairs
            rows = shaped(batch, kept.model.probabilities([clean(text) for text in batch]))
            lines = [head, *rows] if head and not done else rows
            typer.echo(("\n".join(lines) + "\n").encode(), nl=False)
            done += len(batch)
            if sys.stderr.isatty() and not quiet and not sys.stdout.isatty():
                typer.echo(f"\r{done:,} texts", err=True, nl=False)
    except KeyboardInterrupt:
        warn(f"\nbench: stopped after {done:,} texts")
        raise typer.Exit(130) from None
    if not done:
        raise BenchError("no texts", "there is nothing in what was given")
    if not quiet:
        spent = time.perf_counter() - began
        warn(f"{chr(13) if sys.stderr.isatty() else ''}{done:,} texts in {spent:.1f} s")
