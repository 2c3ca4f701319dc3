"""Leaderboards as text: terminal, Markdown, CSV, LaTeX, HTML and JSON, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.compare import MARKS, Pair, Row
from bench.analysis.leaderboard import Cell
from bench.analysis.study import Study
from bench.core.budget import FULL, Budget, budget_in_words, parse_budget
from bench.core.errors import BenchError
from bench.report.advice import p_text, score, short


@dataclass(frozen=True)
class Table:
    """Headers and rows of text; where `groups` is not empty its columns stand under headings of their own."""

    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()  # heading and number of columns, after the first column

    def flat(self) -> list[str]:
        """Headers that hold their group's heading: `128: gain`."""
        if not self.groups:
            return list(self.head)
        names = [name for name, count in self.groups for _ in range(count)]
        return [self.head[0], *(f"{name}: {h}" for name, h in zip(names, self.head[1:], strict=True))]


def labels_of(study: Study, budget: Budget) -> str:
    """`128 labels`, `all 6,000`."""
    size = study.board.sizes[budget]
    return f"all {size:,}" if budget == FULL else budget_in_words(budget, size)


def rows_by(study: Study, column: str) -> list[str]:
    """The baselines in the order of a column: a budget's scores, `adapt` (the quickest first), or `name`."""
    board = study.board
    if column == "":
        return list(board.rows)
    if column == "name":
        return sorted(board.rows)
    if column == "adapt":
        known = {n: [c.adapt for b in board.budgets if (c := board.cells[n, b]).adapt is not None] for n in board.rows}
        return sorted(board.rows, key=lambda n: sum(known[n]) / len(known[n]) if known[n] else float("inf"))
    try:
        standing = study.at(parse_budget(column))
    except BenchError:
        standing = None
    if standing is None:
        raise BenchError(f"cannot sort by {column!r}", "a budget such as 128 or full, adapt, or name")
    first = [r.baseline for r in standing.rows]
    return first + [n for n in board.rows if n not in first]


def compact(study: Study, sort: str = "") -> Table:
    """Rank, score and gain for each budget."""
    board = study.board
    what = "acc" if board.leading == "accuracy" else "bal acc"
    found = {(s.budget, r.baseline): r for s in study.standings for r in s.rows}
    body = []
    for name in rows_by(study, sort):
        row = [name]
        for b in board.budgets:
            row += _short(found.get((b, name)), board.cells[name, b])
        body.append(tuple(row))
    head = ("baseline", *(h for _ in board.budgets for h in ("#", f"{what} [95%]", "gain")))
    return Table(head, tuple(body), tuple((labels_of(study, b), 3) for b in board.budgets))


def _short(row: Row | None, cell: Cell) -> list[str]:
    if row is None:
        return ["", f"{cell.done}/{cell.of}" if cell.done < cell.of else "left out", ""]
    gain = "" if row.gain is None else f"{row.gain.estimate:+.1f} {MARKS[row.verdict]}"
    return [str(row.rank), score(row.score), gain]


def detail(study: Study, budget: Budget) -> Table:
    """All that is known at one budget, best first."""
    standing = study.at(budget)
    if standing is None:
        raise BenchError(f"{study.board.target}: no complete cell at {budget} labels",
                         f"there are: {', '.join(map(str, study.board.budgets))}")
    what = "acc" if study.board.leading == "accuracy" else "bal acc"
    head = ("#", "baseline", f"{what} [95%]", "best", "auc [95%]", "gain [95%]", "p", "worth labels", "log-loss", "ece",
            "adapt s")
    believed = {(c.baseline, c.budget): c for c in study.calibrations}
    body = []
    for r in standing.rows:
        worth, own = study.worth(r.baseline, budget), believed[r.baseline, budget]
        gain = "" if r.gain is None else (f"{r.gain.estimate:+.1f} {MARKS[r.verdict]} "
                                          f"[{r.gain.low:+.1f} {r.gain.high:+.1f}]")
        body.append((str(r.rank), r.baseline, score(r.score), f"{r.best:.0%}", "–" if r.auc is None else score(r.auc),
                     gain, "" if r.p is None else p_text(r.p).removeprefix("= "), worth.words() if worth else "",
                     f"{own.log_loss:.3f}", short(own.error), f"{r.adapt:.2f}"))
    return Table(head, tuple(body))


def pair_table(found: Sequence[Pair]) -> Table:
    """Paired comparisons, a line each."""
    head = ("labels", "first", "second", "points [95%]", "bootstrap [95%]", "p", "Holm p", "McNemar", "auc × 100 [95%]",
            "DeLong")
    body = []
    for c in found:
        d, b, a = c.difference, c.bootstrap, c.auc_difference
        tests = (p_text(p).removeprefix("= ") for p in (c.p, c.p_holm, c.mcnemar))
        body.append((str(c.budget), c.first, c.second, f"{d.estimate:+.1f} [{d.low:+.1f} {d.high:+.1f}]",
                     f"[{b.low:+.1f} {b.high:+.1f}]", *tests,
                     "–" if a is None else f"{a.estimate:+.1f} [{a.low:+.1f} {a.high:+.1f}]",
                     "–" if c.delong is None else p_text(c.delong).removeprefix("= ")))
    return Table(head, tuple(body))


# --- formats --------------------------------------------------------------------------------------------------------


