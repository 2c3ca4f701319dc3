"""Everything that is printed: no other module of `bench` writes to a terminal, and what leaves here cannot steer one.

The linter forbids `print`, `typer.echo` and the like elsewhere (TID251 in pyproject.toml).
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO

import typer

from bench.core.printable import one_line, printable, safe_json

LONGEST = 2_000  # characters of a message


def say(text: str = "", *, err: bool = False, marks: bool = False) -> None:
    """Print lines of prose or a table; with `marks` its verdicts are in colour on a terminal."""
    shown = printable(text)
    if marks and codes(sys.stdout):
        shown = shown.replace("▲", typer.style("▲", fg="green")).replace("▼", typer.style("▼", fg="red"))
    typer.echo(shown, err=err)


def warn(text: str) -> None:
    """Print one line on stderr."""
    typer.echo(plain(text), err=True)


def plain(text: str) -> str:
    """A message as one printable line of at most `LONGEST` characters."""
    shown = one_line(text[: 2 * LONGEST])
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def width() -> int:
    """Columns of the terminal, 120 where there is none."""
    import shutil

    return max(40, shutil.get_terminal_size((120, 40)).columns)


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as plain columns under their keys; a line break in a value is a space.

    On a terminal long values are broken into lines, so that the columns fit beside each other.
    """
    from tabulate import tabulate

    cells = [{one_line(str(key)): one_line(str(value)) for key, value in row.items()} for row in rows]
    widths = _fitting(cells, width()) if cells and sys.stdout.isatty() else None
    typer.echo(tabulate(cells, headers="keys", tablefmt="plain", disable_numparse=True, maxcolwidths=widths))


def _fitting(cells: Sequence[Mapping[str, str]], most: int) -> list[int]:
    """The columns' widths in characters: the widest are made narrower until all of them fit beside each other."""
    widths = [max(len(key) + 2, *(len(row[key]) for row in cells)) for key in cells[0]]  # tabulate pads headers by two
    least = [max(10, len(key) + 2) for key in cells[0]]
    while sum(widths) + 2 * (len(widths) - 1) > most:
        widest = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        if widths[widest] <= least[widest]:
            break
        widths[widest] -= 1
    return widths


def facts(values: Mapping[str, Any], width: int) -> None:
    """Print names and values, a line each, below a heading."""
    for name, value in values.items():
        say(f"  {one_line(name):<{width}} {one_line(str(value))}")


def json_values(values: Any, *, indent: int | None = None) -> None:
    """Print values as JSON."""
    data(json.dumps(values, indent=indent) + "\n")


def data(text: str) -> None:
    """Print a format that programs read: to a file or pipe whole, in UTF-8; to a terminal as `say` does."""
    if sys.stdout.isatty():
        typer.echo(printable(text), nl=False)
    else:
        typer.echo(text.encode("utf-8", "replace"), nl=False)


def json_text(text: str) -> None:
    """Print JSON that was made elsewhere: the same values, whatever it goes to."""
    data(safe_json(text))


def counter(text: str) -> None:
    """Show a count that the next one overwrites, where stderr is a terminal."""
    if sys.stderr.isatty():
        typer.echo(f"\r{plain(text)}", err=True, nl=False)


def codes(stream: TextIO) -> bool:
    """Whether to write colours and a moving bar: only to a terminal that knows them and whose user wants them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def heading(text: str) -> None:
    """Print a heading."""
    typer.echo(bold(printable(text)))


def bold(text: str) -> str:
    """A heading as standard output shows it."""
    return typer.style(text, bold=True) if codes(sys.stdout) else text


def show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error that nothing caught: `sys.excepthook` of the command."""
    say("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"), err=True)
