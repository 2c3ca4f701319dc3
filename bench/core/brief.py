"""Texts, values and errors from anywhere as one short line that can be printed and saved."""

from __future__ import annotations

from bench.core.printable import one_line

LONGEST = 500  # characters of a text
SHOWN = 80  # of a value


def brief(text: str, longest: int = LONGEST) -> str:
    """The text as one printable line of at most `longest` characters, and `…` where it is cut."""
    line = one_line(text[: 4 * longest])
    return line if len(line) <= longest and len(text) <= 4 * longest else f"{line[:longest]}…"


def shown(value: object, longest: int = SHOWN) -> str:
    """A value as Python writes it, in one line, also where its own methods fail."""
    try:
        return brief(repr(value), longest)
    except BaseException:  # of a class from outside, or of Python, which refuses to print an integer of 5,000 digits
        return "a number of thousands of digits" if type(value) is int else f"a {brief(type(value).__name__, 100)}"


def text_of(error: BaseException) -> str:
    """The error's kind and message in one line, also where its own methods fail."""
    kind = brief(type(error).__name__, 100)
    try:
        message = brief(str(error))
    except BaseException as another:  # of a class from outside
        message = f"its message cannot be read: {brief(type(another).__name__, 100)}"
    return f"{kind}: {message}" if message else kind
