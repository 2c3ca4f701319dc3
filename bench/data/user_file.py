"""One's own labelled file becomes a `Task`: its columns found, its labels matched to the source's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BenchError, DataError
from bench.data.cards import Edition, Route, Task
from bench.data.table_files import KINDS, format_of

if TYPE_CHECKING:
    import pandas as pd

TEXT_NAMES = ("text", "review", "review_text", "reviewtext", "sentence", "comment", "content", "body", "message",
              "document", "description", "post")
LABEL_NAMES = ("label", "sentiment", "class", "category", "target", "polarity", "stars", "rating", "score", "y")
STARS = {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}  # 3 is left out
MEANINGS: Mapping[str, str] = {
    **dict.fromkeys(("positive", "pos", "good", "1", "true", "yes", "+1", "+"), "positive"),
    **dict.fromkeys(("negative", "neg", "bad", "0", "-1", "false", "no", "-"), "negative"),
}
MOST_CLASSES = 100
FAIR = 0.5  # a class of less than so much of its share, 1/classes, makes a task imbalanced


def looks_like_file(target: str) -> bool:
    """Whether `--target` names a file rather than a task."""
    path = Path(target)
    return format_of(path) is not None or "/" in target or "\\" in target or path.is_file()


def task_from_file(
    path: Path, text: str = "", label: str = "", mapping: Mapping[str, str] | None = None
) -> tuple[Task, str]:
    """The task of a labelled file, and a sentence that says how its columns and labels were understood.

    Raises `BenchError` for a file that is not there or of an unknown kind, `DataError` for unusable content.
    """
    from bench.data.public_formats import READERS, trimmed

    if not path.exists():
        raise BenchError(f"no such file: {path}", "--target takes a task's name (bench list tasks) or a data file")
    if path.is_dir():
        raise BenchError(f"{path} is a folder", "--target takes one file; --data-dir takes a folder")
    reader = format_of(path)
    if reader not in READERS:
        raise BenchError(f"{path} is of no known kind", KINDS)
    table = READERS[reader](path)
    text = _column(table, text, TEXT_NAMES, "text", path)
    label = _column(table, label, LABEL_NAMES, "label", path)
    if text == label:
        raise DataError(f"{path}: {text!r} cannot be both the text and the label column",
                        "--text-column and --label-column")
    counts = Counter(v for v in map(trimmed, table[label]) if v)
    labels, words = _labels(list(counts), label, path, mapping or {})
    names = tuple(sorted(set(labels.values())))
    sizes = {name: sum(n for v, n in counts.items() if labels.get(v) == name) for name in names}
    rarest, share = min(sizes, key=sizes.__getitem__), min(sizes.values()) / sum(sizes.values())
    imbalanced = share < FAIR / len(names)
    stem = re.sub(r"[^a-z0-9]+", "-", path.name.lower().split(".")[0]).strip("-") or "mine"
    reading = {"text": text, "label": label, "labels": labels}
    keep_split = {"train", "test"} <= set(table["split"].astype(str)) if "split" in table else False
    route = Route("directory", {"file": path.name}, reader, reading)
    edition = Edition("file", (route,), licence="your own", test="official" if keep_split else "quarter")
    told = f"{path.name}: texts from {text!r}, labels from {label!r} ({words})"
    if imbalanced:
        told += f"; {rarest} is {100 * share:.0f}% of them, so balanced accuracy leads"
    return Task(stem[:48], f"{path.name}", names, (edition,), imbalanced), told


def _column(table: pd.DataFrame, asked: str, names: tuple[str, ...], what: str, path: Path) -> str:
    have = [str(c) for c in table.columns]
    if asked:
        if asked in have:
            return asked
        raise DataError(f"{path} has no column {asked!r}", f"its columns: {', '.join(have)}")
    lower = {c.lower().strip(): c for c in reversed(have)}
    for name in names:
        if name in lower:
            return lower[name]
    raise DataError(f"{path} has no {what} column that can be guessed",
                    f"its columns: {', '.join(have)}; name one with --{what}-column")


def _labels(values: list[str], name: str, path: Path, mapping: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Raw value → label name, and the rule in words."""
    raw = set(values)
    for value in mapping:
        if value not in raw:
            raise DataError(f"--map-label {value}={mapping[value]}: {path} has no label {value!r}",
                            f"its labels: {', '.join(values[:20])}")
    if mapping:
        rest = {v: v for v in values if v not in mapping}
        return {**rest, **mapping}, ", ".join(f"{k} = {v}" for k, v in mapping.items())
    stars = {v: v.removesuffix(".0") for v in values}
    if set(stars.values()) <= {"1", "2", "3", "4", "5"} and len(values) > 2:
        labels = {v: STARS[star] for v, star in stars.items() if star in STARS}
        return labels, "stars: 1-2 negative, 4-5 positive, 3 left out"
    if len(values) < 2:
        raise DataError(f"{path}: {name!r} has {'only the class ' + repr(values[0]) if values else 'no values'}",
                        "a task needs at least two classes")
    if len(values) > MOST_CLASSES:
        raise DataError(f"{path}: {name!r} has {len(values)} different values, more than {MOST_CLASSES} classes",
                        "name the right column with --label-column")
    meant = {v: MEANINGS.get(v.lower()) for v in values}
    if len(values) == 2 and None not in meant.values() and len(set(meant.values())) == 2:
        sure = {v: str(m) for v, m in meant.items()}
        return sure, ", ".join(f"{k} = {v}" for k, v in sorted(sure.items()) if k != v) or "as they stand"
    return {v: v for v in values}, "as they stand"


def card_text(task: Task, name: str, sha256: str, rows: int) -> str:
    """A card for a task of one's own file, as TOML."""
    import json

    edition = task.editions[0]
    route = edition.routes[0]
    quoted = {key: json.dumps(str(value), ensure_ascii=False) for key, value in
              {"name": name, "title": task.title, "file": route.options["file"], "text": route.reading["text"],
               "label": route.reading["label"], "reader": route.reader}.items()}
    names = ", ".join(json.dumps(label, ensure_ascii=False) for label in task.labels)
    labels = ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {json.dumps(v, ensure_ascii=False)}"
                       for k, v in route.reading["labels"].items())
    unlike = "\nimbalanced = true  # a class is rare: balanced accuracy leads, and classes count alike" \
        if task.imbalanced else ""
    return f"""name = {quoted["name"]}
title = {quoted["title"]}
labels = [{names}]{unlike}

[[editions]]
name = "v1"
rows = {rows}
sha256 = "{sha256}"  # of the content: the run stops if the file changes
licence = "state it here"
citation = "state it here"
test = "{edition.test}"  # official: rows whose split is test; quarter or fifth: a seeded, stratified draw

[[editions.routes]]
from = "directory"
file = {quoted["file"]}  # in the folder given by --data-dir, or beside the card
reader = {quoted["reader"]}
text = {quoted["text"]}
label = {quoted["label"]}
labels = {{ {labels} }}
"""
