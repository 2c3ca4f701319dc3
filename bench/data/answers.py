"""Answers that were made elsewhere: a table with the id of each text and a probability per class, or a label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.data.columns import named_column, plain_name
from bench.data.spelling import same
from bench.data.table import Rows, TableFile
from bench.data.table_files import open_named
from bench.data.vocabulary import LABEL_NAMES, TEXT_NAMES

ID_NAMES = ("id", "textid", "hash", "texthash", "uid", "key")  # of a column, without case and marks; the best first
ANSWER_NAMES = ("prediction", "predicted", "predictedlabel", "predictedclass", "pred", "ypred", "answer", "output",
                "response", "result", *(name for group in LABEL_NAMES for name in sorted(group)))
PREFIX = re.compile(r"(?:p|probs?|proba|probability|probabilities|scores?|logprobs?|log_prob|logp|log_p)[\s_.:(\[-]+"
                    r"(.+?)[)\]]?", re.IGNORECASE)
TOGETHER = frozenset(("probabilities", "probability", "probs", "proba", "scores", "logprobs"))
SURE = 0.99  # probability of a class that was answered without one; the other classes share the rest
ROUNDED = 0.02  # by how much the probabilities of a row may miss 1, rounded as they are
SHOWN = 3  # lines or values that an error names


@dataclass(frozen=True)
class Answers:
    """What a file answers, row for row."""

    ids: tuple[str, ...]  # ids, or texts where `by_text`
    places: tuple[int, ...]  # the line or row of each
    unit: str  # what `places` counts
    probabilities: NDArray[np.float64]  # [n, classes], rows sum to 1
    labels_only: bool  # the file has no probabilities: each answer got `SURE`
    by_text: bool
    notes: tuple[str, ...]  # sentences about how the file was understood


def read_answers(path: Path, labels: Sequence[str], words: Mapping[str, str], id_column: str | None = None,
                 answer_column: str | None = None) -> Answers:
    """The answers in a table file; `words` are other names of labels, such as the classes of a user's file.

    Raises `DataError` where a column is missing or stands there twice, a cell is no number or no label, and where a
    row holds no probabilities.
    """
    table = open_named(path, (id_column, answer_column))
    numbers = {same(word): labels.index(label) for word, label in words.items() if label in labels}
    numbers |= {same(label): number for number, label in enumerate(labels)}
    key, by_text = _key_column(table, id_column)
    columns = {} if answer_column else _probability_columns(table, numbers, labels, key)
    if columns:
        rows = _whole(table, [key, *columns.values()])
        p, notes = _probabilities(table, rows, columns, labels)
        labels_only = bool(np.isin(p, (0.0, 1.0)).all())
        if labels_only:
            notes.append("every probability is 0 or 1, which is a label")
            p = _sure(p.argmax(axis=1), len(labels))
    else:
        answer = _answer_column(table, answer_column, labels, key)
        rows = _whole(table, [key, answer])
        p, notes, labels_only = _sure(_classes(table, rows, answer, numbers, labels), len(labels)), [], True
        notes.append(f"labels from {answer!r}")
    notes = [*table.notes, f"texts by {key!r}" if by_text else f"ids from {key!r}", *notes]
    ids = tuple((cell or "").strip() for cell in rows.cells[key])
    if empty := [place for place, text in zip(rows.places, ids, strict=True) if not text]:
        raise DataError(f"{path}: {_places(table, empty)} without {'a text' if by_text else 'an id'}",
                        "each row answers one text")
    return Answers(ids, tuple(rows.places), table.unit, p, labels_only, by_text, tuple(notes))


def _whole(table: TableFile, columns: Sequence[str]) -> Rows:
    rows = table.read(list(dict.fromkeys(columns)))
    if not rows.places:
        raise DataError(f"{table.path} has no rows", "each row answers one text")
    for at, reason in rows.faults.items():
        raise DataError(f"{table.path}: {table.unit} {rows.places[at]} has {reason}", "one value in each column")
    return rows


def _key_column(table: TableFile, asked: str | None) -> tuple[str, bool]:
    """The column that says which text a row answers, and whether it holds the texts themselves."""
    if asked is not None:
        return named_column(asked, table.columns, str(table.path), "--id-column"), False
    by_name = {plain_name(name): name for name in reversed(table.columns)}
    for name in ID_NAMES:
        if name in by_name:
            return by_name[name], False
    for name in sorted(set().union(*TEXT_NAMES[:2])):
        if name in by_name:
            return by_name[name], True
    raise DataError(f"{table.path} has no column of ids", f"its columns: {', '.join(table.columns)[:300]}; --id-column "
                    "names one; bench data export writes the ids")


def _probability_columns(table: TableFile, numbers: Mapping[str, int], labels: Sequence[str],
                         key: str) -> dict[int, str]:
    """The column of each class that has one; empty where none has."""
    found: dict[int, str] = {}
    for name in table.columns:
        match = PREFIX.fullmatch(name)
        number = numbers.get(same(name), numbers.get(same(match[1])) if match else None)
        if number is None or name == key:
            continue
        if number in found:
            raise DataError(f"{table.path}: the columns {found[number]!r} and {name!r} are both of {labels[number]!r}",
                            "one probability per class: remove one of them")
        found[number] = name
    missing = [label for number, label in enumerate(labels) if number not in found]
    if found and missing and not (len(labels) == 2 and len(found) == 1):
        raise DataError(f"{table.path} has no probabilities of {', '.join(missing[:10])}",
                        f"one column per class: {', '.join(labels)[:300]}")
    return found


def _answer_column(table: TableFile, asked: str | None, labels: Sequence[str], key: str) -> str:
    if asked is not None:
        return named_column(asked, table.columns, str(table.path), "--answer-column")
    by_name = {plain_name(name): name for name in reversed(table.columns) if name != key}
    if together := by_name.keys() & TOGETHER:
        raise DataError(f"{table.path} has the probabilities of all classes in one column, {by_name[min(together)]!r}",
                        "one column per class (bench predict --format csv writes them so); --answer-column names a "
                        "column of labels")
    for name in ANSWER_NAMES:
        if name in by_name:
            return by_name[name]
    raise DataError(f"{table.path} has neither probabilities nor labels",
                    f"columns called {', '.join(labels)[:200]}, or one called label; its columns: "
                    f"{', '.join(table.columns)[:300]}")


def _probabilities(table: TableFile, rows: Rows, columns: Mapping[int, str],
                   labels: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Probabilities [n, classes] and what was done to the numbers."""
    values = np.empty((len(rows.places), len(labels)))
    percent = False
    for number, name in columns.items():
        wrong: list[tuple[int, str]] = []
        for i, (place, cell) in enumerate(zip(rows.places, rows.cells[name], strict=True)):
            text = (cell or "").strip()
            percent |= text.endswith("%")
            try:
                values[i, number] = float(text.rstrip("% \u00a0").replace(",", "."))
            except ValueError:
                wrong.append((place, text))
        if wrong or np.isnan(values[:, number]).any():
            wrong = wrong or [(rows.places[int(np.isnan(values[:, number]).argmax())], "nan")]
            raise DataError(f"{table.path}: {len(wrong):,} cells of {name!r} are no numbers, such as "
                            f"{wrong[0][1][:40]!r} in {table.unit} {wrong[0][0]}", "a probability for each text")
    used = list(columns)
    notes, given = [f"probabilities from {', '.join(repr(columns[n]) for n in sorted(columns))[:200]}"], values[:, used]
    sums = given.sum(axis=1)
    with np.errstate(over="ignore"):
        exponentials = np.exp(given)
    if percent or (given.min() >= 0 and len(used) > 1 and (abs(sums - 100) <= 100 * ROUNDED).all()):
        given, sums = given / 100, sums / 100
        notes.append("the numbers are percentages")
    elif len(used) > 1 and given.min() < 0 >= given.max() and (abs(exponentials.sum(axis=1) - 1) <= ROUNDED).all():
        given, sums = exponentials, exponentials.sum(axis=1)
        notes.append("the numbers are natural log-probabilities")
    if len(used) == 1:
        values[:, used] = given
        values[:, 1 - used[0]] = 1 - given[:, 0]
        notes.append(f"{labels[1 - used[0]]} has the rest")
        wrong_rows = np.flatnonzero((given[:, 0] < 0) | (given[:, 0] > 1))
    else:
        values[:, used] = given
        wrong_rows = np.flatnonzero((given < 0).any(axis=1) | (given > 1 + ROUNDED).any(axis=1)
                                    | ~(abs(sums - 1) <= max(ROUNDED, 0.005 * len(labels))))
    if len(wrong_rows):
        i = int(wrong_rows[0])
        shown = ", ".join(f"{columns[n]} {given[i, k]:g}" for k, n in enumerate(used[:4]))
        raise DataError(f"{table.path}: {len(wrong_rows):,} of {len(values):,} rows are no probabilities, such as "
                        f"{table.unit} {rows.places[i]}: {shown}" + (f", sum {sums[i]:g}" if len(used) > 1 else ""),
                        "numbers from 0 to 1 that sum to 1 over the classes, percentages, or natural "
                        "log-probabilities; scores of another kind (logits) need a softmax first")
    if len(used) > 1 and (abs(sums - 1) > 1e-3).any():
        notes.append("rows were scaled to sum to 1")
    values = np.clip(values, 0.0, None)
    return values / values.sum(axis=1, keepdims=True), notes


def _classes(table: TableFile, rows: Rows, column: str, numbers: Mapping[str, int],
             labels: Sequence[str]) -> NDArray[np.int64]:
    """The class of each row's label, whatever its case."""
    found = [numbers.get(same(cell or "")) for cell in rows.cells[column]]
    unknown: dict[str, list[int]] = {}
    for place, cell, number in zip(rows.places, rows.cells[column], found, strict=True):
        if number is None:
            unknown.setdefault((cell or "").strip(), []).append(place)
    if unknown:
        shown = ", ".join(f"{text[:40]!r} ({_places(table, places)})" for text, places in list(unknown.items())[:SHOWN])
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        count = sum(map(len, unknown.values()))
        raise DataError(f"{table.path}: {count:,} cells of {column!r} are none of the labels: {shown}{more}",
                        f"the labels: {', '.join(labels)[:300]}; every text needs one of them")
    return np.array(found, np.int64)


def _sure(classes: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    p = np.full((len(classes), count), (1 - SURE) / (count - 1))
    p[np.arange(len(classes)), classes] = SURE
    return p


def _places(table: TableFile, places: Sequence[Any]) -> str:
    shown = ", ".join(map(str, places[:SHOWN]))
    more = f" and {len(places) - SHOWN:,} more" if len(places) > SHOWN else ""
    return f"{table.unit}{'s' if len(places) > 1 else ''} {shown}{more}"
