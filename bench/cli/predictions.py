"""What `bench predict` writes: a table for people, CSV that reads back row for row, or JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDE = 4  # classes, beyond which a table shows the most probable ones alone
PLAIN = re.compile(r"[\w.\-]+(?: [\w.\-]+)*")  # a cell that no reader takes for more than its characters
Shape = Callable[[Sequence[str], "NDArray[np.float32]"], list[str]]  # texts and probabilities [n, classes] as lines


def quoted(text: str) -> str:
    """A text as a cell of a CSV file, always quoted.

    The standard library's writer leaves line ends unquoted before Python 3.11.9 and 3.12.3 where `lineterminator` does
    not hold them (https://github.com/python/cpython/issues/67230).
    """
    return '"' + text.replace('"', '""') + '"'


def name_cell(name: str) -> str:
    """A label or the name of a column as a cell, quoted unless it is plain."""
    return name if PLAIN.fullmatch(name) else quoted(name)


def table_shape(labels: Sequence[str]) -> tuple[str, Shape]:
    """Aligned columns; beyond four classes the three most probable ones."""
    import shutil

    from bench.data.text import clean

    names = [clean(label) or "?" for label in labels]
    width = max(len(name) for name in names)
    across = shutil.get_terminal_size((120, 24)).columns

    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        out = []
        for text, row in zip(texts, p, strict=True):
            best = (-row).argsort(kind="stable")
            if len(names) <= WIDE:
                cells = "  ".join(f"{v:>{max(5, len(n))}.3f}" for n, v in zip(names, row, strict=True))
            else:
                cells = "  ".join(f"{names[i]:<{width}} {row[i]:.3f}" for i in best[:3])
            start = f"{names[best[0]]:<{width}}  {cells}  " if len(names) <= WIDE else f"{cells}  "
            text, room = clean(text), max(20, across - len(start))
            out.append(start + (text if len(text) <= room else text[: room - 1] + "…"))
        return out

    if len(names) <= WIDE:
        heads = "  ".join(f"{n:>{max(5, len(n))}}" for n in names)
        return f"{'label':<{max(width, 5)}}  {heads}  text", shape
    return f"{'most probable':<{3 * (width + 8)}}text", shape


def csv_shape(labels: Sequence[str]) -> tuple[str, Shape]:
    """text, label, and p_LABEL for every class."""
    cells = [name_cell(label) for label in labels]

    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        return [",".join([quoted(text), cells[row.argmax()], *(f"{v:.6f}" for v in row)])
                for text, row in zip(texts, p, strict=True)]

    return ",".join(["text", "label", *(name_cell(f"p_{label}") for label in labels)]), shape


def jsonl_shape(labels: Sequence[str]) -> tuple[str, Shape]:
    """One object per text, with `text`, `label` and `probabilities`."""
    def shape(texts: Sequence[str], p: NDArray[np.float32]) -> list[str]:
        return [json.dumps({"text": text, "label": labels[row.argmax()],
                            "probabilities": {name: round(float(v), 6) for name, v in zip(labels, row, strict=True)}},
                           ensure_ascii=False) for text, row in zip(texts, p, strict=True)]

    return "", shape


SHAPES: Mapping[str, Callable[[Sequence[str]], tuple[str, Shape]]] = {
    "table": table_shape, "csv": csv_shape, "jsonl": jsonl_shape}


def beside(format: str, names: Sequence[str], shape: tuple[str, Shape]) -> tuple[str, Callable[..., list[str]]]:
    """The shape with the cells of kept columns before the rest; its function takes them after the probabilities.

    Without kept columns it is the shape as it was. A kept column that is called as one of the prediction's own is
    called `input_NAME`.
    """
    head, shaped = shape
    own = {"text", "label", "probabilities", *(cell.strip('"') for cell in head.split(","))}
    shown = [f"input_{name}" if name in own else name for name in names]

    if not names:
        return head, lambda texts, p, kept: shaped(texts, p)

    def line(row: str, cells: Sequence[str | None]) -> str:
        if format == "jsonl":
            pairs = [f"{json.dumps(n, ensure_ascii=False)}: {json.dumps(c, ensure_ascii=False)}"
                     for n, c in zip(shown, cells, strict=True)]
            return "{" + ", ".join([*pairs, row[1:]])
        return ",".join([*("" if c is None else name_cell(c) for c in cells), row])

    def rows(texts: Sequence[str], p: NDArray[np.float32], kept: Sequence[Sequence[str | None]]) -> list[str]:
        return [line(row, cells) for row, cells in zip(shaped(texts, p), kept, strict=True)]

    return (",".join([*map(name_cell, shown), head]) if head else ""), rows
