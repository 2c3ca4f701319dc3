"""Records become a leaderboard: baselines by budgets, with gain over training from scratch, spread and coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from bench.core.budget import Budget, in_order
from bench.results.record import Record
from bench.results.record_files import latest

SCRATCH = "scratch"


@dataclass(frozen=True)
class Cell:
    """One baseline at one budget: means over the seeds, or None where not all of them succeeded."""

    done: int
    of: int
    leading: float | None = None  # the leaderboard's leading score: accuracy, or balanced accuracy
    spread: float | None = None  # its standard deviation over seeds; None for one seed
    auc: float | None = None
    accuracy: float | None = None
    balanced: float | None = None
    gain: float | None = None  # points of the leading score over scratch, paired by seed; None without scratch
    adapt: float | None = None  # seconds


@dataclass(frozen=True)
class Leaderboard:
    """All baselines of one target edition, source, net, engine and device."""

    target: str
    source: str
    net: str
    engine: str
    device: str
    budgets: tuple[Budget, ...]
    rows: tuple[str, ...]  # baselines, the best mean score first
    cells: Mapping[tuple[str, Budget], Cell]
    n_test: int
    pretrain: float  # seconds to train the base
    sizes: Mapping[Budget, int]  # labels of each budget
    failed: tuple[str, ...]
    leading: str = "accuracy"
    content_sha256: str = ""  # of the target's texts and labels

    @property
    def title(self) -> str:
        """One line that says what is compared."""
        return f"{self.target} from {self.source} · {self.net} · {self.engine} on {self.device}"


def leaderboards(records: Sequence[Record]) -> list[Leaderboard]:
    """One leaderboard for each target edition (content hash), source, net, engine and device; they never mix."""
    return [leaderboard_of(group) for group in group_records(records)]


def group_records(records: Sequence[Record]) -> list[list[Record]]:
    """The records of each leaderboard, without those of an older base: they do not mix."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for r in latest(records):
        groups[(r.task, r.edition, r.content_sha256, r.source, r.net, r.engine, r.device)].append(r)
    out = []
    for _, group in sorted(groups.items()):
        newest = {r.base_seed: r.base for r in group if r.base}
        out.append([r for r in group if r.base in ("", newest.get(r.base_seed, ""))])
    return out


def leaderboard_of(group: Sequence[Record]) -> Leaderboard:
    """The leaderboard of one group; runs with another base seed or head seed serve the variance components alone."""
    group = [r for r in group if not r.base_seed and r.head_seed is None] or group
    budgets = tuple(in_order({r.budget for r in group}))
    seeds = {b: {r.seed for r in group if r.budget == b} for b in budgets}
    succeeded = {(r.baseline, r.budget, r.seed): r for r in group if r.status == "ok"}
    baselines = sorted({r.baseline for r in group})
    leading = group[0].leading
    cells = {(name, b): _cell(name, b, seeds[b], succeeded, leading) for name in baselines for b in budgets}

    def order(name: str) -> tuple[float, str]:
        known = [c.leading for b in budgets if (c := cells[name, b]).leading is not None]
        return (-mean(known) if len(known) == len(budgets) else 1.0, name)

    first = group[0]
    return Leaderboard(
        str(first.target), first.source, first.net, first.engine, first.device, budgets,
        tuple(sorted(baselines, key=order)), cells, max((r.n_test for r in group), default=0),
        max((r.seconds.get("pretrain", 0.0) for r in group), default=0.0),
        {b: max((r.n_train for r in group if r.budget == b), default=0) for b in budgets},
        tuple(f"{r.baseline}, {r.budget} labels, seed {r.seed}: {r.error}" for r in group if r.status != "ok"), leading,
        first.content_sha256)


def _cell(name: str, budget: Budget, seeds: set[int], succeeded: Mapping[tuple[str, Budget, int], Record],
          leading: str) -> Cell:
    """No mean is taken over missing seeds."""
    records = [succeeded[name, budget, s] for s in sorted(seeds) if (name, budget, s) in succeeded]
    if len(records) < len(seeds):
        return Cell(len(records), len(seeds))
    scratch = [succeeded[SCRATCH, budget, s] for s in sorted(seeds) if (SCRATCH, budget, s) in succeeded]
    scores = _known(records, leading)
    gain = None
    if name != SCRATCH and len(scratch) == len(records):
        gain = 100 * mean(a - b for a, b in zip(scores, _known(scratch, leading), strict=True))
    auc = _known(records, "auc")
    return Cell(len(records), len(seeds), mean(scores), stdev(scores) if len(scores) > 1 else None,
                mean(auc) if len(auc) == len(records) else None, mean(_known(records, "accuracy")),
                mean(_known(records, "balanced_accuracy")), gain, mean(r.seconds.get("adapt", 0.0) for r in records))


def _known(records: Sequence[Record], score: str) -> list[float]:
    return [value for r in records if (value := getattr(r, score)) is not None]
