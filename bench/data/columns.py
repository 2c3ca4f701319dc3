"""Which column of a file holds the texts and which the labels: by its name and by what stands in it."""

from __future__ import annotations

import re
import shlex
import statistics
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bench.core.errors import DataError
from bench.data.spelling import is_missing
from bench.data.vocabulary import LABEL_NAMES, TEXT_NAMES

if TYPE_CHECKING:
    from bench.data.table import TableFile

SAMPLE = 1_000  # rows by which a column is judged
MOST_UNASKED = 100  # classes of a column that was not named; more are taken for ids
SEVERAL = "values in {!r}"  # the end of a fault of `cells`
FEW = 3  # words up to which texts that differ in their numbers alone are ids
LONG = 8  # words from which a column holds texts rather than labels
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
                      "\U00020000-\U0003ffff]")  # scripts that are written without blanks
LATIN_ACCENT = re.compile("([a-z])[\u0300-\u036f]+")
NUMBER = re.compile(r"[-+]?[\d.,]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain_name(name: str) -> str:
    """A column's name without case, blanks and marks: `Review text`, `review_text` and `reviewText` are equal.

    Accents on Latin letters go too: `catégorie` is `categorie`.
    """
    apart = LATIN_ACCENT.sub(r"\1", unicodedata.normalize("NFKD", name).casefold())
    text = unicodedata.normalize("NFC", apart)
    return "".join(c for c in text if c.isalnum() or unicodedata.category(c)[0] == "M")


def last_part(name: str) -> str:
    """What stands after the last dot, blank, mark or change of case: `text` of `reviews.text`; "" where it is all."""
    parts = [part for part in re.split(r"[\W_]+", CAMEL.sub(" ", unicodedata.normalize("NFKC", name))) if part]
    return parts[-1].casefold() if len(parts) > 1 else ""


def word_count(text: str) -> int:
    """About how many words a text has; two letters of a script without blanks, and one emoji, count as one."""
    count = (len(UNSPACED.findall(text)) + 1) // 2
    for piece in UNSPACED.sub(" ", text).split():
        symbols = sum(unicodedata.category(c) == "So" for c in piece)
        count += symbols + any(c.isalnum() for c in piece)
    return count


@dataclass(frozen=True)
class Column:
    """A column's name and cells, of its first rows or of all of them."""

    name: str
    cells: Sequence[str | None]
    numeric: bool = False  # it holds numbers, dates or booleans alone
    several: int = 0  # cells that hold more than one value

    @cached_property
    def values(self) -> list[str]:
        """The cells that hold something."""
        return [cell for cell in self.cells if cell is not None and not is_missing(cell)]

    @cached_property
    def words(self) -> float:
        """The median number of words."""
        return statistics.median(map(word_count, self.values)) if self.values else 0.0

    @cached_property
    def distinct(self) -> int:
        """The number of different values."""
        return len(set(self.values))

    @cached_property
    def holds_numbers(self) -> bool:
        """Whether all values are numbers, dates or booleans."""
        return self.numeric or (bool(self.values) and all(NUMBER.fullmatch(value.strip()) for value in self.values))

    @property
    def holds_texts(self) -> bool:
        """Whether the values can be texts: of more than one word, and not ids that differ in their numbers alone."""
        if self.holds_numbers or self.words <= 1:
            return False
        if self.words > FEW or self.distinct < 20:
            return True
        shapes = {re.sub(r"\d+", "0", value) for value in self.values}
        return len(shapes) * 10 > self.distinct

    @property
    def holds_classes(self) -> bool:
        """Whether the values can be classes: two or more, that come again, and are no texts or ids."""
        return self.distinct > 1 and self.words < LONG and self.distinct * 2 <= max(len(self.values), 4)

    @property
    def example(self) -> str:
        """Its first value, cut short."""
        first = self.values[0] if self.values else ""
        return repr(first[:29] + "…" if len(first) > 30 else first)


def sampled(table: TableFile, *names: Sequence[frozenset[str]]) -> list[Column]:
    """The first rows of every column.

    One that cannot be read (a structure, two columns of one name) is passed over, unless it is called as the best of
    `names` are: then it is an error.
    """
    columns = []
    for name in table.columns:
        try:
            rows = table.sample([name], SAMPLE)
        except DataError:
            if any(rank(name, groups) in (0, 1) for groups in names):
                raise
            continue
        several = sum(reason.endswith(SEVERAL.format(name)) for reason in rows.faults.values())
        columns.append(Column(name, rows.cells[name], name in table.numeric, several))
    return columns


def shell(word: str) -> str:
    """A word as it is typed on the command line."""
    return shlex.quote(word)


def named_column(asked: str, columns: Sequence[str], where: str, flag: str) -> str:
    """The column asked for: of just this name, or the only one that differs in case, blanks and marks."""
    if asked in columns:
        return asked
    close = [name for name in columns if plain_name(name) == plain_name(asked)]
    if len(close) == 1 and asked:
        return close[0]
    raise DataError(f"{where} has no column {asked!r}", f"its columns: {_names(columns)}; {flag} names one")


def rank(name: str, groups: Sequence[frozenset[str]]) -> int | None:
    """How good a name is for texts or labels, 0 is the best; None where it says nothing."""
    whole, last = plain_name(name), last_part(name)
    places = [i for i, group in enumerate(groups) if whole in group]
    places += [i + 1 for i, group in enumerate(groups) if last in group]
    return min(places, default=None)


def text_column(columns: Sequence[Column], label: str | None, where: str, doubt: str = "") -> str:
    """The column of the texts; `label` is the labels' where it is known.

    Raises `DataError` naming the candidates where none, or more than one as good, can be taken.
    """
    others = [column for column in columns if column.name != label]
    able = [column for column in others if column.holds_texts]
    best = _best(able, TEXT_NAMES)
    if len(best) == 1:
        return best[0].name
    if best:
        raise DataError(f"{where} has {len(best)} columns that may hold the texts: {_quoted(best)}",
                        f"say which: --text-column {shell(best[0].name)}")
    likely = [column for column in able if rank(column.name, LABEL_NAMES) is None]
    if len(likely) == 1 and not doubt and all(_beside(column, label) for column in others if column != likely[0]):
        return likely[0].name
    named = _best(others, TEXT_NAMES)
    if named:
        reason = f": {named[0].name!r} holds " + (
            f"one word a row, such as {named[0].example}" if named[0].values else "nothing")
    else:
        reason = " that can be guessed"
    able.sort(key=lambda column: -column.words)  # sorting is stable
    raise DataError(f"{where} has no text column{reason}", _advice(columns, able or named, "text", doubt))


def _beside(column: Column, label: str | None) -> bool:
    """Whether a column can stand beside the texts without being mistaken for them."""
    known = column.name == label or rank(column.name, LABEL_NAMES) is not None
    return known or column.holds_numbers or column.words <= 1


def label_column(columns: Sequence[Column], text: str | None, where: str, doubt: str = "",
                 whole: Callable[[Sequence[str]], Sequence[Column]] | None = None, *, named: bool = True) -> str:
    """The column of the labels; `text` is the texts' where it is known.

    `whole` reads columns from the first row to the last: the first rows of a sorted file hold one class.
    `named`: whether the columns have names. Of two that have none, the one of classes beside one of texts is taken.
    Raises `DataError` naming the candidates where none, or more than one as good, can be taken.
    """
    others = [column for column in columns if column.name != text and column.words < LONG]
    names = [column.name for column in others if rank(column.name, LABEL_NAMES) is not None]
    read = whole(names) if whole and names else [column for column in others if column.name in names]
    filled = [column for column in read if column.distinct]
    able = [c for c in filled if c.holds_numbers or c.distinct <= max(MOST_UNASKED, len(c.values) // 2)]
    best = _best(able or filled, LABEL_NAMES)
    best = [c for c in best if c.distinct > 1] or best
    best = [c for c in best if c.distinct <= MOST_UNASKED] or best  # not ids or counts
    if len(best) == 1:
        return best[0].name
    if best:
        raise DataError(f"{where} has {len(best)} columns that may hold the labels: {_quoted(best)}",
                        f"say which: --label-column {shell(best[0].name)}")
    for column in others:
        if column.several and not column.distinct and rank(column.name, LABEL_NAMES) is not None:
            raise DataError(f"{where}: {column.name!r} holds several labels in each row",
                            "a task needs one label per text: name another column with --label-column, or make one")
    likely = [column for column in others if column.holds_classes]
    if not named and len(columns) == 2 and len(likely) == 1 and all(c.holds_texts for c in columns if c != likely[0]):
        return likely[0].name
    raise DataError(f"{where} has no label column that can be guessed", _advice(columns, likely, "label", doubt))


def _best(columns: Sequence[Column], groups: Sequence[frozenset[str]]) -> list[Column]:
    ranks: Mapping[str, int] = {column.name: found for column in columns
                                if (found := rank(column.name, groups)) is not None}
    return [column for column in columns if ranks.get(column.name, len(groups) + 1) == min(ranks.values(), default=-1)]


def _advice(columns: Sequence[Column], likely: Sequence[Column], what: str, doubt: str) -> str:
    """What the columns hold, and which flag names one."""
    if doubt:
        return doubt
    name = shell(likely[0].name) if likely else "NAME"
    held = "".join(f"; {column.name!r} holds {_holds(column)}" for column in likely[:3])
    return f"its columns: {_names([c.name for c in columns])}{held}; name one with --{what}-column {name}"


def _quoted(columns: Sequence[Column]) -> str:
    shown = [f"{column.name} ({_holds(column)})" for column in columns[:12]]
    return ", ".join(shown) + (f", and {len(columns) - 12} more" if len(columns) > 12 else "")


def _holds(column: Column) -> str:
    """What a column holds, in a few words."""
    if not column.values:
        return "nothing"
    if column.holds_classes and column.distinct <= 12:
        values = [value[:20] for value, _ in Counter(column.values).most_common(5)]
        return ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
    return f"{column.example}, …"


def _names(columns: Sequence[str]) -> str:
    shown = ", ".join(columns)
    return shown if len(shown) <= 300 else f"{shown[:300]}…"
