"""The commands `bench fit` and `bench predict`: keep a fitted baseline as a folder, and use it on new texts."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
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
    import numpy as np
    from numpy.typing import NDArray

    from bench.learning.models.folder import SavedModel

BATCH = 1024  # texts that are held in memory at a time
WIDE = 4  # classes, beyond which a table shows the most probable ones alone


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
    file: Annotated[Path | None, typer.Option("--file", help="CSV, TSV, JSONL, Parquet or .txt (a text a line), plain "
                                              "or .gz.")] = None,
    text_column: TextColumn = None,
    format: Annotated[str, typer.Option("--format", "-f", help="table, csv or jsonl. [default: table for texts on the "
                                        "command line, else csv]")] = "",
    engine: Annotated[str, typer.Option("--engine", autocompletion=completion.engines,
        help="For networks. [default: the one that trained it]")] = "",
    device: Device = "auto",
) -> None:
    """Label texts with a model: the label and the probability of every class, written as it goes."""
    from bench.data.texts import lines, read_texts

    with errors():
        if texts and file:
            raise BenchError("texts on the command line and --file", "give one or the other")
        format = format or ("table" if texts else "csv")
        if format not in SHAPES:
            raise BenchError(f"unknown format {format!r}", ", ".join(SHAPES))
        incoming: Iterable[str]
        if texts:
            incoming = texts
        elif file:
            incoming = read_texts(file, text_column)
        elif sys.stdin.isatty():
            raise BenchError("no texts", 'bench predict MODEL "a text", or --file, or one a line on standard input')
        else:
            incoming = lines(typer.get_text_stream("stdin", "utf-8", "replace"), "standard input")
        kept = _ready(model, engine, device)
        _predict(kept, incoming, format, quiet=bool(texts))


def _ready(folder: Path, engine: str, device: str) -> SavedModel:
    """The model, to be run by the engine and on the device asked for."""
    from dataclasses import replace

    from bench.learning.models.folder import load
    from bench.learning.models.network_model import NetworkModel

    kept = load(folder)
    if isinstance(kept.model, NetworkModel):
        return replace(kept, model=replace(kept.model, engine=engine or kept.model.engine, device=device))
    return kept


def _predict(kept: SavedModel, incoming: Iterable[str], format: str, *, quiet: bool) -> None:
    """Read, label and write a batch at a time."""
    from bench.data.text import clean

    began, done = time.perf_counter(), 0
    head, shape = SHAPES[format](kept.labels)
    rest = iter(incoming)
    try:
        while batch := list(islice(rest, BATCH)):
            batch = [text.encode("utf-8", "replace").decode() for text in batch]  # without halves of surrogate pairs
            cleaned = [clean(text) for text in batch]
            rows = shape(batch, kept.model.probabilities(cleaned))
            typer.echo("\n".join([head, *rows] if head and not done else rows))
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


Shape = Callable[[Sequence[str], "NDArray[np.float32]"], list[str]]  # texts and probabilities [n, classes] as lines


def _table(labels: Sequence[str]) -> tuple[str, Shape]:
    """Aligned columns; beyond four classes the three most probable ones."""
    import shutil

    from bench.data.text import clean

    names = [clean(label) or "?" for label in labels]
    width = max(len(name) for name in names)
    across = shutil.get_terminal_size((120, 24)).columns

    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        out = []
        for text, row in zip(texts, p, strict=True):
            best = (-row).argsort(kind="stable")
            if len(names) <= WIDE:
                cells = "  ".join(f"{v:>{max(5, len(n))}.3f}" for n, v in zip(names, row, strict=True))
            else:
                cells = "  ".join(f"{names[i]:<{width}} {row[i]:.3f}" for i in best[:3])
            start = f"{names[best[0]]:<{width}}  {cells}  " if len(names) <= WIDE else f"{cells}  "
            text, room = clean(text), max(20, across - len(start))
            out.append(start + (text if len(text) <= room else text[: room - 1] + "…"))
        return out

    if len(names) <= WIDE:
        heads = "  ".join(f"{n:>{max(5, len(n))}}" for n in names)
        return f"{'label':<{max(width, 5)}}  {heads}  text", shape
    return f"{'most probable':<{3 * (width + 8)}}text", shape


def _csv(labels: Sequence[str]) -> tuple[str, Shape]:
    """text, label, and p_LABEL for every class."""
    import csv
    import io

    def line(cells: Sequence[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(cells)
        return buffer.getvalue()

    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        return [line([text, labels[row.argmax()], *(f"{v:.6f}" for v in row)])
                for text, row in zip(texts, p, strict=True)]

    return line(["text", "label", *(f"p_{label}" for label in labels)]), shape


def _jsonl(labels: Sequence[str]) -> tuple[str, Shape]:
    """One object a text, with `text`, `label` and `probabilities`."""
    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        return [json.dumps({"text": text, "label": labels[row.argmax()],
                            "probabilities": {name: round(float(v), 6) for name, v in zip(labels, row, strict=True)}},
                           ensure_ascii=False) for text, row in zip(texts, p, strict=True)]

    return "", shape


SHAPES: dict[str, Callable[[Sequence[str]], tuple[str, Shape]]] = {"table": _table, "csv": _csv, "jsonl": _jsonl}
