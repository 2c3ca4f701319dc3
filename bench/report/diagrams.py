"""Figures for statistics: a canvas, the files it is kept in, and the critical-difference diagram."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.errors import BenchError, MissingExtra


def canvas(width: float, height: float) -> tuple[Any, Any]:
    """A figure of so many inches and its axes; `MissingExtra` without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib, which draws the picture,", "report") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def save(figure: Any, stem: Path, suffixes: Sequence[str] = (".png", ".svg", ".pdf")) -> list[Path]:
    """Write the figure in each format; returns the paths."""
    paths = [stem.with_name(stem.name + suffix) for suffix in suffixes]
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path in paths:
            figure.savefig(path, dpi=150)
    except OSError as error:
        raise BenchError(f"cannot write {stem}: {error.strerror or error}", "choose --results-dir") from None
    return paths


def critical_difference(names: Sequence[str], ranks: Sequence[float], width: float, title: str,
                        stem: Path) -> list[Path]:
    """Demsar's (2006) diagram: baselines on an axis of mean ranks, bars join those within the critical difference."""
    order = sorted(range(len(names)), key=lambda i: ranks[i])
    half = (len(order) + 1) // 2
    figure, axes = canvas(7.5, 1.5 + 0.3 * (half + len(names) / 4))
    axes.set_axis_off()
    count = len(names)
    axes.plot([1, count], [0, 0], color="black", linewidth=1)
    for tick in range(1, count + 1):
        axes.plot([tick, tick], [0, 0.15], color="black", linewidth=1)
        axes.text(tick, 0.3, str(tick), ha="center", fontsize=9)
    bars = cliques([ranks[i] for i in order], width)
    room = 0.35 * len(bars)
    for level, (a, b) in enumerate(bars):
        y = -0.3 - 0.35 * level
        axes.plot([ranks[order[a]] - 0.03, ranks[order[b]] + 0.03], [y, y], color="tab:red", linewidth=3)
    for place, i in enumerate(order):
        left = place < half
        row = place if left else len(order) - 1 - place
        y = -0.6 - room - 0.5 * row
        edge = 0.6 if left else count + 0.4
        axes.plot([ranks[i], ranks[i], edge], [0, y, y], color="0.4", linewidth=0.8)
        axes.text(edge + (-0.05 if left else 0.05), y, f"{names[i]} ({ranks[i]:.2f})",
                  ha="right" if left else "left", va="center", fontsize=9)
    axes.plot([1, 1 + width], [0.95, 0.95], color="black", linewidth=1.5)
    axes.text(1 + width / 2, 1.1, f"critical difference {width:.2f}", ha="center", fontsize=9)
    axes.set_xlim(-count * 0.45, count * 1.45)
    axes.set_ylim(-1.0 - room - 0.5 * half, 1.8)
    axes.set_title(title, fontsize="medium", loc="left")
    return save(figure, stem)


def cliques(ranks: Sequence[float], width: float) -> list[tuple[int, int]]:
    """The longest runs of sorted ranks that span no more than `width`, as first and last place."""
    out: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(j for j in range(first, len(ranks)) if ranks[j] - ranks[first] <= width)
        if last > first and (not out or last > out[-1][1]):
            out.append((first, last))
    return out
