"""Tables of a leaderboard, as headers and rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.comparisons import Comparison
from bench.analysis.leaderboard import Cell
from bench.analysis.rankings import HARMS, HELPS, LEVEL, OPEN, RankedBaseline
from bench.analysis.study import Study
from bench.core.budget import FULL, Budget, budget_in_words, parse_budget
from bench.core.errors import BenchError
from bench.report.numbers import p_text, points_with_interval, score_text, score_with_interval

MARKS = {HELPS: "▲", HARMS: "▼", LEVEL: "=", OPEN: "?"}  # of verdicts


@dataclass(frozen=True)
class Table:
    """Headers and rows of text; the columns after the first may stand in groups, each with a heading."""

    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()  # heading and number of columns

    def flat(self) -> list[str]:
        """Headers that include the heading of their group: `128: gain`."""
        if not self.groups:
            return list(self.head)
        names = [name for name, count in self.groups for _ in range(count)]
        return [self.head[0], *(f"{name}: {h}" for name, h in zip(names, self.head[1:], strict=True))]


def labels_of(study: Study, budget: Budget) -> str:
    """`128 labels`, `all 6,000`."""
    size = study.board.sizes[budget]
    return f"all {size:,}" if budget == FULL else budget_in_words(budget, size)


def rows_by(study: Study, column: str) -> list[str]:
    """The baselines in the order of a column: a budget's scores, `adapt` (the fastest first), or `name`."""
    board = study.board
    if column == "":
        return list(board.rows)
    if column == "name":
        return sorted(board.rows)
    if column == "adapt":
        known = {n: [c.adapt for b in board.budgets if (c := board.cells[n, b]).adapt is not None] for n in board.rows}
        return sorted(board.rows, key=lambda n: sum(known[n]) / len(known[n]) if known[n] else float("inf"))
    try:
        ranking = study.at(parse_budget(column))
    except BenchError:
        ranking = None
    if ranking is None:
        raise BenchError(f"cannot sort by {column!r}", "a budget such as 128 or full, adapt, or name")
    ranked = [r.baseline for r in ranking.rows]
    return ranked + [n for n in board.rows if n not in ranked]


def compact(study: Study, sort: str = "") -> Table:
    """Rank, score and gain at each budget."""
    board = study.board
    rows = {(ranking.budget, row.baseline): row for ranking in study.rankings for row in ranking.rows}
    body = tuple((name, *(text for b in board.budgets for text in _brief(rows.get((b, name)), board.cells[name, b])))
                 for name in rows_by(study, sort))
    head = ("baseline", *(h for _ in board.budgets for h in ("#", f"{score_name(study)} [95%]", "gain", "vs source")))
    return Table(head, body, tuple((labels_of(study, b), (len(head) - 1) // len(board.budgets)) for b in board.budgets))


def score_name(study: Study) -> str:
    """What the columns of the leading score are called."""
    return "acc" if study.board.leading == "accuracy" else "bal acc"


def _brief(row: RankedBaseline | None, cell: Cell) -> list[str]:
    if row is None:
        missing = f"{cell.done}/{cell.of}" if cell.done < cell.of else "left out" if cell.of else "needs labels"
        return ["", missing, "", ""]
    gain = "" if row.gain is None else f"{row.gain.estimate:+.1f} {MARKS[row.verdict]}"
    source = "" if row.gain_over_source is None else f"{row.gain_over_source.estimate:+.1f}"
    return [str(row.rank), score_with_interval(row.score), gain, source]


def detail(study: Study, budget: Budget) -> Table:
    """Everything known at one budget, the best first."""
    ranking = study.at(budget)
    if ranking is None:
        raise BenchError(f"{study.board.target}: no complete cell at {budget} labels",
                         f"there are: {', '.join(map(str, study.board.budgets))}")
    head = ("#", "baseline", f"{score_name(study)} [95%]", "behind the first", "best", "auc [95%]", "gain [95%]", "p",
            "vs source [95%]", "worth labels", "log-loss", "ece", "adapt s")
    calibrations = {(c.baseline, c.budget): c for c in study.calibrations}
    body = []
    for r in ranking.rows:
        equivalent, fit = study.label_equivalent(r.baseline, budget), calibrations[r.baseline, budget]
        gain = "" if r.gain is None else (f"{r.gain.estimate:+.1f} {MARKS[r.verdict]} "
                                          f"[{r.gain.low:+.1f} {r.gain.high:+.1f}]")
        body.append((str(r.rank), r.baseline, score_with_interval(r.score),
                     "" if r is ranking.rows[0] else points_with_interval(r.behind), f"{r.best:.0%}",
                     "–" if r.auc is None else score_with_interval(r.auc), gain, "" if r.p is None else p_text(r.p),
                     "" if r.gain_over_source is None else points_with_interval(r.gain_over_source),
                     equivalent.in_words() if equivalent else "", f"{fit.log_loss:.3f}", score_text(fit.error),
                     f"{r.adapt:.2f}"))
    return Table(head, tuple(body))


def comparison_table(comparisons: Sequence[Comparison]) -> Table:
    """Paired comparisons, one per row."""
    head = ("labels", "first", "second", "points [95%]", "bootstrap [95%]", "p", "Holm p", "McNemar", "auc × 100 [95%]",
            "DeLong")
    body = []
    for c in comparisons:
        body.append((str(c.budget), c.first, c.second, points_with_interval(c.difference),
                     f"[{c.bootstrap.low:+.1f} {c.bootstrap.high:+.1f}]", *map(p_text, (c.p, c.p_holm, c.mcnemar)),
                     "–" if c.auc_difference is None else points_with_interval(c.auc_difference),
                     "–" if c.delong is None else p_text(c.delong)))
    return Table(head, tuple(body))
