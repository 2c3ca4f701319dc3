"""What a strategy is a mean of: the members and weights of its records, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean

from bench.results.record import Record

SAME = 0.005  # difference between two weights that is not said


def mean_weights(records: Iterable[Record]) -> dict[str, float]:
    """The mean weight of each member over records of one row and budget, in the order of the first that has it."""
    weights = [record.members for record in records if record.members]
    return {name: fmean(of_record.get(name, 0.0) for of_record in weights)
            for name in dict.fromkeys(name for of_record in weights for name in of_record)}


def in_words(weights: Mapping[str, float]) -> str:
    """Such as `the mean of gradual and tfidf-joint`, or `60% tfidf-joint and 40% gradual`; empty without members."""
    if not weights:
        return ""
    if max(weights.values()) - min(weights.values()) < SAME:
        return f"the mean of {listed(list(weights))}" if len(weights) > 1 else f"{next(iter(weights))} alone"
    heaviest_first = sorted(weights, key=lambda name: -weights[name])
    counted = [f"{weights[name]:.0%} {name}" for name in heaviest_first if weights[name] >= SAME]
    return f"the mean of {listed(counted)}" if len(counted) > 1 else f"{heaviest_first[0]} alone"


def listed(names: list[str], word: str = "and") -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
