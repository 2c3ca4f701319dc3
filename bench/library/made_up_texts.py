"""Made-up texts of plain words: small tasks on which a strategy is tried, each of another kind, the same every time."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FILLERS = ("the", "room", "was", "and", "we", "had", "it", "for", "with", "day", "place", "time", "thing", "our",
           "there", "then", "week", "one", "house", "city", "after", "before", "people", "way", "part", "also")
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "negative": ("terrible", "awful", "boring", "dirty", "broken", "bad", "worst", "ugly"),
    "positive": ("wonderful", "excellent", "lovely", "clean", "great", "perfect", "best", "beautiful"),
    "delivery": ("parcel", "courier", "shipped", "box", "arrived", "post"),
    "price": ("cheap", "expensive", "money", "bill", "cost", "paid"),
    "staff": ("waiter", "manager", "polite", "helpful", "clerk", "nurse")}
SOURCE, EVEN, UNEVEN, NEW = "made-up-source", "even", "uneven", "new-labels"
SHARES: Mapping[str, Mapping[str, float]] = {
    SOURCE: {"negative": 0.5, "positive": 0.5}, EVEN: {"negative": 0.5, "positive": 0.5},
    UNEVEN: {"negative": 0.1, "positive": 0.9}, NEW: {"delivery": 0.6, "price": 0.33, "staff": 0.07}}
TRAINING, TEST = 240, 80  # texts of each task
KEPT = TEST // 2  # test texts that the two variants of a task share


def write(folder: Path, variant: int = 0) -> Path:
    """Write the tasks as cards and CSV files into `folder`; another `variant` has half of its test texts replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, shares) in enumerate(SHARES.items()):
        rows = [(text, label, "train") for text, label in _texts(shares, TRAINING, (number, 0))]
        test = _texts(shares, TEST, (number, 1))
        if variant:
            test = [*test[:KEPT], *_texts(shares, TEST, (number, 1 + variant))[KEPT:]]
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label", "split"), *rows, *((*row, "test") for row in test)])
        (folder / f"{name}.toml").write_text(_card(name, list(shares), min(shares.values()) < 0.2), encoding="utf-8")
    return folder


def _texts(shares: Mapping[str, float], count: int, seed: Sequence[int]) -> list[tuple[str, str]]:
    """Texts and their labels in turns of the shares; each has eight to sixteen fillers and two words of its label."""
    generator = np.random.default_rng(seed)
    names = list(shares)
    edges = np.cumsum(list(shares.values()))
    rows = []
    for number in range(count):
        label = names[int(np.searchsorted(edges, (number * 0.61803398875) % 1.0))]  # evenly spread
        words = [*generator.choice(FILLERS, generator.integers(8, 17)), *generator.choice(SIGNALS[label], 2)]
        rows.append((" ".join(generator.permutation(words)), label))
    return rows


def _card(name: str, labels: list[str], imbalanced: bool) -> str:
    return f"""name = "{name}"
title = "Made-up texts"
labels = {labels}
imbalanced = {str(imbalanced).lower()}

[[editions]]
name = "made-up"
test = "official"

[[editions.routes]]
from = "directory"
file = "{name}.csv"
reader = "csv"
"""
