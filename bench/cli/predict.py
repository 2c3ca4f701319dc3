"""The command `bench predict`: the labels of new texts, by a model that `bench fit` saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion
from bench.cli.options import Device, TextColumn
from bench.cli.predictions import SHAPES
from bench.cli.terminal import warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.learning.models.folder import SavedModel

BATCH = 1024  # texts held in memory at a time


def predict_command(
    *,
    model: Annotated[Path, typer.Argument(help="Folder that bench fit wrote.")],
    texts: Annotated[list[str] | None, typer.Argument(
        help="Texts to label. [default: standard input, one text per line]")] = None,
    file: Annotated[Path | None, typer.Option(
        "--file", help="CSV, TSV, JSONL, Parquet or .txt (one text per line), plain or .gz.")] = None,
    text_column: TextColumn = "",
    format: Annotated[str, typer.Option(
        "--format", "-f", help="table, csv or jsonl. [default: table for texts on the command line, else csv]")] = "",
    engine: Annotated[str, typer.Option(
        "--engine", autocompletion=completion.engines, help="For networks. [default: the one that trained it]")] = "",
    device: Device = "auto",
) -> None:
    """Label texts with a model: print the label and the probability of every class as the texts are read."""
    from bench.data.table_files import lines, read_texts

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
        raise BenchError("no texts", 'bench predict MODEL "a text", or --file, or one per line on standard input')
    else:
        incoming = lines(typer.get_text_stream("stdin", "utf-8", "replace"), "standard input")
    _predict(_load(model, engine, device), incoming, format, quiet=bool(texts))


def _load(folder: Path, engine: str, device: str) -> SavedModel:
    """Load the model; a network is set to the engine and the device asked for."""
    from bench.learning.models.folder import load
    from bench.learning.models.network_model import NetworkModel

    saved = load(folder)
    if isinstance(saved.model, NetworkModel):
        return replace(saved, model=replace(saved.model, engine=engine or saved.model.engine, device=device))
    return saved


def _predict(saved: SavedModel, incoming: Iterable[str], format: str, *, quiet: bool) -> None:
    """Read, label and print one batch at a time."""
    from bench.data.text import clean

    began, done = time.perf_counter(), 0
    head, lines_of = SHAPES[format](saved.labels)
    texts = iter(incoming)
    try:
        while batch := list(islice(texts, BATCH)):
            batch = [text.encode("utf-8", "replace").decode() for text in batch]  # without halves of surrogate pairs
            lines = lines_of(batch, saved.model.probabilities([clean(text) for text in batch]))
            typer.echo("\n".join([head, *lines] if head and not done else lines))
            done += len(batch)
            if sys.stderr.isatty() and not quiet and not sys.stdout.isatty():
                typer.echo(f"\r{done:,} texts", err=True, nl=False)
    except KeyboardInterrupt:
        warn(f"\nbench: stopped after {done:,} texts")
        raise typer.Exit(130) from None
    if not done:
        raise BenchError("no texts", "the input is empty")
    if not quiet:
        seconds = time.perf_counter() - began
        warn(f"{chr(13) if sys.stderr.isatty() else ''}{done:,} texts in {seconds:.1f} s")
