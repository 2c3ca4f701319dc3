"""Records become a leaderboard: baseline by budget, with gain over from-scratch, spread and coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from bench import cache
from bench.errors import BenchError
from bench.records import Record, latest
from bench.trial import FULL, Budget

SCRATCH = "scratch"


@dataclass(frozen=True)
class Cell:
    """One baseline at one budget: means over the seeds that all succeeded, or None."""

    done: int
    of: int
    leading: float | None = None  # the board's leading score: accuracy, or balanced accuracy
    spread: float | None = None  # its standard deviation over seeds; None for one seed
    auc: float | None = None
    accuracy: float | None = None
    balanced: float | None = None
    gain: float | None = None  # points of the leading score over scratch, paired by seed; None without it
    adapt: float | None = None  # seconds


@dataclass(frozen=True)
class Board:
    """The leaderboard of one target edition, source, net, engine and device."""

    target: str
    source: str
    net: str
    engine: str
    device: str
    budgets: tuple[Budget, ...]
    rows: tuple[str, ...]  # baselines, best mean accuracy first
    cells: Mapping[tuple[str, Budget], Cell]
    n_test: int
    pretrain: float  # seconds that the base took
    sizes: Mapping[Budget, int]
    failed: tuple[str, ...]
    leading: str = "accuracy"

    @property
    def title(self) -> str:
        """One line that says what is compared."""
        return f"{self.target} from {self.source} · {self.net} · {self.engine} on {self.device}"


def boards(records: Sequence[Record]) -> list[Board]:
    """One board for each target edition (content hash), source, net, engine and device; never mixed."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for r in latest(records):
        groups[(r.task, r.edition, r.content_sha256, r.source, r.net, r.engine, r.device)].append(r)
    return [_board(group) for _, group in sorted(groups.items())]


def _board(group: Sequence[Record]) -> Board:
    bases = [r.base for r in group if r.base]
    group = [r for r in group if r.base in ("", bases[-1] if bases else "")]  # an older base's records do not mix in
    budgets = tuple(sorted({r.budget for r in group}, key=lambda b: float("inf") if b == FULL else int(b)))
    seeds = {b: {r.seed for r in group if r.budget == b} for b in budgets}
    good = {(r.baseline, r.budget, r.seed): r for r in group if r.status == "ok"}
    baselines = sorted({r.baseline for r in group})
    leading = group[0].leading
    cells = {(name, b): _cell(name, b, seeds[b], good, leading) for name in baselines for b in budgets}

    def order(name: str) -> tuple[float, str]:
        known = [c.leading for b in budgets if (c := cells[name, b]).leading is not None]
        return (-mean(known) if len(known) == len(budgets) else 1.0, name)

    first = group[0]
    return Board(
        f"{first.task}@{first.edition}", first.source, first.net, first.engine, first.device, budgets,
        tuple(sorted(baselines, key=order)), cells, max((r.n_test for r in group), default=0),
        max((r.seconds.get("pretrain", 0.0) for r in group), default=0.0),
        {b: max((r.n_train for r in group if r.budget == b), default=0) for b in budgets},
        tuple(f"{r.baseline}, {r.budget} labels, seed {r.seed}: {r.error}" for r in group if r.status != "ok"), leading)


def _cell(name: str, budget: Budget, seeds: set[int], good: Mapping[tuple[str, Budget, int], Record],
          leading: str) -> Cell:
    """No mean is taken over missing seeds."""
    own = [good[name, budget, s] for s in sorted(seeds) if (name, budget, s) in good]
    if len(own) < len(seeds):
        return Cell(len(own), len(seeds))
    scratch = [good[SCRATCH, budget, s] for s in sorted(seeds) if (SCRATCH, budget, s) in good]
    scores = _known(own, leading)
    gain = None
    if name != SCRATCH and len(scratch) == len(own):
        gain = 100 * mean(a - b for a, b in zip(scores, _known(scratch, leading), strict=True))
    auc = _known(own, "auc")
    return Cell(len(own), len(seeds), mean(scores), stdev(scores) if len(scores) > 1 else None,
                mean(auc) if len(auc) == len(own) else None, mean(_known(own, "accuracy")),
                mean(_known(own, "balanced_accuracy")), gain, mean(r.seconds.get("adapt", 0.0) for r in own))


def _known(records: Sequence[Record], score: str) -> list[float]:
    return [value for r in records if (value := getattr(r, score)) is not None]


def table(board: Board) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of text, two columns of scores and two of comparison a budget."""
    head = ["baseline"]
    for b in board.budgets:
        label = f"all {board.sizes[b]:,}" if b == FULL else f"{b}"
        short = "acc" if board.leading == "accuracy" else "bal acc"
        head += [f"{short} @{label}", "auc", "gain", "adapt s"]
    body = []
    for name in board.rows:
        row = [name]
        for b in board.budgets:
            row += _texts(board.cells[name, b])
        body.append(row)
    return head, body


def _texts(cell: Cell) -> list[str]:
    if cell.leading is None:
        return [f"{cell.done}/{cell.of}", "", "", ""]
    spread = f" ±{cell.spread:.3f}" if cell.spread is not None else ""
    return [f"{cell.leading:.3f}{spread}", "–" if cell.auc is None else f"{cell.auc:.3f}",
            "" if cell.gain is None else f"{cell.gain:+.1f}", f"{cell.adapt:.2f}"]


def markdown(board: Board) -> str:
    """The board as Markdown, with what its columns mean."""
    from tabulate import tabulate

    head, body = table(board)
    align = ["left"] + ["right"] * (len(head) - 1)
    safe = [[cell.replace("|", "\\|") for cell in row] for row in body]
    return f"## {board.title}\n\n{tabulate(safe, head, tablefmt='github', colalign=align, disable_numparse=True)}\n\n" \
           f"{notes(board)}\n"


def notes(board: Board) -> str:
    """What the columns mean, what the base cost, and what failed."""
    what = board.leading.replace("_", " ")
    short = "acc" if what == "accuracy" else "bal acc"
    lines = [f"{short}: mean {what} ± standard deviation over seeds on {board.n_test:,} test texts; gain: its "
             "points over scratch at the same labels and seeds; adapt s: seconds to train on the target; n/m: so "
             "many of the seeds finished, no mean is shown."]
    if board.pretrain:
        lines.append(f"The base took {board.pretrain:.0f} s to train, once.")
    lines += [f"failed: {text}" for text in board.failed]
    return "\n".join(lines)


COLUMNS = ("target", "source", "net", "engine", "device", "baseline", "budget", "n_train", "seeds_done", "seeds",
           "leading_score", "score", "score_sd", "auc", "accuracy", "balanced_accuracy", "gain_points", "adapt_seconds")


RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv(found: Sequence[Board]) -> str:
    """All boards as one CSV, a line a baseline and budget; a cell that a spreadsheet would run is quoted."""
    import csv as writer
    import io

    out = io.StringIO()
    w = writer.writer(out, lineterminator="\n")
    w.writerow(COLUMNS)
    for board in found:
        for name in board.rows:
            for b in board.budgets:
                c = board.cells[name, b]
                row = [board.target, board.source, board.net, board.engine, board.device, name, b, board.sizes[b],
                       c.done, c.of, board.leading, c.leading, c.spread, c.auc, c.accuracy, c.balanced, c.gain, c.adapt]
                w.writerow([_inert(v) for v in row])
    return out.getvalue()


def _inert(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6)
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \n")[:1] in RUN_BY_SPREADSHEETS else value


def write(folder: Path, records: Sequence[Record]) -> list[Path]:
    """Write `leaderboards/TASK.md` and `.csv` for each task in the records; returns the paths."""
    written = []
    by_task: dict[str, list[Board]] = defaultdict(list)
    for board in boards(records):
        by_task[board.target.split("@")[0]].append(board)
    try:
        for task, found in by_task.items():
            for suffix, text in (("md", "\n".join(map(markdown, found))), ("csv", csv(found))):
                path = folder / "leaderboards" / f"{task}.{suffix}"
                cache.put(path, text)
                written.append(path)
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}", "choose --results-dir") from None
    return written


def advice(board: Board) -> list[str]:
    """For each budget, in words: the strategy with the best mean, its lead over scratch and what ties with it."""
    lines = []
    for b in board.budgets:
        known = [(c.leading, name) for name in board.rows if (c := board.cells[name, b]).leading is not None]
        if not known:
            continue
        best, name = max(known)
        cell = board.cells[name, b]
        close = [n for a, n in known if n != name and best - (a or 0.0) <= max(cell.spread or 0.0, 0.01)]
        labels = f"all {board.sizes[b]:,}" if b == FULL else f"{b}"
        gain = "" if cell.gain is None else f", {cell.gain:+.1f} points against scratch"
        near = f"; within a point or the seeds' spread: {', '.join(close)}" if close else ""
        lines.append(f"With {labels} labels: {name} {best:.3f}{gain}{near}.")
    return lines
