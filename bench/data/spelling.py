"""Spellings of one class that are certainly the same, and classes that only look alike."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

INVISIBLE = dict.fromkeys([0xAD, 0x180E, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F),
                           *range(0x2066, 0x206A)])
JOINERS = "\u200c\u200d"  # they shape the writing of some scripts, so they go from the ends alone
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "»": "«", "「": "」"}
WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)(?:\.0+|,0)?")  # 1, 1.0, +1, 1,0
MISSING = frozenset(("", "nan", "null", "na", "n/a", "<na>", "#n/a", "nat", "\\n"))  # as programs write nothing
NESTED = ("choices", "labels", "label", "value", "name")  # keys that hold the label in exports of annotation tools
LONGEST = 2_000  # characters of a label that is looked into
SHORT = 40  # characters up to which a cell can be one of MISSING
ALIKE = 4  # letters from which two names that differ by one are suspected


def tidy(text: str) -> str:
    """A label as it is shown: composed Unicode, single blanks, without invisible characters and quotes around it."""
    whole = text.translate(INVISIBLE).encode("utf-8", "replace").decode()  # without halves of surrogate pairs
    plain = unicodedata.normalize("NFC", whole)
    while True:
        plain = " ".join(plain.split()).strip(JOINERS)
        if len(plain) > 1 and QUOTES.get(plain[0]) == plain[-1]:
            plain = plain[1:-1]
        else:
            break
    number = WHOLE.fullmatch(plain)
    if not number:
        return plain
    return f"-{number[1]}" if plain[0] == "-" and number[1] != "0" else number[1]


def same(text: str) -> str:
    """The key under which equal labels meet."""
    return unicodedata.normalize("NFC", tidy(text).casefold())


def is_missing(text: str | None) -> bool:
    """Whether a cell holds nothing, or only what programs write for nothing, such as `nan`."""
    if text is None or not text or text.isspace():
        return True
    return len(text) <= SHORT and text.translate(INVISIBLE).strip().casefold() in MISSING


@lru_cache(65_536)
def members(cell: str | None) -> tuple[str, ...]:
    """The labels in a cell, tidied: none where it is empty, several where it holds a list of them.

    `["positive"]`, `{"choices": ["Positive"]}` and `['positive']` are lists of one.
    """
    if cell is None or is_missing(cell):
        return ()
    text = cell.translate(INVISIBLE).strip()
    if text[0] in "[{" and text[-1] in "]}" and len(text) <= LONGEST:
        inside = _parsed(text)
        if inside is not None:
            labels = [tidy(label) for label in _flat(inside)]
            return tuple(dict.fromkeys(label for label in labels if label.casefold() not in MISSING))
    label = tidy(text)
    return (label,) if label and label.casefold() not in MISSING else ()


def _parsed(text: str) -> Any:
    """A list or object out of JSON or Python's notation; None for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list | dict) else None


def _flat(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, list) and depth < 4:
        return [label for part in value for label in _flat(part, depth + 1)]
    if isinstance(value, dict) and depth < 4:
        held = [value[key] for key in NESTED if key in value]
        return _flat(held[0], depth + 1) if held else [json.dumps(value, ensure_ascii=False, sort_keys=True)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [] if value is None else [str(value)]


@dataclass(frozen=True)
class Classes:
    """The classes of a column once equal spellings are merged."""

    counts: Mapping[str, int]  # class → rows, the largest first
    cells: Mapping[str, str]  # cell as it stands in the file → class; cells of none or several labels are not here
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # class → its spellings, where not only one


def classes_of(cells: Mapping[str, int]) -> Classes:
    """The classes of a column's cells, given with their numbers of rows."""
    spelled = {cell: found[0] for cell in cells if len(found := members(cell)) == 1}
    spellings: dict[str, Counter[str]] = {}
    for cell, label in spelled.items():
        spellings.setdefault(same(label), Counter())[label] += cells[cell]
    joined = _truths(set(spellings))
    for key, other in joined.items():
        spellings.setdefault(other, Counter()).update(spellings.pop(key))
    shown = {key: _shown(key, labels) for key, labels in spellings.items()}
    sizes = {shown[key]: labels.total() for key, labels in spellings.items()}
    counts = dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
    of_cell = {cell: shown[joined.get(same(label), same(label))] for cell, label in spelled.items()}
    written: dict[str, list[str]] = {}
    for cell in sorted(of_cell, key=lambda c: (-cells[c], c)):
        written.setdefault(of_cell[cell], []).append(cell)
    return Classes(counts, of_cell, {name: tuple(found) for name, found in written.items() if len(found) > 1})


def _truths(keys: set[str]) -> dict[str, str]:
    """`true` is 1 and `false` 0 in a column that holds both ways of writing and nothing else."""
    numbers, words = keys & {"0", "1"}, keys & {"true", "false"}
    mixed = numbers and words and not keys - numbers - words
    return {word: "1" if word == "true" else "0" for word in words} if mixed else {}


def _shown(key: str, spellings: Counter[str]) -> str:
    """The spelling that a class is shown by: the most frequent, then the lower-case one."""
    if key in ("0", "1"):
        return key
    return min(spellings, key=lambda label: (-spellings[label], label != label.lower(), label))


def look_alikes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of classes that differ by one letter, an ending, blanks or marks; never by a digit."""
    pairs: dict[tuple[str, str], None] = {}
    where: dict[str, list[str]] = {}
    for name in names:
        for form in sorted(_forms(name)):
            for other in where.setdefault(form, []):
                if other != name and form.strip("0123456789") and _digits(other) == _digits(name) and \
                        _near(other, name):
                    pairs[other, name] = None
            where[form].append(name)
    return list(pairs)


def _forms(name: str) -> set[str]:
    """The name without its marks, and that with each one of its letters taken out."""
    letters = "".join(c for c in same(name) if c.isalnum() or unicodedata.category(c)[0] == "M")
    forms = {letters or same(name)}
    if ALIKE <= len(letters) <= 64:
        forms |= {letters[:i] + letters[i + 1 :] for i in range(len(letters))}
    return forms


def _near(a: str, b: str) -> bool:
    """Whether the letters of two names are at most one change apart: a letter put in, left out or replaced."""
    a, b = ("".join(c for c in same(name) if c.isalnum() or unicodedata.category(c)[0] == "M") for name in (a, b))
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return rest_a[1:] == rest_b[1:] or rest_a[1:] == rest_b or rest_a == rest_b[1:]


def _digits(name: str) -> str:
    return "".join(c for c in name if c.isdigit())
