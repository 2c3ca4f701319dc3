"""The rows of a user's file that can be used, and a count of all others by what they lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bench.core.errors import DataError
from bench.data.ratings import rating_of
from bench.data.spelling import INVISIBLE, MISSING, is_missing, members, same, tidy
from bench.data.table import TableFile
from bench.data.text import clean

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1  # raised when other rows are taken, or a reader of table files gives other cells
SKIP = "skip"  # the value of a route's key `incomplete`
TRAIN, TEST = "train", "test"
SPLITS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training", "trn", "validation", "valid", "val", "dev", "devel", "development"), TRAIN),
    **dict.fromkeys(("test", "testing", "tst"), TEST)}
BELOW, ABOVE = "below", "above"  # the classes of a route with a `threshold`
SHORT = 200  # characters up to which a text is looked into for something to read


@dataclass
class RowCount:
    """How many rows a file has, and how many cannot be used for which reason."""

    rows: int = 0
    without: Counter[str] = field(default_factory=Counter)  # reason, such as "without a text" → rows
    labelled: Counter[str] = field(default_factory=Counter)  # class that is left out → rows
    first: dict[str, int] = field(default_factory=dict)  # reason or class → line or row where it stands first

    @property
    def left_out(self) -> int:
        """Rows that are not used."""
        return self.without.total() + self.labelled.total()

    def leave(self, reason: str, place: int, *, label: bool = False) -> None:
        """Count a row that cannot be used."""
        (self.labelled if label else self.without)[reason] += 1
        self.first.setdefault(reason, place)

    def add(self, reason: str, rows: int) -> None:
        """Count rows that cannot be used, nobody knows where they stand."""
        if rows:
            self.without[reason] += rows

    def reasons(self) -> str:
        """`3 without a text, 12 labelled 'unrated'`."""
        parts = [f"{n:,} {reason}" for reason, n in self.without.most_common()]
        parts += [f"{n:,} labelled {label[:40]!r}" for label, n in self.labelled.most_common(5)]
        if len(self.labelled) > 5:
            others = self.labelled.most_common()[5:]
            parts.append(f"{sum(n for _, n in others):,} of {len(others)} other classes that are left out")
        return ", ".join(parts)

    def sentence(self, name: str, copies: int = 0) -> str:
        """One line: how many rows are used, and what became of the others."""
        used = self.rows - self.left_out - copies
        if used == self.rows:
            return f"{name}: all {self.rows:,} rows used"
        reasons = [self.reasons()] if self.left_out else []
        reasons += [f"{copies:,} {'copy' if copies == 1 else 'copies'}"] if copies else []
        return f"{name}: {used:,} of {self.rows:,} rows used: {', '.join(reasons)}"

    def refuse(self, name: str, asked: Sequence[str] = (), unit: str = "line") -> None:
        """`--strict`: `DataError` where a row is left out that the user did not ask to leave out."""
        wanted = {same(label) for label in asked}
        wrong = {**self.without, **{label: n for label, n in self.labelled.items() if same(label) not in wanted}}
        if wrong:
            places = [self.first[reason] for reason in wrong if reason in self.first]
            where = f"the first is {unit} {min(places)}; " if places else ""
            other = "; --map-label RAW= leaves a class out" if set(wrong) & set(self.labelled) else ""
            raise DataError(f"{name}: --strict: {sum(wrong.values()):,} of {self.rows:,} rows cannot be used: "
                            f"{self.reasons()}", f"{where}fill them in or take them out{other}")

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {"rows": self.rows, "without": dict(self.without), "labelled": dict(self.labelled), "first": self.first}

    @staticmethod
    def of(facts: Mapping[str, Any]) -> RowCount:
        """The count that `facts` gave."""
        return RowCount(facts["rows"], Counter(facts["without"]), Counter(facts["labelled"]), dict(facts["first"]))


@dataclass(frozen=True)
class UsableRow:
    """A row with a text and one label."""

    place: int
    text: str
    cell: str  # the label as it stands in the file, or the file's name for it
    label: str  # tidied; under `labels` what it stands for
    split: str  # the cell of the column that marks training and test rows
    group: str


def usable_rows(table: TableFile, reading: Mapping[str, Any], count: RowCount) -> Iterator[UsableRow]:
    """The rows that have a text and one label; the others are counted.

    `reading` names the columns: `text`, `label`, and where they are used `split_column` and `group_column`. Where it
    has `labels` (class → label) or `threshold`, rows of other classes are counted and left out too.
    """
    text, label = reading["text"], reading["label"]
    split, group = reading.get("split_column"), reading.get("group_column")
    meant = _meanings(reading)
    names = table.label_names.get(label, ())
    shown: dict[str, str] = {}
    for rows in table.batches([name for name in (text, label, split, group) if name is not None]):
        empty: list[str | None] = [None] * len(rows.places)
        splits, groups = (empty if name is None else rows.cells[name] for name in (split, group))
        cells = zip(rows.places, rows.cells[text], rows.cells[label], splits, groups, strict=True)
        for i, (place, text_cell, label_cell, split_cell, group_cell) in enumerate(cells):
            count.rows += 1
            if text_cell == text and label_cell == label:
                count.leave("of a repeated header", place)
                continue
            if text_cell is None or is_missing(text_cell) or not _readable(text_cell):
                count.leave(_lack("text", text_cell), place)
                continue
            written = _labels(label_cell, names)
            if len(written) != 1:
                several = bool(written) or i in rows.faults
                count.leave("with several labels" if several else _lack("label", None if names else label_cell), place)
                continue
            stands_for = meant(written[0])
            if not stands_for:
                count.leave(shown.setdefault(same(written[0]), written[0]), place, label=True)
                continue
            cell = written[0] if names else (label_cell or "").strip()
            yield UsableRow(place, text_cell, cell, stands_for, (split_cell or "").strip(), (group_cell or "").strip())


def _lack(what: str, cell: str | None) -> str:
    """That a row lacks its text or label; what a program wrote for nothing is shown, for it could be meant."""
    shown = (cell or "").translate(INVISIBLE).strip()
    return f"whose {what} is {shown!r}" if shown.casefold() in MISSING and shown else f"without a {what}"


def _readable(text: str) -> bool:
    """Whether anything is left of a text once it is cleaned; a long one is not looked into."""
    return len(text) > SHORT or text[0].isalnum() or bool(clean(text.translate(INVISIBLE)))


def _labels(cell: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """The labels of a cell; a number that the file has names for is its name."""
    written = members(cell)
    if not names or len(written) != 1 or written[0] in names:
        return written
    number = written[0]
    return (tidy(names[int(number)]),) if number.isascii() and number.isdigit() and int(number) < len(names) else ()


def _meanings(reading: Mapping[str, Any]) -> Callable[[str], str | None]:
    """What a class stands for, by a route's `labels` and `threshold`; nothing where it is left out."""
    if "labels" not in reading:
        return lambda label: label
    known = {same(c): name for c, name in reading["labels"].items()}
    threshold = reading.get("threshold")

    @lru_cache(65_536)
    def meant(label: str) -> str | None:
        key = same(label)
        number = None if threshold is None or key in known else rating_of(label)
        if threshold is None or number is None or number == threshold:
            return known.get(key)
        return known.get(BELOW if number < threshold else ABOVE)

    return meant


def frame_of(table: TableFile, reading: Mapping[str, Any]) -> tuple[pd.DataFrame, RowCount]:
    """The usable rows as the columns text, label, split and group, and the count of all."""
    import pandas as pd

    count = RowCount()
    columns: dict[str, list[str]] = {"text": [], "label": []}
    columns |= {name: [] for name in ("split", "group") if f"{name}_column" in reading}
    for row in usable_rows(table, reading, count):
        side = SPLITS.get(same(row.split), "")
        if "split" in columns and not side:
            count.leave(f"of the split {tidy(row.split)[:40]!r}" if row.split else "without a split", row.place)
            continue
        for name, cells in columns.items():
            cells.append(side if name == "split" else getattr(row, name))
    if not columns["text"]:
        raise DataError(f"{table.path} has no row that can be used: {count.reasons() or 'it is empty'}",
                        "are they the right columns? --text-column, --label-column")
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()}), count
