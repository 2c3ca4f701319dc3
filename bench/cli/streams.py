"""Standard output and error whatever they are: in any encoding, closed, or on a full disk."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import Literal, TextIO, cast

PLAIN = {"▲": "^", "▼": "v", "–": "-", "—": "-", "−": "-", "…": "...", "·": "|", "×": "x", "→": "->", "←": "<-",
         "≥": ">=", "≤": "<=", "━": "-", "─": "-", "│": "|", "’": "'", "‘": "'", "“": '"', "”": '"', "±": "+-"}
LOOKALIKE = "transferbench.lookalike"  # the name of the error handler below


def settle() -> None:
    """Make the three streams usable.

    What an encoding lacks is written as its nearest ASCII signs, or as "?". A closed stream is a file that nothing can
    be written to or read from, so that no file which is opened later takes its number. What cannot be written to
    standard error is dropped: it never ends a command.
    """
    codecs.register_error(LOOKALIKE, _lookalike)
    if sys.stdin is None:
        sys.stdin = _closed(0, "r")
    if sys.stdout is None:
        sys.stdout = _closed(1, "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the whole process
        os.set_inheritable(sys.stderr.fileno(), True)
    else:
        with suppress(io.UnsupportedOperation, AttributeError):
            sys.stderr = _Forgiving(sys.stderr.buffer, encoding=sys.stderr.encoding, line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=LOOKALIKE)


def give_up_output() -> str:
    """Why standard output cannot be written; empty where it can. What it still holds is dropped in that case."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError):  # or the interpreter's last flush would fail once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        closed = error.errno == errno.EBADF
        return "standard output is closed" if closed else f"cannot write to standard output: {error.strerror}"
    return ""


class _Forgiving(io.TextIOWrapper):
    """A text stream that drops what cannot be written."""

    def write(self, text: str, /) -> int:
        """Write, or drop."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, or drop it."""
        with suppress(OSError):
            super().flush()


def _closed(number: int, mode: Literal["r", "w"]) -> TextIO:
    """A stream for a closed file number: reading it ends at once, writing fails as it does on a closed file."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        os.fstat(number)
    except OSError:  # free: take it, so that no data file gets it
        os.dup2(descriptor, number)
        os.close(descriptor)
        descriptor = number
    os.set_inheritable(descriptor, True)  # or the number would be free again in worker processes
    return cast(TextIO, open(descriptor, mode, encoding="utf-8"))


def _lookalike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start:error.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), error.end
