"""The names of tasks and editions, which become file names: `amazon`, `amazon@blitzer-2007`, `отзывы@file`."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST, BYTES = 64, 200  # characters; bytes, so that a name with an ending is a file name everywhere


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'amazon'?` where a known name is near `name`, else nothing."""
    close = difflib.get_close_matches(name[:100], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, order=True)
class TaskRef:
    """A task and one of its editions; an empty edition stands for any."""

    task: str
    edition: str = ""

    @staticmethod
    def parse(text: str) -> TaskRef:
        """The task and edition that `amazon` or `amazon@blitzer-2007` names."""
        task, _, edition = text.partition("@")
        return TaskRef(task, edition)

    def __str__(self) -> str:
        """`amazon@blitzer-2007`, or `amazon` where the edition is left open."""
        return f"{self.task}@{self.edition}" if self.edition else self.task


def is_name(text: str) -> bool:
    """Whether a text can name a task: lower-case letters and digits of any script, `.`, `_` and `-`."""
    if not text or len(text) > LONGEST or not text[0].isalnum() or text != _lower(text):
        return False
    return all(c in "._-" or is_letter(c) for c in text) and len(text.encode()) <= BYTES


def name_of(text: str, longest: int = 48) -> str:
    """The name nearest to a text: letters and digits of every script, all else a hyphen; "" where none are left.

    A longer one is cut and ends in eight digits of its hash, so that two long ones stay two.
    """
    name = ""
    for c in _lower(text):
        name += c if is_letter(c, name[-1:]) else "-" if name and name[-1] != "-" else ""
    name = name.strip("-")
    if len(name) <= longest and len(name.encode()) <= BYTES:
        return name
    import hashlib

    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    short = name.encode()[: BYTES - 9].decode(errors="ignore")[: longest - 9]
    return f"{short.strip('-')}-{digest}"


def is_letter(character: str, before: str = "a") -> bool:
    """Whether a character is a letter, a digit, or a mark that belongs to the letter `before` it."""
    if character.isalnum():
        return True
    mark = unicodedata.category(character)[0] == "M" and not "\ufe00" <= character <= "\ufe0f"
    return mark and before not in ("", "-")


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
