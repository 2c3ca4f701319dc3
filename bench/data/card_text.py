"""The text of a card for a user's file or data set of the hub."""

from __future__ import annotations

import json

from bench.data.cards import Task

KEYS = ("reader", "text", "label", "header", "incomplete", "split_column", "group_column", "threshold")


def card_text(task: Task, name: str, sha256: str, rows: int) -> str:
    """A card for the task of a user's file or data set of the hub, as TOML."""
    edition = task.editions[0]
    route = edition.routes[0]
    reading = {"reader": route.reader, **route.reading}
    lines = "\n".join(f"{key} = {_toml(reading[key])}{NOTES.get(key, '')}" for key in KEYS if key in reading)
    place = "\n".join(f"{key} = {_toml(value)}{NOTES.get(key, '')}" for key, value in route.options.items())
    labels = ", ".join(f"{_toml(c)} = {_toml(label)}" for c, label in route.reading["labels"].items())
    unlike = "\nimbalanced = true  # a class is rare: balanced accuracy leads, and classes count alike" \
        if task.imbalanced else ""
    return f"""name = {_toml(name)}
title = {_toml(task.title)}
labels = [{", ".join(map(_toml, task.labels))}]{unlike}

[[editions]]
name = "v1"
rows = {rows}
sha256 = "{sha256}"  # of the content: the run stops if it changes
licence = "state it here"
citation = "state it here"
test = "{edition.test}"  # official: rows whose split is test; quarter or fifth: a seeded, stratified draw

[[editions.routes]]
from = "{route.kind}"
{place}
{lines}
labels = {{ {labels} }}  # classes that are not here are left out
"""


NOTES = {"file": "  # in the folder given by --data-dir, or beside the card",
         "revision": "  # the commit",
         "header": "  # the file has no names of columns; they are called by their numbers",
         "incomplete": "  # rows without a text or a label are left out, and counted",
         "threshold": "  # of the label's numbers; those that are equal to it are left out"}


def _toml(value: object) -> str:
    """A text or number as TOML writes it; JSON's own escapes, but for halves of surrogate pairs, are TOML's too."""
    if isinstance(value, str):
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
