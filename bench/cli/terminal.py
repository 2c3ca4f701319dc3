"""What the commands share on a terminal: errors, progress, tables."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import typer

from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.learning.pretrain import Base
    from bench.protocol.domain import Domain


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


def headline(target: Domain, base: Base | None, source: str) -> str:
    """What is at hand before the trials begin."""
    split = target.split
    trained = f", base {base.net} {base.accuracy:.3f} on its own test, {base.seconds:.0f} s to train" if base else ""
    copies = split.leaked + split.near
    return (f"{target.name} · {len(target.data.y):,} texts, {len(split.test):,} of them the test set, "
            f"{len(split.pool):,} to train on (left out: {split.duplicates} duplicates, {copies} copies of test set "
            f"texts) · from {target.origin} · source {source}{trained}")


def show(found: Sequence[Study], sort: str = "") -> None:
    """Print leaderboards, what they say in words, and what their columns mean."""
    from bench.report import advice, formats, tables

    for study in found:
        typer.echo()
        typer.echo(sentence(study.board.title))
        typer.echo(coloured(formats.plain(tables.compact(study, sort), width())))
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


