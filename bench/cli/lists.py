"""Lists on the command line: `--budgets 32,128`, `--budgets 32 --budgets 128`, or both; the same for every option."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cli.paths import path
from bench.core.errors import BenchError

# Between commas: a name in double quotes, or with brackets that may hold commas, as in tfidf[C=0.01,penalty=l1].
PARTS = re.compile(r'\s*"([^"]*)"\s*(?=,|$)|((?:[^,\[]|\[[^\]]*\]?)+)')


@dataclass(frozen=True)
class SplitBy:
    """Annotates an option that takes a list: how one of its values is split, where not `parts` does it."""

    split: Callable[[str], list[str]]


def parts(value: str) -> list[str]:
    """The parts of a value between its commas.

    A name that holds a comma stands in double quotes. A value that is the path of a file, whole, has one part.
    """
    if "," not in value or _is_path(value):
        return [value]
    found = (part[1] or (part[2] or "").strip() for part in PARTS.finditer(value))
    return [part for part in found if part] or [value]


def whole(value: str) -> list[str]:
    """The value as it is: its commas belong to it."""
    return [value]


def pairs(value: str) -> list[str]:
    """The parts of `good=positive,bad=negative`; a comma belongs to a name where no `=` follows it."""
    split = parts(value)
    return split if all("=" in part for part in split) else [value]


def split_all(values: Sequence[Any] | None, split: Callable[[str], list[str]]) -> list[Any] | None:
    """The parts of all values of an option, which are texts or paths."""
    if values is None:
        return None
    return [path(part) if isinstance(value, Path) else part for value in values for part in split(str(value))]


def numbers(values: Sequence[str] | None, option: str) -> list[int]:
    """The whole numbers, 0 or more, of a list option; `BenchError` for what is none."""
    for value in values or ():
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise BenchError(f"{option} {value!r} is no number", f"such as {option} 1,2")
    return [int(value) for value in values or ()]


def _is_path(value: str) -> bool:
    """Whether a value names a file or folder, or code in one: `my,own.py:fit`."""
    code, _, function = value.partition(":")
    try:
        return os.path.exists(value) or ("," not in function and code.endswith(".py") and os.path.exists(code))
    except ValueError:  # NUL
        return False
