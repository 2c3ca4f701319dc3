"""The command `bench predict`: the labels of new texts, by a model that `bench fit` saved."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion, help, output
from bench.cli.options import Device
from bench.cli.output import warn
from bench.cli.predictions import SHAPES, beside
from bench.core.errors import BenchError
from bench.core.places import exists

if TYPE_CHECKING:
    from bench.learning.models.folder import SavedModel

BATCH = 1024  # texts held in memory at a time
Batch = tuple[list[str], list[tuple[str | None, ...]]]  # texts, and for each the cells of the kept columns


def predict_command(
    *,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that bench fit wrote.")],
    texts: Annotated[list[str] | None, typer.Argument(
        metavar="TEXT",
        help="Texts to label. [default: standard input, one text per line]")] = None,
    file: Annotated[Path | None, typer.Option(
        "--file", metavar="FILE", rich_help_panel=help.DATA,
        help="CSV, TSV, JSONL, JSON, Parquet, Excel or .txt (one text per line), plain or packed.")] = None,
    text_column: Annotated[str | None, typer.Option(
        metavar="COLUMN", rich_help_panel=help.DATA,
        help="Column of the file with the texts. [default: guessed]")] = None,
    keep: Annotated[list[str] | None, typer.Option(
        "--keep", metavar="COLUMN,...", rich_help_panel=help.OUTPUT,
        help="Columns of the file to copy to the output, such as id.")] = None,
    format: Annotated[str, typer.Option(
        "--format", "-f", metavar="NAME", rich_help_panel=help.OUTPUT,
        help="table, csv or jsonl. [default: table for texts on the command line, else csv]")] = "",
    engine: Annotated[str, typer.Option(
        "--engine", metavar="torch|mxnet", autocompletion=completion.engines, rich_help_panel=help.WORK,
        help="For networks. [default: the one that trained it]")] = "",
    device: Device = "auto",
) -> None:
    """Label texts with a model: the label, and the probability of every class.

    Texts are labelled as they are read, so that a file or a stream may be as long as it likes.
    """
    if texts and file:
        raise BenchError("texts on the command line and --file", "give one or the other")
    if named := next((text for text in texts or () if _is_file(text)), ""):
        raise BenchError(f"{named!r} is a file, and would be labelled as a text of one word",
                         f"to label the texts in it: --file {named}; the name itself: on standard input")
    format = format or ("table" if texts else "csv")
    if format not in SHAPES:
        raise BenchError(f"unknown format {format!r}", ", ".join(SHAPES))
    if keep and (file is None or format == "table"):
        raise BenchError(f"--keep {keep[0]!r} has nothing to copy" if file is None else "--keep with --format table",
                         "it copies columns of --file to csv or jsonl")
    from bench.library.model import load_model

    saved = load_model(model, engine, device)
    batches, about = _incoming(texts, file, text_column, saved.text_column, keep or ())
    if about:
        warn(about)
    _predict(saved, batches, format, keep or (), quiet=bool(texts))


def _is_file(text: str) -> bool:
    """Whether a text on the command line is the name of a file here, with an ending."""
    path = Path(text)
    return bool(path.suffix) and exists(path) and path.is_file()


def _incoming(texts: list[str] | None, file: Path | None, column: str | None, likely: str | None,
              keep: Sequence[str]) -> tuple[Iterable[Batch], str]:
    """Batches of the texts, and what the user should know about them."""
    if texts:
        return ((part, [()] * len(part)) for i in range(0, len(texts), BATCH) if (part := texts[i : i + BATCH])), ""
    from bench.data.texts import lines, read_texts

    if file:
        found = read_texts(file, column, likely, keep)
        left_out = [name for name in found.table.columns if name and name not in (found.column, *found.kept)]
        more = f"; left out: {', '.join(map(repr, left_out[:5]))}{' …' * (len(left_out) > 5)} (--keep copies columns)"
        return found.with_kept(BATCH), found.sentence() + more * bool(left_out)
    if sys.stdin.isatty():
        raise BenchError("no texts", 'bench predict MODEL "a text", or --file, or one per line on standard input')
    text = io.TextIOWrapper(typer.get_binary_stream("stdin"), "utf-8-sig", "replace", newline="\n")
    return ((part, [()] * len(part)) for part in lines(text, "standard input", BATCH)), ""


def _predict(saved: SavedModel, batches: Iterable[Batch], format: str, keep: Sequence[str], *, quiet: bool) -> None:
    """Label and write one batch at a time. Bytes are written, so that no line end inside a text is changed."""
    from bench.data.text import clean
    from bench.library.model import unknown_words

    began, done = time.perf_counter(), 0
    head, lines_of = beside(format, keep, SHAPES[format](saved.labels))
    try:
        for texts, kept in batches:
            batch = [text.encode("utf-8", "replace").decode() for text in texts]  # without halves of surrogate pairs
            cleaned = [clean(text) for text in batch]
            if not done and (warning := unknown_words(saved.model, cleaned)):
                warn(warning)
            rows = lines_of(batch, saved.model.probabilities(cleaned), kept)
            lines = [head, *rows] if head and not done else rows
            written = "\n".join(lines)
            output.say(written) if format == "table" else output.data(written + "\n")
            done += len(batch)
            if not quiet and not sys.stdout.isatty():
                output.counter(f"{done:,} texts")
    except KeyboardInterrupt:
        warn(f"\nbench: stopped after {done:,} texts")
        raise typer.Exit(130) from None
    if not done:
        raise BenchError("no texts", "the input is empty")
    if not quiet:
        seconds = time.perf_counter() - began
        output.counter("")
        warn(f"{done:,} texts in {seconds:.1f} s")
