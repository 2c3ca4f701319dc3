"""Pictures of an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.analysis.across_targets import Across
from bench.analysis.calibration import Calibration
from bench.analysis.transfer_matrix import Matrix
from bench.core import files
from bench.core.errors import BenchError, MissingExtra
from bench.core.names import TaskRef


def reliability_diagram(found: Sequence[Calibration], title: str, stem: Path) -> list[Path]:
    """The reliability curves of several baselines as STEM.png and .svg; returns the paths."""
    from bench.report.diagrams import canvas, save

    figure, axes = canvas(4.8, 4.6)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    for one in found:
        axes.plot([b.confidence for b in one.bins], [b.accuracy for b in one.bins], marker="o", markersize=3,
                  label=f"{one.baseline}: ECE {one.error:.3f}")
    low = min((b.confidence for one in found for b in one.bins), default=0.0)
    axes.set(xlim=(max(0.0, low - 0.05), 1.0), ylim=(0.0, 1.02), xlabel="probability given to the answer",
             ylabel="share of such answers that are right")
    axes.set_title(title, fontsize="medium", loc="left")
    axes.legend(fontsize="small", frameon=False)
    return save(figure, stem)


def rank_diagram(found: Across, stem: Path) -> list[Path]:
    """The critical-difference diagram as .png, .svg and .pdf."""
    from bench.report.diagrams import critical_difference

    ranked = [(p.baseline, p.mean_rank) for p in found.places if p.mean_rank is not None]
    if len(ranked) < 2 or found.critical is None:
        raise BenchError("a critical-difference diagram needs two baselines that have every target")
    return critical_difference([n for n, _ in ranked], [r for _, r in ranked], found.critical,
                               f"{found.budget} labels, {len(found.targets)} targets from {found.source}", stem)


def matrix_markdown(found: Matrix) -> str:
    """The matrix as Markdown: a row a source, a column a target."""
    from tabulate import tabulate

    body = [[source, *("–" if v is None else f"{v:.3f}" for v in row)]
            for source, row in zip(found.sources, found.accuracy, strict=True)]
    head = ["source \\ target", *found.targets]
    table = tabulate(body, head, tablefmt="github", disable_numparse=True)
    return f"## {found.title}\n\n{table}\n"


def write_matrix(folder: Path, found: Matrix) -> list[Path]:
    """Write `matrix-BASELINE-BUDGET.md`, and as a heat map .png and .svg where matplotlib is installed."""
    stem = folder / "leaderboards" / f"matrix-{found.baseline}-{found.budget}"
    written = [files.save_text(stem.with_suffix(".md"), matrix_markdown(found))]
    try:
        written += heat_map(found, stem)
    except MissingExtra:
        return written
    return written


def heat_map(found: Matrix, stem: Path) -> list[Path]:
    """Draw the matrix, every cell with its number; returns the .png and the .svg."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib, which draws the heat map,", "report") from None

    values = np.array([[np.nan if v is None else v for v in row] for row in found.accuracy])
    short = [[TaskRef.parse(name).task for name in names] for names in (found.sources, found.targets)]
    figure = Figure(figsize=(2.6 + 1.0 * len(short[1]), 1.9 + 0.55 * len(short[0])), layout="constrained")
    axes = figure.add_subplot()
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    image = axes.imshow(values, cmap="cividis", vmin=low, vmax=high, aspect="auto")
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            dark = not np.isnan(value) and (value - low) < 0.6 * (high - low)
            axes.text(j, i, "–" if np.isnan(value) else f"{value:.3f}", ha="center", va="center",
                      color="white" if dark else "black")
    axes.set_xticks(range(len(short[1])), short[1], rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(short[0])), short[0])
    axes.set_xlabel("target")
    axes.set_ylabel("source")
    axes.set_title(found.title, fontsize="medium", loc="left")
    figure.colorbar(image, label="accuracy")
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg")]
    for path in paths:
        figure.savefig(path, dpi=150)
    return paths
