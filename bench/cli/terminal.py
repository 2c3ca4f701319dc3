"""What the commands share on a terminal: errors, progress, tables."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import typer

from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.data.load import Loaded
    from bench.learning.pretrain import Base
    from bench.results.record_files import Record


@contextmanager
def errors() -> Iterator[None]:
    """A `BenchError` becomes one line on stderr and exit 2; Ctrl-C says how to go on, and exits with 130."""
    try:
        yield
    except BenchError as error:
        typer.echo(plain(f"bench: {error}"), err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nbench: stopped; finished trials are kept, the same command goes on", err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except (MemoryError, OSError, RuntimeError, ImportError) as error:
        said = _of_the_machine(error)
        if not said:
            raise
        typer.echo(plain(f"bench: {said}; finished trials are kept, the same command goes on"), err=True)
        raise typer.Exit(2) from None


MACHINE = ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EFBIG", "ENOMEM", "EMFILE", "ENFILE", "EAGAIN",
           "ESTALE", "ENOLCK")
MEMORY = ("can't allocate memory", "cannot allocate memory", "can't start new thread", "failed to map segment",
          "unable to allocate", "bad_alloc", "std::bad_alloc", "out of memory")


def _of_the_machine(error: Exception) -> str:
    """What the machine lacks, where an error is neither a bug nor the user's input; else nothing."""
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in MEMORY):
        return "not enough memory (close other programs, or --jobs 1)"
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in MACHINE:
        return f"{error.strerror}" + (f": {error.filename}" if error.filename else "")
    return ""


LONGEST = 2_000  # characters of a message


def plain(text: str) -> str:
    """One line that a terminal only shows: data may hold escape sequences, and marks that turn the writing round."""
    shown = " ".join(text.split())
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown[:LONGEST + 1])
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def warn(text: str) -> None:
    """One line on stderr."""
    typer.echo(plain(text), err=True)


def table(rows: list[dict[str, Any]]) -> None:
    """Rows as plain columns, or one line where there are none."""
    from tabulate import tabulate

    typer.echo(tabulate(rows, headers="keys", tablefmt="plain", disable_numparse=True))


def headline(target: Loaded, base: Base | None, source: str) -> str:
    """What is at hand before the trials begin."""
    division = target.division
    trained = f", base {base.net} {base.accuracy:.3f} on its own test, {base.seconds:.0f} s to train" if base else ""
    copies = division.leaked + division.near
    return (f"{target.name} · {len(target.data.y):,} texts, {len(division.exam):,} of them the exam, "
            f"{len(division.pool):,} to train on (left out: {division.duplicates} duplicates, {copies} copies of exam "
            f"texts) · from {target.origin} · source {source}{trained}")


def epoch(row: Mapping[str, float]) -> str:
    """One line for an epoch of a base's training."""
    accuracy = f"accuracy {row['train_accuracy']:.3f} (train)"
    if "validation_accuracy" in row:
        accuracy += f" / {row['validation_accuracy']:.3f} (validation)"
    return (f"epoch {int(row['epoch'])}: loss {row['loss']:.4f}, {accuracy}, {row['seconds']:.1f} s, "
            f"{row['tokens_per_second']:,.0f} tokens/s")


def show(found: Sequence[Study], sort: str = "") -> None:
    """Print leaderboards, what they say in words, and what their columns mean."""
    from bench.report import advice, tables

    for study in found:
        typer.echo()
        typer.echo(sentence(study.board.title))
        typer.echo(coloured(tables.plain(tables.compact(study, sort), width())))
        typer.echo()
        for line in [*advice.advice(study), *advice.notes(study)]:
            typer.echo(sentence(line))


def width() -> int:
    """Columns of the terminal, 120 where there is none."""
    import shutil

    return max(40, shutil.get_terminal_size((120, 40)).columns)


def sentence(text: str) -> str:
    """A sentence without anything that a terminal would obey, broken between words where it is shown on one."""
    import textwrap

    text = plain(text)
    return textwrap.fill(text, width(), break_long_words=False, break_on_hyphens=False) if sys.stdout.isatty() else text


def codes(stream: TextIO) -> bool:
    """Whether colours and a moving bar may be written: to a terminal that knows them, whose user wants them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """Verdict marks in colour on a terminal."""
    if not codes(sys.stdout):
        return text
    return text.replace("▲", typer.style("▲", fg="green")).replace("▼", typer.style("▼", fg="red"))


class TrialProgress:
    """Progress on stderr: a live bar on a terminal, plain lines in a log."""

    def __init__(self) -> None:
        self.live = codes(sys.stderr)
        self.bar: Any = None
        self.done = self.total = 0
        self.shown = -1

    def __enter__(self) -> TrialProgress:
        """Begin."""
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away."""
        self.pause()

    def say(self, text: str) -> None:
        """One line above the bar."""
        text = plain(text)
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
            self.say(f"base: {epoch(event)}")
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
