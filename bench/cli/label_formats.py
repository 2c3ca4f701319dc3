"""How `bench predict` prints texts with their labels: as a table, as CSV, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDE = 4  # classes; with more, a table shows only the most probable ones
SHOWN = 3  # of them


@dataclass(frozen=True)
class LabelFormat:
    """A head line (empty: none), and what makes lines of texts and their probabilities [n, classes]."""

    head: str
    rows: Callable[[Sequence[str], NDArray[np.float32]], list[str]]


def table(labels: Sequence[str]) -> LabelFormat:
    """Aligned columns; with more than four classes, the three most probable ones."""
    import shutil

    from bench.data.text import clean

    names = [clean(label) or "?" for label in labels]
    longest = max(5, *(len(name) for name in names))
    columns = shutil.get_terminal_size((120, 24)).columns

    def rows(texts: Sequence[str], probabilities: NDArray[np.float32]) -> list[str]:
        lines = []
        for text, row in zip(texts, probabilities, strict=True):
            best = (-row).argsort(kind="stable")
            if len(names) <= WIDE:
                cells = "  ".join(f"{p:>{max(5, len(name))}.3f}" for name, p in zip(names, row, strict=True))
                start = f"{names[best[0]]:<{longest}}  {cells}  "
            else:
                start = "  ".join(f"{names[i]:<{longest}} {row[i]:.3f}" for i in best[:SHOWN]) + "  "
            text, room = clean(text), max(20, columns - len(start))
            lines.append(start + (text if len(text) <= room else text[: room - 1] + "…"))
        return lines

    if len(names) <= WIDE:
        heads = "  ".join(f"{name:>{max(5, len(name))}}" for name in names)
        return LabelFormat(f"{'label':<{longest}}  {heads}  text", rows)
    return LabelFormat(f"{'most probable':<{SHOWN * (longest + 8)}}text", rows)


def csv(labels: Sequence[str]) -> LabelFormat:
    """The columns text, label, and p_LABEL for every class."""
    import csv
    import io

    def line(cells: Sequence[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(cells)
        return buffer.getvalue()

    def rows(texts: Sequence[str], probabilities: NDArray[np.float32]) -> list[str]:
        return [line([text, labels[row.argmax()], *(f"{p:.6f}" for p in row)])
                for text, row in zip(texts, probabilities, strict=True)]

    return LabelFormat(line(["text", "label", *(f"p_{label}" for label in labels)]), rows)


def jsonl(labels: Sequence[str]) -> LabelFormat:
    """One object per text, with `text`, `label` and `probabilities`."""
    def rows(texts: Sequence[str], probabilities: NDArray[np.float32]) -> list[str]:
        return [json.dumps({"text": text, "label": labels[row.argmax()],
                            "probabilities": {label: round(float(p), 6) for label, p in zip(labels, row, strict=True)}},
                           ensure_ascii=False) for text, row in zip(texts, probabilities, strict=True)]

    return LabelFormat("", rows)


FORMATS: Mapping[str, Callable[[Sequence[str]], LabelFormat]] = {"table": table, "csv": csv, "jsonl": jsonl}
