"""Errors of a strategy in one line that names the line of its own code, and in full for `--debug`."""

from __future__ import annotations

import traceback
from pathlib import Path

from bench.core.brief import brief, text_of
from bench.core.errors import BenchError
from bench.core.printable import printable
from bench.runs.outside import is_own

LONGEST = 8_000  # characters of a traceback that are kept: its end
READ_ONLY = "read-only"  # in the message of NumPy's error


def reason_of(error: BaseException, file: Path | None) -> str:
    """What went wrong in one line, and where: the last line of the code around `file`, else of any code.

    `file` is the strategy's; what it called may have failed far below it.
    """
    if isinstance(error, BenchError):
        return brief(str(error), 2_000)
    hint = "; trials share that array: copy it first (.copy())" if READ_ONLY in text_of(error) else ""
    return f"{text_of(error)}{_place(error, file)}{hint}"


def full(error: BaseException) -> str:
    """The traceback, without what cannot be printed."""
    try:
        lines = "".join(traceback.format_exception(error))[-LONGEST:]
    except BaseException:  # the error's own methods fail
        lines = "".join(traceback.format_tb(error.__traceback__))[-LONGEST:] + text_of(error)
    return printable(lines)


def _place(error: BaseException, file: Path | None) -> str:
    """` (nb.py:12)`, the place of an error; empty where it has none."""
    frames = traceback.extract_tb(error.__traceback__, limit=-500)
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({brief(Path(error.filename).name)}:{error.lineno})"
    own = [frame for frame in frames if file and is_own(Path(frame.filename), file)]
    last = own[-1] if own else frames[-1] if frames else None
    return f" ({brief(Path(last.filename).name)}:{last.lineno})" if last else ""
