"""The transfer matrix: every source by every target, for one baseline at one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.leaderboard import leaderboards
from bench.core.budget import Budget
from bench.core.errors import BenchError
from bench.results.record import Record


@dataclass(frozen=True)
class TransferMatrix:
    """Mean scores over seeds; None where a pair was not run or is not complete."""

    baseline: str
    budget: Budget
    sources: tuple[str, ...]  # with what tells two leaderboards of one source and target apart
    targets: tuple[str, ...]
    scores: tuple[tuple[float | None, ...], ...]  # [sources][targets], the leading score of each target
    leading: Mapping[str, str]  # accuracy or balanced_accuracy, by target


def transfer_matrix(records: Sequence[Record], baseline: str, budget: Budget) -> TransferMatrix:
    """The matrix of the records; `BenchError` where they hold fewer than two sources for this baseline and budget."""
    scores: dict[tuple[str, str], float | None] = {}
    leading: dict[str, str] = {}
    of_source: set[str] = set()
    for board in leaderboards(records):
        cell = board.cells.get((baseline, budget))
        if cell and cell.of:
            of_source.add(board.source)
            source = f"{board.source} · {board.variant}" if board.variant else board.source
            scores[source, board.target] = cell.leading
            leading[board.target] = board.leading
    sources, targets = (tuple(sorted({pair[i] for pair in scores})) for i in (0, 1))
    if len(of_source) < 2:
        raise BenchError(f"no transfer matrix for {baseline} at {budget} labels: the records have {len(of_source)} "
                         "source(s)", "bench run --source A --source B --target C …, or --source all --target all")
    rows = tuple(tuple(scores.get((s, t)) for t in targets) for s in sources)
    return TransferMatrix(baseline, budget, sources, targets, rows, leading)


def possible_matrices(records: Sequence[Record]) -> list[tuple[str, Budget]]:
    """Baselines that use a base, and budgets, for which the records hold two sources or more."""
    sources: dict[tuple[str, Budget], set[str]] = {}
    with_base = {r.baseline for r in records if r.base}
    for board in leaderboards(records):
        for (name, budget), cell in board.cells.items():
            if cell.leading is not None and board.row_keys[name].strategy in with_base:
                sources.setdefault((name, budget), set()).add(board.source)
    return [key for key, have in sources.items() if len(have) > 1]
