"""A text from anywhere as one short line that can be printed and saved, and errors as such lines."""

from __future__ import annotations

LONGEST = 500  # characters


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text without line breaks, escape sequences and lone surrogates, cut to `longest` characters."""
    words = " ".join(text[: 4 * longest].split())
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words)
    return line if len(line) <= longest and len(text) <= 4 * longest else f"{line[:longest]}…"


def text_of(error: BaseException) -> str:
    """The error's kind and message in one line, also where its own methods fail."""
    kind = one_line(type(error).__name__, 100)
    try:
        message = one_line(str(error))
    except BaseException as another:  # of a class from outside
        message = f"its message cannot be read: {one_line(type(another).__name__, 100)}"
    return f"{kind}: {message}" if message else kind


def shown(value: object, longest: int = 80) -> str:
    """A value as Python writes it, in one line, also where its own methods fail."""
    try:
        return one_line(repr(value), longest)
    except BaseException:  # of a class from outside
        return f"a {one_line(type(value).__name__, 100)}"
