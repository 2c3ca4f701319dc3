"""A user's labelled file becomes a `Task`: its columns, what its labels mean, and which of its rows are used."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.core.errors import BenchError, DataError
from bench.core.names import TaskRef, name_of
from bench.data import columns, labels, split_notes
from bench.data.cards import Edition, Route, Task
from bench.data.columns import Column
from bench.data.hub_names import with_prefix
from bench.data.labels import Meaning
from bench.data.spelling import Classes, classes_of, look_alikes, members, same
from bench.data.table import TableFile
from bench.data.table_files import format_of, open_named, unpacked_name
from bench.data.usable_rows import ABOVE, BELOW, SKIP, SPLITS, TEST, TRAIN, RowCount, usable_rows
from bench.data.vocabulary import LABEL_NAMES, NEGATIVE, NEUTRAL, POSITIVE, SPLIT_NAMES, TEXT_NAMES

FAIR = 0.5  # a class of less than so much of its share, 1/classes, makes a task imbalanced
SPLIT = "split"  # the column that a route to the hub adds
EDITION = "file"  # of a task made from a user's file or DataFrame
FEWEST = 2  # rows of a class: one for training and one for the test


@dataclass(frozen=True)
class Choices:
    """What the user said about a file; None where nothing was said, for a column may be called ""."""

    text: str | None = None
    label: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)  # class → label, "" leaves it out
    threshold: float | None = None  # numbers below are negative, above positive


def is_users_file(name: str) -> bool:
    """Whether `task@edition` is a file or DataFrame of the user's own."""
    return TaskRef.parse(name).edition == EDITION


@dataclass(frozen=True)
class Origin:
    """Where a user's table lies, as the card of its task says it."""

    name: str  # of the task
    title: str
    edition: str
    route: Route  # without what it says about rows
    splits: Mapping[str, int] = field(default_factory=dict)  # of a data set of the hub, with their rows


@dataclass(frozen=True)
class UserFile:
    """A file as a task, and what there is to say about how it was understood."""

    task: Task
    notes: tuple[str, ...]  # sentences
    asked: tuple[str, ...] = ()  # classes that are left out because the user said so
    unit: str = "line"  # what rows are counted in

    def without(self, names: Sequence[str], why: str) -> UserFile:
        """The same without some labels; `DataError` where fewer than two are left."""
        route = self.task.editions[0].routes[0]
        kept = {c: label for c, label in route.reading["labels"].items() if label not in names}
        left = tuple(label for label in self.task.labels if label not in names)
        gone = ", ".join(map(repr, names))
        if len(left) < 2:
            only = f"one class, {left[0]!r}" if left else "no class"
            raise DataError(f"{self.task.title}: the training pool holds {only}: {gone} {why}",
                            "a task needs two classes or more, each with texts to train on and to test with")
        edition = replace(self.task.editions[0], routes=(replace(route, reading={**route.reading, "labels": kept}),))
        note = f"left out: {gone}, which {why}"
        return replace(self, task=replace(self.task, labels=left, editions=(edition,)), notes=(*self.notes, note))


def looks_like_file(target: str) -> bool:
    """Whether `--target` names a file rather than a task."""
    path = Path(target)
    return format_of(path) is not None or "/" in target or "\\" in target or path.is_file()


def task_from_file(path: Path, choices: Choices | None = None) -> UserFile:
    """The task of a labelled file.

    Raises `BenchError` for a file that is not there, `DataError` for one that is no table or has unusable content.
    """
    choices = choices or Choices()
    if not path.exists():
        raise BenchError(f"no such file: {path}", "--target takes a task's name (bench list tasks), a data file, or a "
                         f"data set of the Hugging Face hub ({with_prefix(str(path)) or 'hf:OWNER/NAME'})")
    return task_from_table(open_named(path, (choices.text, choices.label), labelled=True), choices)


def task_from_table(table: TableFile, choices: Choices | None = None, origin: Origin | None = None) -> UserFile:
    """The task of a labelled table; `DataError` for unusable content. Without an `origin` it is a file."""
    choices, path = choices or Choices(), table.path
    origin = origin or Origin(file_name(path), path.name, EDITION,
                              Route("directory", {"file": path.name}, table.format))
    named = replace(table, columns=tuple(c for c in table.columns if c != SPLIT)) if origin.splits else table
    text, label = chosen_columns(named, choices)
    reading: dict[str, Any] = {"text": text, "label": label, "incomplete": SKIP}
    if not table.header:
        reading["header"] = False
    split = next((name for name in table.columns if columns.plain_name(name) in SPLIT_NAMES
                  and name not in (text, label)), None)
    if origin.splits:
        split = SPLIT if len(origin.splits) > 1 else None
    cells = _cells(table, {**reading, "split_column": split})
    official = split is not None and {TRAIN, TEST} <= {SPLITS.get(side, "") for side in cells}
    notes = [*table.notes]
    if origin.splits:
        notes += split_notes.of_hub(origin.splits, cells, official=official)
    elif split is not None:
        notes += split_notes.of_column(split, cells, official=official)
    if official:
        reading["split_column"] = split
    if "group" in table.columns and "group" not in (text, label):
        reading["group_column"] = "group"
    classes = classes_of(sum((n for side, n in cells.items() if not official or side in SPLITS), Counter()))
    classes, meaning, single = _meaning(classes, label, path, choices)
    reading |= _labels(meaning, classes, choices)
    sizes = meaning.sizes(classes.counts)
    rarest, share = min(sizes, key=sizes.__getitem__), min(sizes.values()) / sum(sizes.values())
    imbalanced = is_imbalanced(sizes)
    route = replace(origin.route, reading=reading)
    edition = Edition(origin.edition, (route,), licence="your own", test="official" if official else "quarter")
    task = Task(origin.name, origin.title, meaning.labels, (edition,), imbalanced)
    rule = "; ".join(part for part in (meaning.rule, meaning.hint) if part)
    first = f"texts from {text!r}, labels from {label!r}: {labels.listed(sizes)} ({rule})"
    if imbalanced:
        first += f"; {rarest} is {100 * share:.0f}% of them, so balanced accuracy leads"
    if single:
        notes.append(f"left out, for there is a single row of each: {labels.listed(single)}")
    return UserFile(task, (first, *_spelling_notes(classes, meaning), *notes), meaning.asked(choices.threshold),
                    table.unit)


def is_imbalanced(sizes: Mapping[str, int]) -> bool:
    """Whether a class has less than half of its share of the rows, given the rows of each."""
    return min(sizes.values()) / sum(sizes.values()) < FAIR / len(sizes)


def file_name(path: Path) -> str:
    """A task's name out of a file's: `reviews-2023` of `reviews.2023.csv.gz`."""
    stem = path.name
    for _ in range(2):
        shorter = unpacked_name(stem) != stem or format_of(Path(stem)) is not None
        stem = stem[: stem.rindex(".")] if shorter and stem.rindex(".") > 0 else stem
    return name_of(stem) or "file"


def label_words(route: Route) -> dict[str, str]:
    """What a model answers for each label of a user's file: `satisfied`, where that is what the file calls positive.

    Labels stay as they are where several classes are one label (stars), and where the user gave them their names.
    """
    if "incomplete" not in route.reading:
        return {}
    words: dict[str, list[str]] = {}
    for c, label in route.reading["labels"].items():
        words.setdefault(label, []).append(c)
    meant = {label: cs for label, cs in words.items() if label in (NEGATIVE, NEUTRAL, POSITIVE)}
    if "threshold" in route.reading or any(len(cs) > 1 for cs in meant.values()):
        meant = {}
    return {label: meant[label][0] if label in meant else label for label in words}


def columns_of(route: Route) -> dict[str, str]:
    """The columns of the texts and labels of a user's file; none for other routes."""
    return {key: route.reading[key] for key in ("text", "label")} if "incomplete" in route.reading else {}


def chosen_columns(table: TableFile, choices: Choices) -> tuple[str, str]:
    """The columns of the texts and the labels: those that the user named, else those with names that say so."""
    where = str(table.path)
    text = None if choices.text is None else columns.named_column(choices.text, table.columns, where, "--text-column")
    label = choices.label
    if label is not None:
        label = columns.named_column(label, table.columns, where, "--label-column")
    if text is None or label is None:
        sampled = columns.sampled(table, LABEL_NAMES, TEXT_NAMES)

        def whole(names: Sequence[str]) -> list[Column]:
            rows = table.read(names)
            return [Column(name, rows.cells[name], name in table.numeric) for name in names]

        no_label: DataError | None = None
        if label is None:
            try:
                label = columns.label_column(sampled, text, where, table.header_doubt, whole, named=table.header)
            except DataError as error:  # of two errors that of the texts is the first to be told
                no_label = error
        if text is None and choices.label is not None and columns.rank(choices.label, TEXT_NAMES) is not None:
            text = columns.text_column(sampled, None, where, table.header_doubt)
        elif text is None:
            text = columns.text_column(sampled, label, where, table.header_doubt)
        if no_label:
            raise no_label
    assert label is not None, "a label column that cannot be guessed is an error"
    if text == label:
        raise DataError(f"{where}: {text!r} cannot be both the text and the label column",
                        "--text-column and --label-column")
    return text, label


def _cells(table: TableFile, reading: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Rows of each label cell for each side of the split; "" where there is no split column."""
    count = RowCount()
    rows = Counter((row.split, row.cell) for row in usable_rows(table, reading, count))
    cells: dict[str, Counter[str]] = {}
    for (split, cell), n in rows.items():
        cells.setdefault(same(split), Counter())[cell] += n
    if not cells:
        raise DataError(f"{table.path} has no row with a text and a label: {count.reasons() or 'it is empty'}",
                        "are they the right columns? --text-column, --label-column")
    return cells


def _meaning(classes: Classes, label: str, path: Path, choices: Choices) -> tuple[Classes, Meaning, dict[str, int]]:
    """What the classes mean once those of a single row are left out, and these: they cannot be learned and tested."""
    def meaning_of(classes: Classes, mapping: Mapping[str, str]) -> Meaning:
        return labels.meaning_of(classes, label, str(path), mapping=mapping, threshold=choices.threshold,
                                 named=choices.label is not None)

    meaning = meaning_of(classes, choices.mapping)
    sizes = meaning.sizes(classes.counts)
    single = {name: n for name, n in sizes.items() if n < FEWEST}
    left = [name for name in sizes if name not in single]
    if len(sizes) < 2:
        raise DataError(f"{path}: {label!r} has only the class {next(iter(sizes), '')!r}",
                        "a task needs at least two classes")
    if not left:
        raise DataError(f"{path}: {label!r} has {len(sizes):,} classes of a single row each",
                        "name the right column with --label-column")
    if len(left) < 2:
        raise DataError(f"{path}: the training pool holds one class, {left[0]!r}, for there is a single row of "
                        f"{', '.join(map(repr, list(single)[:5]))}",
                        "a task needs two classes or more, each with two texts or more")
    if single:
        rest = {c: n for c, n in classes.counts.items() if meaning.names.get(c) not in single}
        classes = replace(classes, counts=rest, cells={cell: c for cell, c in classes.cells.items() if c in rest})
        there = {same(c) for c in rest} | {same(cell) for cell in classes.cells}
        meaning = meaning_of(classes, {raw: name for raw, name in choices.mapping.items() if same(raw) in there})
    return classes, meaning, single


def _labels(meaning: Meaning, classes: Classes, choices: Choices) -> dict[str, Any]:
    """What the route says about labels: every class under the spellings that are not equal by themselves."""
    names = {c: name for c, name in meaning.names.items()}
    names |= {cell: names[c] for cell, c in classes.cells.items() if c in names and same(members(cell)[0]) != same(c)}
    if choices.threshold is None:
        return {"labels": names}
    said = {c: names.get(c, "") for c in classes.counts if same(c) in {same(raw) for raw in choices.mapping}}
    return {"labels": {BELOW: NEGATIVE, ABOVE: POSITIVE, **said}, "threshold": choices.threshold}


def _spelling_notes(classes: Classes, meaning: Meaning) -> list[str]:
    notes = [f"one class, {name!r}, is written in {len(spellings)} ways: {', '.join(map(_visible, spellings[:6]))}"
             for name, spellings in list(classes.merged.items())[:5]]
    for several in [c for c in meaning.names if _joined(c, classes.counts)][:5]:
        notes.append(f"{several!r} ({classes.counts[several]:,} rows) looks like several labels; --map-label "
                     f"{columns.shell(f'{several}=')} leaves it out")
    for a, b in look_alikes(meaning.names)[:5]:
        if meaning.names[a] != meaning.names[b]:
            rare, common = sorted((a, b), key=lambda c: (classes.counts[c], len(c)))
            notes.append(f"{common!r} ({classes.counts[common]:,} rows) and {rare!r} ({classes.counts[rare]:,}) look "
                         f"alike but are two classes; --map-label {columns.shell(f'{rare}={common}')} joins them")
    return notes


def _joined(name: str, known: Mapping[str, int]) -> bool:
    """Whether a class is other classes side by side: `billing|delivery`."""
    parts = [part.strip() for part in re.split(r"[|;,]", name)]
    return len(parts) > 1 and all(part in known for part in parts)


def _visible(spelling: str) -> str:
    """A spelling in quotes; one that looks like another only because its accents are apart is shown by its codes."""
    return repr(spelling) if unicodedata.is_normalized("NFC", spelling) else ascii(spelling)
