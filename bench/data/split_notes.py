"""Sentences about the test set: of a file's column that marks it, and of a data set of the hub with splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bench.data.spelling import same
from bench.data.usable_rows import SPLITS, TEST, TRAIN

Cells = Mapping[str, Counter[str]]  # side of the split, in the spelling of `same` → its label cells with their rows


def of_column(column: str, cells: Cells, *, official: bool) -> list[str]:
    """What became of the column of a file that is called as one of splits is."""
    sides = {side: n.total() for side, n in cells.items()}
    if not official:
        shown = ", ".join(f"{side or 'empty'} {n:,}" for side, n in list(sides.items())[:6])
        return [f"the column {column!r} is not used, for it does not mark rows for training and for the test ({shown});"
                " a quarter is drawn as the test set"]
    test = sum(n for side, n in sides.items() if SPLITS.get(side) == TEST)
    notes = [f"the test set is what {column!r} marks as such, {test:,} rows"]
    return notes + [f"the {n:,} rows marked {side} are trained on" for side, n in sides.items()
                    if SPLITS.get(side) == TRAIN and not side.startswith("tr")]


def of_hub(splits: Mapping[str, int], cells: Cells, *, official: bool) -> list[str]:
    """What became of each split of the hub, given with its rows."""
    if len(splits) == 1:
        return [f"its only split is {next(iter(splits))!r}; a quarter is drawn as the test set"]
    labelled = {name: cells[same(name)].total() if same(name) in cells else 0 for name in splits}
    if not official:
        shown = ", ".join(f"{name} {rows:,}" + ("" if labelled[name] else " without labels")
                          for name, rows in list(splits.items())[:8])
        return [f"its splits ({shown}) are not a training set and a test set with labels; a quarter of all labelled "
                "rows is drawn as the test set"]
    notes = []
    for name, rows in splits.items():
        side = SPLITS.get(same(name))
        if not labelled[name]:
            notes.append(f"the split {name!r} is not used: none of its {rows:,} rows has a text and a label")
        elif side == TEST:
            notes.insert(0, f"the test set is its split {name!r}, {labelled[name]:,} labelled rows")
        elif side is None:
            notes.append(f"the split {name!r} ({rows:,} rows) is not used: it is neither for training nor for the test")
        elif name != TRAIN:
            notes.append(f"the {labelled[name]:,} labelled rows of the split {name!r} are trained on")
    return notes
