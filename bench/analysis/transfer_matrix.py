"""The transfer matrix: each source by each target, for one baseline at one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.leaderboard import boards
from bench.core.budget import FULL, Budget
from bench.core.errors import BenchError
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
        labels = "all labels" if self.budget == FULL else f"{self.budget} target labels"
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






