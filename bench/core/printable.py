"""Text that is safe to show: nothing in it steers a terminal, reverses the writing direction or cannot be seen."""

from __future__ import annotations

import re
import unicodedata

JOINERS = "\u200c\u200d"  # between letters of Persian or Indic scripts and in emoji they change what is seen
LATIN = "\u02ff"  # the last character of the Latin blocks, in which a joiner means nothing
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def one_line(text: str) -> str:
    """The text as one printable line: white space is a space, and what cannot be seen is shown as an escape."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    r"""The text with its line breaks and tabs; other characters that cannot be seen are shown as escapes: `\u001b`."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _SUSPECT.sub(_shown, text)


def safe_json(text: str) -> str:
    r"""JSON in which characters that cannot be seen are `\u` escapes: it holds the same values and is safe to show."""
    if text.replace("\n", "").isprintable():
        return text
    return _SUSPECT.sub(_escaped_in_json, text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable() or character in "\n\t" or _joins(match):
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _joins(match: re.Match[str]) -> bool:
    beside = match.string[max(0, match.start() - 1) : match.end() + 1]
    return match[0] in JOINERS and len(beside) == 3 and all(
        c > LATIN and c.isprintable() for c in (beside[0], beside[2]))


def _escaped_in_json(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable() or character == "\n":
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
