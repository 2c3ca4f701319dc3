"""Names that become file names: of tasks and editions, such as `отзывы@file`, and whatever comes from outside."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.core.errors import BenchError

LONGEST, BYTES = 64, 200  # characters; bytes, so that a name with an ending is a file name everywhere
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no files, on Windows


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


def file_name(text: str, longest: int = BYTES) -> str:
    """The file name nearest to any text from outside: letters and digits of every script and `._+!-`, else `_`.

    It stays in its folder, is not hidden and no device. One of more than `longest` bytes keeps its end, after eight
    digits of its hash.
    """
    name = ""
    for c in unicodedata.normalize("NFC", text[:10_000]):
        name += c if c in "._+!-" or is_letter(c, name[-1:]) else "_"
    name = name.lstrip(".").rstrip(". ") or "file"
    if DEVICES.fullmatch(name):
        name = f"_{name}"
    if len(name.encode()) <= longest:
        return name
    import hashlib

    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{digest}-{name.encode()[9 - longest :].decode(errors='ignore')}"


def inside(folder: Path, path: str) -> Path:
    """The file below `folder` that a relative path from outside names, such as `data/rows.csv`.

    Raises `BenchError` for one that leaves the folder (`..`, absolute, a drive, a link to elsewhere), and for one that
    no file can have (empty, NUL and other control characters, half surrogates, a part of more than 255 bytes).
    """
    plain = PurePosixPath(path)
    parts = path.split("/")
    if plain.is_absolute() or ".." in parts:
        raise BenchError(f"{path[:200]!r} lies outside {folder}", "refused")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in path) or "\\" in path or path[1:2] == ":" \
            or not plain.name or parts[-1] in ("", "."):
        raise BenchError(f"{path[:200]!r} is no file's path", "refused")
    if any(len(part.encode()) > 255 for part in parts):
        raise BenchError(f"{path[:40]!r}… has a part of more than 255 bytes", "refused")
    place = folder / plain
    if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder)):  # resolve() fails on a circle
        raise BenchError(f"{path!r} lies outside {folder}", "refused: it leads there by a link")
    return place


def is_letter(character: str, before: str = "a") -> bool:
    """Whether a character is a letter, a digit, or a mark that belongs to the letter `before` it."""
    if character.isalnum():
        return True
    mark = unicodedata.category(character)[0] == "M" and not "\ufe00" <= character <= "\ufe0f"
    return mark and before not in ("", "-")


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
