"""The transfer matrix: each source by each target, for one baseline at one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.leaderboard import boards
from bench.core import store
from bench.core.budget import Budget
from bench.core.errors import BenchError, MissingExtra
from bench.results.record import Record


@dataclass(frozen=True)
class Matrix:
    """Mean accuracies over seeds; None where a pair was not run or is not complete."""

    baseline: str
    budget: Budget
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    accuracy: tuple[tuple[float | None, ...], ...]  # [sources][targets]

    @property
    def title(self) -> str:
        """One line that says what is shown."""
        labels = "all labels" if self.budget == "full" else f"{self.budget} target labels"
        return f"{self.baseline}, {labels}: accuracy on the target's test set"


def matrix(records: Sequence[Record], baseline: str, budget: Budget) -> Matrix:
    """The matrix of the records; `BenchError` where they hold fewer than two sources for that cell."""
    cells: dict[tuple[str, str], float | None] = {}
    for board in boards(records):
        cell = board.cells.get((baseline, budget))
        if cell:
            cells[board.source, board.target] = cell.accuracy
    sources, targets = (tuple(sorted({pair[i] for pair in cells})) for i in (0, 1))
    if len(sources) < 2:
        raise BenchError(f"no matrix for {baseline} at {budget} labels: records of {len(sources)} source(s)",
                         "bench run --source A --source B --target C …, or --source all --target all")
    values = tuple(tuple(cells.get((s, t)) for t in targets) for s in sources)
    return Matrix(baseline, budget, sources, targets, values)


def cells_at_hand(records: Sequence[Record]) -> list[tuple[str, Budget]]:
    """Baselines and budgets for which the records hold two sources or more, those that use a base first."""
    found: dict[tuple[str, Budget], set[str]] = {}
    based: set[str] = set()
    for board in boards(records):
        for (name, budget), cell in board.cells.items():
            if cell.accuracy is not None:
                found.setdefault((name, budget), set()).add(board.source)
    based = {r.baseline for r in records if r.base}
    return [key for key, sources in found.items() if len(sources) > 1 and key[0] in based]


def markdown(found: Matrix) -> str:
    """The matrix as Markdown: a row a source, a column a target."""
    from tabulate import tabulate

    body = [[source, *("–" if v is None else f"{v:.3f}" for v in row)]
            for source, row in zip(found.sources, found.accuracy, strict=True)]
    head = ["source \\ target", *found.targets]
    table = tabulate(body, head, tablefmt="github", disable_numparse=True)
    return f"## {found.title}\n\n{table}\n"


def write(folder: Path, found: Matrix) -> list[Path]:
    """Write `matrix-BASELINE-BUDGET.md`, and as a heat map .png and .svg where matplotlib is installed."""
    stem = folder / "leaderboards" / f"matrix-{found.baseline}-{found.budget}"
    store.put(stem.with_suffix(".md"), markdown(found))
    written = [stem.with_suffix(".md")]
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
    import numpy as np

    values = np.array([[np.nan if v is None else v for v in row] for row in found.accuracy])
    short = [[name.split("@")[0] for name in names] for names in (found.sources, found.targets)]
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
