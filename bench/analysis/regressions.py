"""What a regression gate must not pass over: cells that failed, are missing, or cannot be compared with others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.boards import boards_of
from bench.analysis.comparisons import Comparison, compare_runs, matching_boards
from bench.analysis.predictions import TestPredictions, predictions_of
from bench.analysis.study import Study, study_of
from bench.core.budget import Budget, in_order
from bench.core.errors import BenchError
from bench.results.record import Record

CellName = tuple[str, Budget]  # a baseline at a budget


@dataclass(frozen=True)
class BoardChange:
    """One leaderboard of an earlier run beside the same one of a later run."""

    title: str
    pairs: Sequence[Comparison]  # the later minus the earlier, of each cell that can be compared
    lost: Sequence[str]  # what was scored before and cannot be compared now, and why; one line per baseline and reason


def changes(earlier: Sequence[Record], later: Sequence[Record], budgets: Sequence[Budget] = ()) -> list[BoardChange]:
    """Each leaderboard of the earlier run and what became of its cells in the later run, at all budgets or those given.

    Only what the earlier run scored counts: what it lacks, or what failed there too, is not lost.
    """
    last = {r.identity(): r for r in later}  # a trial that ran again and failed has failed, whatever it scored before
    early_boards, late_boards = boards_of(earlier), boards_of(list(last.values()))
    early_studies, late_studies = [study_of(b) for b in early_boards], [study_of(b) for b in late_boards]
    records_of = {id(study): board.records for study, board in zip([*early_studies, *late_studies],
                                                                   [*early_boards, *late_boards], strict=True)}
    matches = {id(early): (late, change) for early, late, change in matching_boards(early_studies, late_studies)}
    draws: dict[tuple[str, ...], set[str]] = {}
    for study in late_studies:
        draws.setdefault(study.board.key.headline, set()).add(study.board.key.draw)
    out = []
    for early in early_studies:
        before = {cell: trials for cell, trials in _trials(records_of[id(early)]).items()
                  if not budgets or cell[1] in budgets}
        late, change = matches.get(id(early), (None, ""))
        if late is not None and late.board.content_sha256 == early.board.content_sha256:
            pairs = _pairs(early, late, budgets)
            reasons = _reasons(early, before, late, _trials(records_of[id(late)]), pairs)
        else:
            pairs = []
            where = "other texts or labels in the target's data" if late is not None else \
                _why_no_board(early, draws.get(early.board.key.headline, set()))
            reasons = {cell: where for cell, trials in before.items() if _scored(trials)}
        if pairs or reasons:
            title = early.board.title
            if change:  # it says what differs, and more than the leaderboard's own variant does
                title = f"{title.removesuffix(f' · {early.board.variant}')} · {change}"
            out.append(BoardChange(title, pairs, _lines(reasons)))
    return out


def _why_no_board(early: Study, draws: Collection[str]) -> str:
    """Why no leaderboard of the later run goes with one of the earlier; `draws` are those of its headline there."""
    if not draws:
        return "missing in the later run"
    if early.board.key.draw not in draws:
        return f"labels drawn {early.board.key.draw} before, {' and '.join(sorted(draws))} in the later run"
    return "other data or another base in the later run"


def unanswered(study: Study, group: Sequence[Record], names: Sequence[str], budgets: Sequence[Budget]) -> list[str]:
    """The named baselines of one leaderboard that cannot be compared with each other, at each budget, and why."""
    complete = {(p.baseline, p.budget) for p in study.predictions}
    trials = _trials(group)
    reasons = {}
    for budget in budgets or study.board.budgets:
        for name in dict.fromkeys(names):
            if (name, budget) not in complete:
                cell = trials.get((name, budget), {})
                reasons[name, budget] = _failure(cell, cell) or _unusable(cell) or _incomplete(study, (name, budget))
    return _lines(reasons)


def _pairs(early: Study, late: Study, budgets: Sequence[Budget]) -> list[Comparison]:
    def kept(study: Study) -> list[TestPredictions]:
        return [p for p in study.predictions if not budgets or p.budget in budgets]

    return compare_runs(kept(early), kept(late))


def _trials(records: Iterable[Record]) -> dict[CellName, dict[int, Record]]:
    """The trials of each cell by seed; those with another base seed or head seed are in no cell."""
    cells: dict[CellName, dict[int, Record]] = {}
    for r in records:
        if not r.base_seed and r.head_seed is None:
            cells.setdefault((r.baseline, r.budget), {})[r.seed] = r
    return cells


def _scored(trials: Mapping[int, Record]) -> list[int]:
    return sorted(seed for seed, r in trials.items() if r.status == "ok")


def _reasons(early: Study, before: Mapping[CellName, Mapping[int, Record]], late: Study,
             now: Mapping[CellName, Mapping[int, Record]], pairs: Sequence[Comparison]) -> dict[CellName, str]:
    """Why cells of the earlier run cannot be compared with the later run."""
    compared = {(pair.second.removesuffix(" before"), pair.budget) for pair in pairs}
    complete = {(p.baseline, p.budget) for p in early.predictions}
    reasons = {}
    for cell, trials in before.items():
        found = now.get(cell, {})
        wanted = {seed: trials[seed] for seed in _scored(trials)}
        reason = _failure(found, wanted) or _other_base(found, wanted)
        if not reason and cell in complete and cell not in compared:
            reason = _failure(found, found) or _unusable(wanted) or _unusable(found) or _incomplete(late, cell)
        elif not reason and cell not in complete and len(wanted) == len(trials):
            reason = _unusable(wanted)
        if wanted and reason:
            reasons[cell] = reason
    return reasons


def _failure(found: Mapping[int, Record], wanted: Mapping[int, Record]) -> str:
    """Which of the wanted seeds failed or are missing."""
    if not any(seed in found for seed in wanted):
        return "missing"
    failed = [seed for seed in sorted(wanted) if seed in found and found[seed].status != "ok"]
    absent = [seed for seed in sorted(wanted) if seed not in found]
    parts = [f"failed with {_seeds(failed)}: {found[failed[0]].error or 'no reason given'}"] if failed else []
    return "; ".join([*parts, *([f"{_seeds(absent)} missing"] if absent else [])])


def _other_base(found: Mapping[int, Record], wanted: Mapping[int, Record]) -> str:
    differ = [seed for seed, r in wanted.items() if found[seed].base != r.base]
    return f"another base: {wanted[differ[0]].base or 'none'} before, {found[differ[0]].base or 'none'} now" \
        if differ else ""


def _unusable(trials: Mapping[int, Record]) -> str:
    """Why stored predictions cannot be used."""
    for r in trials.values():
        if r.status == "ok":
            try:
                predictions_of(r)
            except BenchError as error:
                return str(error)
    return ""


def _incomplete(study: Study, cell: CellName) -> str:
    """Why a cell is not compared, all of whose own trials succeeded and stored what they predicted."""
    counts = study.board.cells.get(cell)
    if counts is None or counts.done == counts.of:
        return "another test set"
    return f"{counts.done} of the {counts.of} seeds that others have"


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _lines(reasons: Mapping[CellName, str]) -> list[str]:
    """One line per baseline and reason, with the budgets where it holds."""
    budgets: dict[tuple[str, str], list[Budget]] = {}
    for (name, budget), reason in reasons.items():
        budgets.setdefault((name, reason), []).append(budget)
    return [f"{name} at {', '.join(map(str, in_order(found)))} labels: {reason}"
            for (name, reason), found in budgets.items()]
