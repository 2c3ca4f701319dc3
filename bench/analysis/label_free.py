"""Which rows of a leaderboard use no label of the target: one and the same answer at every budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.analysis.boards import RowKey
from bench.analysis.predictions import TestPredictions

BY_NAME = ("source-only", "tfidf-source")  # known to use none, also where there is one budget alone


def label_free_rows(predictions: Sequence[TestPredictions], rows: Mapping[str, RowKey]) -> tuple[str, ...]:
    """The rows that predict the same, text for text, at every budget and with every seed; two budgets or more show it.

    A row that gives all texts one answer (`majority`) is not among them: it knows the class shares of the labels.
    """
    of_row: dict[str, list[TestPredictions]] = {}
    for cell in predictions:
        of_row.setdefault(cell.baseline, []).append(cell)
    return tuple(name for name, cells in of_row.items()
                 if rows[name].strategy in BY_NAME or (len(cells) > 1 and _is_one_answer(cells)))


def _is_one_answer(cells: Sequence[TestPredictions]) -> bool:
    first = cells[0].probabilities[0]
    return bool(np.ptp(first, axis=0).any()) and all(np.array_equal(model, first) for cell in cells
                                                     for model in cell.probabilities)
