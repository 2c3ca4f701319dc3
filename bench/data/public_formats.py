"""Raw files become the rows that a card describes: table files, and the archives of well-known corpora."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.errors import DataError
from bench.data.archive_readers import ARCHIVES
from bench.data.table import LONGEST, Rows
from bench.data.table_files import open_table
from bench.data.unpacking import first_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS", "STRIPS", "read", "stripped"]

STRIPS = ("headers", "footers", "quotes")  # in the order in which scikit-learn cuts them out


def read(reader: str, path: Path, reading: Mapping[str, Any], *, labelled: bool = True) -> pd.DataFrame:
    """The rows of `path`: text columns `text` and `label`, and `split` and `group` where they apply.

    `reading` is what a card's route says: `text`, `label` (column names), `labels` (raw value -> label name; other
    rows are dropped), `where` (column -> values kept), `split` (one split for all rows), `title` (a column that is put
    before the text). Where texts are not `labelled` they have a text alone, and an empty label.
    Raises `DataError` naming the file, the column or row, and what to do.
    """
    text, label = reading.get("text", "text"), reading.get("label", "label")
    where: Mapping[str, Sequence[str]] = reading.get("where", {})
    optional = (["group"] if "split" in reading else ["split", "group"]) if labelled else []
    title: str | None = reading.get("title")
    needed = {**dict.fromkeys(where, "where"), **({title: "title"} if title else {}), text: "text",
              **({label: "label"} if labelled else {})}
    rows, unit = _raw(reader, path, needed, optional, header=reading.get("header", True))
    keep = list(range(len(rows.places)))
    if not keep:
        raise DataError(f"{path} holds no rows", "is it the right file?")
    for column, wanted in where.items():
        values = [trimmed(rows.cells[column][i]) for i in keep]
        keep = [i for i, value in zip(keep, values, strict=True) if value in wanted]
        if not keep:
            raise DataError(f"{path}: no row has {column} in {sorted(wanted)}", f"there are: {_some(values)}")
    labels = {i: trimmed(rows.cells[label][i]) if labelled else "" for i in keep}
    if "labels" in reading:
        names: Mapping[str, str] = reading["labels"]
        keep = [i for i in keep if labels[i] in names]
        if not keep:
            raise DataError(f"{path}: no label is one of {sorted(names)}", f"there are: {_some(list(labels.values()))}")
        labels = {i: names[str(labels[i])] for i in keep}
    texts = [rows.cells[text][i] for i in keep]
    if title:
        texts = [titled(rows.cells[title][i], body) for i, body in zip(keep, texts, strict=True)]
    columns: dict[str, list[str | None]] = {"text": texts, "label": [labels[i] for i in keep]}
    if "split" in reading:
        columns["split"] = [reading["split"]] * len(keep)
    elif "split" in rows.cells:
        columns["split"] = [trimmed(rows.cells["split"][i]) for i in keep]
    if "group" in rows.cells:
        columns["group"] = [trimmed(rows.cells["group"][i]) or "" for i in keep]
    faults = [rows.faults.get(i, "") for i in keep]
    _check(columns, [f"{unit} {rows.places[i]}" for i in keep], faults, path)
    return _frame(columns)


def _raw(reader: str, path: Path, needed: Mapping[str, str], optional: Sequence[str], *,
         header: bool) -> tuple[Rows, str]:
    """The columns `needed` (with what they are needed as) and those of `optional` that are there; what a row is."""
    if reader in ARCHIVES:
        frame = ARCHIVES[reader](path)
        rows = Rows(list(range(1, len(frame) + 1)), {str(name): frame[name].tolist() for name in frame})
        _needed(path, list(rows.cells), needed)
        return rows, "row"
    first_bytes(path)  # a missing file is data that cannot be read
    table = open_table(path, TABLES[reader], header=header)
    _needed(path, table.columns, needed)
    for name, role in needed.items():
        if role == "text" and name in table.numeric:
            raise DataError(f"{path}: the column {name!r} holds numbers, not texts",
                            "is it the right column? --text-column")
    return table.read([*needed, *(name for name in optional if name in table.columns)]), table.unit


def _needed(path: Path, columns: Sequence[str], needed: Mapping[str, str]) -> None:
    for name, role in needed.items():
        if name not in columns:
            hint = f"there are: {', '.join(map(repr, columns[:20]))}"
            hint += f"; name it with --{role}-column" if role in ("text", "label") else ""
            raise DataError(f"{path} has no {role} column {name!r}", hint)


def stripped(posts: list[str], parts: tuple[str, ...]) -> list[str]:
    """Newsgroup posts without `parts` (some of STRIPS), just as `fetch_20newsgroups(remove=parts)` leaves them.

    A post that held nothing else becomes empty.
    """
    # scikit-learn does not export these by name. A copy here could drift from what `remove=` means in every paper on
    # 20 Newsgroups; if scikit-learn's own drift, the cards' hashes show it.
    from sklearn.datasets import _twenty_newsgroups as newsgroups

    functions = (newsgroups.strip_newsgroup_header, newsgroups.strip_newsgroup_footer,
                 newsgroups.strip_newsgroup_quoting)
    for part, function in zip(STRIPS, functions, strict=True):
        if part in parts:
            posts = [function(post) for post in posts]
    return posts


def titled(title: str | None, text: str | None) -> str | None:
    """The text with its title before it, as a sentence of its own; where one of them is missing, the text alone."""
    title = (title or "").strip()
    if not title or text is None or not text.strip():
        return text
    return f"{title}{'' if title.endswith(('.', '!', '?')) else '.'}\n\n{text}"


def trimmed(cell: str | None) -> str | None:
    """A label, group or split without blanks around it; None where nothing is left."""
    return (cell or "").strip() or None


TABLES = {"parquet": "parquet", "csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "json": "json", "xlsx": "xlsx",
          "labelled": "labelled", "20newsgroups": "parquet"}  # the last is what the scikit-learn route writes
READERS = (*TABLES, *ARCHIVES)


def _frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _some(values: list[str | None]) -> str:
    found = sorted({str(v) for v in values})
    return ", ".join(map(repr, found[:10])) + (", …" if len(found) > 10 else "")


def _check(columns: Mapping[str, list[str | None]], rows: list[str], faults: list[str], path: Path) -> None:
    """Every row has a text of characters and a label, and its split is train or test."""
    for row, text, label, fault in zip(rows, columns["text"], columns["label"], faults, strict=True):
        if text is None or not text.strip():
            raise DataError(f"{path}: {row} has {fault or 'no text'}", "fill it in or take the row out")
        if len(text) > LONGEST:
            raise DataError(f"{path}: the text of {row} has {len(text):,} characters",
                            f"at most {LONGEST:,}; is a quote missing?")
        if label is None:
            raise DataError(f"{path}: {row} has {fault or 'no label'}", "fill it in or take the row out")
        if "\0" in text or "\0" in label:
            raise DataError(f"{path}: {row} holds a NUL", "take the character out")
    for row, split in zip(rows, columns.get("split", ["train"] * len(rows)), strict=True):
        if split not in ("train", "test"):
            raise DataError(f"{path}: {row} has the split {split!r}",
                            "only train and test: rename the column, or keep rows by `where` in the card")
