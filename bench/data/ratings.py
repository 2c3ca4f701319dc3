"""Ratings: numbers and stars in a label column, and where they are cut into negative and positive."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench.data.columns import last_part, plain_name
from bench.data.vocabulary import RATING_NAMES, TOPIC_NAMES

STAR = "(?:stars?|sterne?|étoiles?|estrellas?|estrelas?|stell[ae]|звезд[аы]?|звёзд[аы]?|звезда|星)"
NUMBER = re.compile(r"(?:rated\s+)?([-+]?\d+(?:\.\d+|,\d{1,2})?)"
                    rf"(?:\s*(?:%|{STAR}|★+|/\s*\d+|out of \d+(?:\s*{STAR})?))?", re.IGNORECASE)
STARS = re.compile("([★⭐]+)[☆✩]*")
SAID = re.compile(rf"{STAR}$|[★⭐]|/\s*5$|out of 5", re.IGNORECASE)  # a value that says itself that it is of five stars
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?: .*)?")
FEW = 5  # different decimal numbers up to which they can be classes


def is_rating_name(column: str) -> bool:
    """Whether a column is called as ratings are."""
    return plain_name(column) in RATING_NAMES or last_part(column) in RATING_NAMES


def rating_of(label: str) -> float | None:
    """The number that a label is: `4`, `4,5`, `4 stars`, `4/5`, `4.0 out of 5 stars`, `★★★★☆`; else None."""
    text = label.strip()
    drawn = STARS.fullmatch(text)
    if drawn:
        return float(len(drawn[1].replace("\ufe0f", "")))
    number = NUMBER.fullmatch(text)
    return float(number[1].replace(",", ".")) if number else None


def stars_of(labels: Iterable[str], column: str) -> dict[str, int] | None:
    """Each label's stars, 1 to 5, where the labels are stars; else None.

    They are where all five occur, or where the column or the labels say so and there are low, high and full marks.
    """
    labels = list(labels)
    numbers = {label: rating_of(label) for label in labels}
    stars = {label: int(n) for label, n in numbers.items() if n in (1, 2, 3, 4, 5)}
    marks = set(stars.values())
    if len(stars) < len(labels):
        return None
    said = all(SAID.search(label) for label in labels) or "star" in plain_name(column)
    named = said or (is_rating_name(column) and 5 in marks)
    topic = plain_name(column) in TOPIC_NAMES or last_part(column) in TOPIC_NAMES
    return stars if (marks == {1, 2, 3, 4, 5} and not topic) or (named and marks & {1, 2} and marks & {4, 5}) else None


def looks_like_rating(labels: Iterable[str]) -> tuple[float, float] | None:
    """The least and the greatest of many numbers that can be no classes; else None."""
    numbers = [rating_of(label) for label in labels]
    values = {n for n in numbers if n is not None}
    if len(values) < len(numbers) or not values:
        return None
    decimal = any(n != int(n) for n in values)
    return (min(values), max(values)) if decimal and len(values) > FEW else None


def middle(low: float, high: float) -> str:
    """The number half-way between two, as it is typed."""
    return f"{round((low + high) / 2, 2):g}"


def are_dates(labels: Iterable[str]) -> bool:
    """Whether all labels are dates."""
    return all(DATE.fullmatch(label) for label in labels)
