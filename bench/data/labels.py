"""What the classes of a label column mean: sentiment, stars, or what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.core.errors import DataError
from bench.data.columns import MOST_UNASKED, last_part, plain_name, shell
from bench.data.ratings import are_dates, is_rating_name, looks_like_rating, middle, rating_of, stars_of
from bench.data.spelling import Classes, same
from bench.data.vocabulary import NEGATIVE, NEUTRAL, OPPOSITES, POSITIVE, SENTIMENT, SENTIMENT_NAMES, SIGNS

MOST_CLASSES = 1_000  # of a column that was named
SHOWN = 12  # classes in a list
ASKED = "as --map-label says"
HOW = "--map-label RAW=LABEL renames or joins classes, RAW= leaves one out"


@dataclass(frozen=True)
class Meaning:
    """What each class of a column stands for."""

    names: Mapping[str, str]  # class → label; a class that is not here is left out
    rule: str  # in words
    left_out: Mapping[str, str] = field(default_factory=dict)  # class → why
    hint: str = ""  # how to say it otherwise

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in order."""
        return tuple(sorted(set(self.names.values())))

    def sizes(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Rows of each label, the most frequent first, out of those of each class."""
        sizes = {label: sum(n for c, n in counts.items() if self.names.get(c) == label) for label in self.labels}
        return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))

    def asked(self, threshold: float | None) -> tuple[str, ...]:
        """The classes that are left out because the user said so."""
        return tuple(c for c, why in self.left_out.items() if why == ASKED or threshold is not None)


def meaning_of(classes: Classes, column: str, where: str, *, mapping: Mapping[str, str] | None = None,
               threshold: float | None = None, named: bool = False) -> Meaning:
    """What the classes of `column` mean.

    `mapping` is what the user said (class → label, "" leaves it out) and comes before every rule, `threshold` cuts
    numbers in two; `named`: the user named the column, so that more than a hundred classes are meant.
    Raises `DataError` where the values can be no classes, and for a mapping of classes that are not there.
    """
    said = _said(classes, mapping or {}, where)
    rest = {c: n for c, n in classes.counts.items() if c not in said}
    if threshold is not None:
        meaning = _cut(rest, threshold, column, where)
    else:
        ruled = [rule(counts, column) for counts in (classes.counts, rest) for rule in (_stars, sentiment)]
        _refuse_what_is_no_class(rest, sum(classes.counts.values()), column, where, named=named)
        meaning = next(filter(None, ruled), Meaning({c: c for c in rest}, "as they stand", hint=_hint(rest, column)))
    if not said:
        return meaning
    names = {c: said.get(c, meaning.names.get(c, "")) for c in classes.counts}
    left = {**{c: why for c, why in meaning.left_out.items() if c not in said},
            **{c: ASKED for c, label in said.items() if not label}}
    others = f"; the others: {meaning.rule}" if rest and meaning.rule != "as they stand" else ""
    pairs = ", ".join(f"{c} = {label or 'left out'}" for c, label in said.items())
    return Meaning({c: label for c, label in names.items() if label}, pairs + others, left)


def _said(classes: Classes, mapping: Mapping[str, str], where: str) -> dict[str, str]:
    """`--map-label` by class, whatever spelling was given."""
    known = {same(c): c for c in classes.counts} | {same(cell): c for cell, c in classes.cells.items()}
    said: dict[str, str] = {}
    for raw, label in mapping.items():
        found = known.get(same(raw))
        if found is None:
            raise DataError(f"--map-label {raw}={label}: {where} has no label {raw!r}",
                            f"its labels: {listed(classes.counts)}")
        if said.setdefault(found, label) != label:
            raise DataError(f"--map-label says both {found}={said[found]} and {raw}={label}", "say it once")
    return said


def _stars(counts: Mapping[str, int], column: str) -> Meaning | None:
    stars = stars_of(counts, column)
    if stars is None:
        return None
    names = {label: NEGATIVE if n < 3 else POSITIVE for label, n in stars.items() if n != 3}
    left = {label: "of 3 stars" for label, n in stars.items() if n == 3}
    return Meaning(names, "stars: 1-2 negative, 4-5 positive" + (", 3 left out" if left else ""), left,
                   f"--map-label {shell(f'{next(iter(left))}=neutral')} keeps the 3" if left else "")


def sentiment(counts: Mapping[str, int], column: str) -> Meaning | None:
    """Classes that are words for negative, neutral and positive, or signs for them in a column that is named so."""
    tables = [SENTIMENT, {**SENTIMENT, **OPPOSITES}]
    if plain_name(column) in SENTIMENT_NAMES or last_part(column) in SENTIMENT_NAMES:
        tables.append({**SENTIMENT, **OPPOSITES, **SIGNS})
    for table in tables:
        meant = {label: table.get(same(label)) for label in counts}
        if table is not SENTIMENT and {same(label) for label in counts} == {"-1", "0", "1"}:
            meant = {label: {"-1": NEGATIVE, "0": NEUTRAL, "1": POSITIVE}[same(label)] for label in counts}
        names = {label: word for label, word in meant.items() if word}
        if len(names) == len(counts) and {NEGATIVE, POSITIVE} <= set(names.values()) and \
                (table is SENTIMENT or len(set(names.values())) == len(names)):
            pairs = ", ".join(f"{c} = {name}" for c, name in sorted(names.items()) if same(c) != name)
            return Meaning(names, pairs or "as they stand")
    return None


def _cut(counts: Mapping[str, int], threshold: float, column: str, where: str) -> Meaning:
    numbers = {label: rating_of(label) for label in counts}
    names = {label: NEGATIVE if n < threshold else POSITIVE for label, n in numbers.items()
             if n is not None and n != threshold}
    if not set(names.values()) >= {NEGATIVE, POSITIVE}:
        values = sorted(n for n in numbers.values() if n is not None)
        hint = f"its numbers: {values[0]:g} to {values[-1]:g}" if values else f"its labels: {listed(counts)}"
        raise DataError(f"--rating-threshold {threshold:g}: {column!r} of {where} has no numbers "
                        f"{'on both sides of it' if values else 'at all'}", hint)
    left = {label: "that are no number" if n is None else f"of {threshold:g}" for label, n in numbers.items()
            if label not in names}
    return Meaning(names, f"below {threshold:g} negative, above it positive", left)


def _refuse_what_is_no_class(counts: Mapping[str, int], rows: int, column: str, where: str, *, named: bool) -> None:
    if len(counts) > 1 and are_dates(counts):
        raise DataError(f"{where}: {column!r} holds dates, such as {next(iter(counts))}, and no classes",
                        "name another column with --label-column")
    limits = looks_like_rating(counts)
    if limits:
        raise DataError(f"{where}: {column!r} has {len(counts)} different numbers from {limits[0]:g} to {limits[1]:g}: "
                        "it looks like a rating, not like classes",
                        f"--rating-threshold {middle(*limits)} makes those below it negative, those above it positive")
    most = MOST_CLASSES if named and len(counts) * 2 <= rows else MOST_UNASKED
    if len(counts) > most:
        if not named and len(counts) <= MOST_CLASSES and len(counts) * 2 <= rows:
            hint = f"if they are classes, say so with --label-column {shell(column)}"
        else:
            hint = "name the right column with --label-column"
        if all(rating_of(label) is not None for label in counts):
            numbers = [rating_of(label) or 0.0 for label in counts]
            hint = f"if they are ratings, --rating-threshold {middle(min(numbers), max(numbers))} cuts them in two"
        raise DataError(f"{where}: {column!r} has {len(counts):,} different values, more than {most:,} classes", hint)


def _hint(counts: Mapping[str, int], column: str) -> str:
    """How to say that classes mean something else, in the words that are typed."""
    signs = all(same(c) in SIGNS for c in counts)
    pair = sorted(counts, key=lambda c: (signs and SIGNS[same(c)] == POSITIVE, rating_of(c) or 0.0))
    if len(counts) == 2 and all(same(c) in SIGNS or rating_of(c) is not None for c in counts):
        low, high = (shell(f"{c}={meant}") for c, meant in zip(pair, (NEGATIVE, POSITIVE), strict=True))
        return f"if they mean sentiment: --map-label {low} --map-label {high}"
    numbers = [n for n in map(rating_of, counts) if n is not None]
    if len(numbers) == len(counts) > 2 and is_rating_name(column):
        return f"if they are ratings: --rating-threshold {middle(min(numbers), max(numbers))}"
    return HOW


def listed(counts: Mapping[str, int]) -> str:
    """Classes with their rows, the most frequent first: `billing 120, delivery 80`."""
    shown = ", ".join(f"{name[:40]} {count:,}" for name, count in list(counts.items())[:SHOWN])
    return shown + (f", and {len(counts) - SHOWN} more" if len(counts) > SHOWN else "")
