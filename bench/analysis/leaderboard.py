"""Records become a leaderboard: baselines by budgets, with gain over training from scratch, spread and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from bench.analysis.boards import BoardKey, BoardRecords, RowKey, boards_of, only_row_of
from bench.core.budget import NO_LABELS, Budget, in_order
from bench.results.record import Leading, Record

SCRATCH = "scratch"


@dataclass(frozen=True)
class Cell:
    """One baseline at one budget: means over the seeds, or None where not all of them succeeded.

    `of` is 0 where the baseline needs labels and the budget has none: there is no such trial.
    """

    done: int
    of: int
    leading: float | None = None  # the leaderboard's leading score: accuracy, or balanced accuracy
    spread: float | None = None  # its standard deviation over seeds; None for one seed
    auc: float | None = None
    accuracy: float | None = None
    balanced: float | None = None
    gain: float | None = None  # points of the leading score over scratch, paired by seed; None without scratch
    adapt: float | None = None  # seconds
    fallbacks: int = 0  # seeds whose labelled texts had one class, so that the class shares were predicted


@dataclass(frozen=True)
class Leaderboard:
    """All rows of one target and source: each a strategy with its settings, named as `boards.row_names` says."""

    target: str
    source: str
    net: str
    engine: str
    device: str
    budgets: tuple[Budget, ...]
    rows: tuple[str, ...]  # the best mean score first
    cells: Mapping[tuple[str, Budget], Cell]
    n_test: int
    pretrain: float  # seconds to train the base
    sizes: Mapping[Budget, int]  # labels of each budget
    failed: tuple[str, ...]
    leading: Leading
    content_sha256: str  # of the target's texts and labels
    key: BoardKey  # all that its trials share
    variant: str  # what tells it from other leaderboards of the same target, source, net, engine and device
    row_keys: Mapping[str, RowKey]  # strategy, settings and version, by name of the row

    @property
    def title(self) -> str:
        """One line that says what is compared."""
        title = f"{self.target} from {self.source} · {self.net} · {self.engine} on {self.device}"
        return f"{title} · {self.variant}" if self.variant else title

    @property
    def zero(self) -> str | None:
        """The row that gains are counted from; None where there is no one row of scratch."""
        return only_row_of(SCRATCH, self.rows)


def leaderboards(records: Sequence[Record]) -> list[Leaderboard]:
    """One leaderboard for each `BoardKey`: target and source by content, network, base, engine, device."""
    return [leaderboard_of(board) for board in boards_of(records)]


def leaderboard_of(board: BoardRecords) -> Leaderboard:
    """The leaderboard of some records; runs with another base seed or head seed serve the variance components alone."""
    group = [r for r in board.records if not r.base_seed and r.head_seed is None] or board.records
    budgets = tuple(in_order({r.budget for r in group}))
    seeds = {b: {r.seed for r in group if r.budget == b} for b in budgets}
    succeeded = {(r.baseline, r.budget, r.seed): r for r in group if r.status == "ok"}
    baselines = sorted({r.baseline for r in group})
    leading = group[0].leading
    scratch = only_row_of(SCRATCH, baselines) or SCRATCH
    tried = {(r.baseline, r.budget) for r in group}
    cells = {(name, b): _cell(name, b, seeds[b], succeeded, leading, scratch)
             if b != NO_LABELS or (name, b) in tried else Cell(0, 0) for name in baselines for b in budgets}

    compared = [b for b in budgets if b != NO_LABELS] or budgets

    def order(name: str) -> tuple[float, str]:
        known = [c.leading for b in compared if (c := cells[name, b]).leading is not None]
        return (-mean(known) if len(known) == len(compared) else 1.0, name)

    first = group[0]
    return Leaderboard(
        str(first.target), first.source, first.net, first.engine, first.device, budgets,
        tuple(sorted(baselines, key=order)), cells, max((r.n_test for r in group), default=0),
        max((r.seconds.get("pretrain", 0.0) for r in group), default=0.0),
        {b: max((r.n_train for r in group if r.budget == b), default=0) for b in budgets},
        tuple(f"{r.baseline}, {r.budget} labels, seed {r.seed}: {r.error}" for r in group if r.status != "ok"), leading,
        first.content_sha256, board.key, board.variant, board.rows)


def _cell(name: str, budget: Budget, seeds: set[int], succeeded: Mapping[tuple[str, Budget, int], Record],
          leading: str, scratch_row: str) -> Cell:
    """No mean is taken over missing seeds."""
    records = [succeeded[name, budget, s] for s in sorted(seeds) if (name, budget, s) in succeeded]
    fallbacks = sum(bool(r.fallback) for r in records)
    if len(records) < len(seeds):
        return Cell(len(records), len(seeds), fallbacks=fallbacks)
    scratch = [succeeded[scratch_row, budget, s] for s in sorted(seeds) if (scratch_row, budget, s) in succeeded]
    scores = _known(records, leading)
    gain = None
    if name != scratch_row and len(scratch) == len(records):
        gain = 100 * mean(a - b for a, b in zip(scores, _known(scratch, leading), strict=True))
    auc = _known(records, "auc")
    return Cell(len(records), len(seeds), mean(scores), stdev(scores) if len(scores) > 1 else None,
                mean(auc) if len(auc) == len(records) else None, mean(_known(records, "accuracy")),
                mean(_known(records, "balanced_accuracy")), gain, mean(r.seconds.get("adapt", 0.0) for r in records),
                fallbacks)


def _known(records: Sequence[Record], score: str) -> list[float]:
    return [value for r in records if (value := getattr(r, score)) is not None]
