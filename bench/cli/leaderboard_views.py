"""The views of `bench leaderboard`: each computes tables, sentences and pictures from the records of a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.figures import save_charts
from bench.cli.sections import Section, as_json, leaderboards, sentences
from bench.cli.view_options import ViewOptions
from bench.core.budget import in_order
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.core.places import home_expanded

if TYPE_CHECKING:
    from bench.analysis.across_targets import RankingAcrossTargets
    from bench.analysis.calibration import Calibration
    from bench.analysis.regressions import BoardChange
    from bench.analysis.study import Study
    from bench.core.budget import Budget
    from bench.report.tables import Table
    from bench.results.record import Record

NAMES = re.compile(r"(?:[^,\[]|\[[^\]]*\]?)+")  # between commas; a row's name may hold some in brackets: tfidf[C=0.01]


@dataclass(frozen=True)
class Question:
    """What a view is computed from."""

    options: ViewOptions
    budgets: Sequence[Budget]  # that the view is narrowed to; empty for all
    results_dir: Path
    format: str
    records_in: Callable[[Path], list[Record]]  # the chosen records of a results folder

    @cached_property
    def records(self) -> list[Record]:
        """The chosen records of the results folder."""
        return self.records_in(self.results_dir)

    @cached_property
    def studies(self) -> list[Study]:
        """Their analysis, per leaderboard."""
        from bench.analysis import study

        return study.studies(self.records)

    @cached_property
    def at_budgets(self) -> tuple[list[Study], list[str]]:
        """The leaderboards that have one of the budgets asked for, or all; and a line for each that lacks some."""
        from bench.analysis.study import with_any_of

        return with_any_of(self.studies, self.budgets) if self.budgets else (self.studies, [])

    @property
    def compared(self) -> list[str]:
        """Names of baselines, or results folders."""
        names = NAMES.findall(self.options.compare)
        return [home_expanded(name) for name in [*names, *(self.options.others or ())] if name]

    @property
    def compares_runs(self) -> bool:
        """Whether results folders are compared."""
        return any((Path(name) / "records").is_dir() for name in self.compared)

    def keeps(self, budget: Budget) -> bool:
        """Whether the view shows a budget."""
        return not self.budgets or budget in self.budgets


@dataclass(frozen=True)
class Answer:
    """What a view prints."""

    sections: Sequence[Section]
    text: str = ""  # printed instead of the sections
    content: bytes = b""  # written instead of any text, in a format that is none
    pictures: Sequence[Callable[[], list[Path]]] = ()  # drawn where tables go to the terminal
    notes: Sequence[str] = ()  # what the user should know besides
    worse: Sequence[str] = ()  # what `--fail-if-worse` found


def leaderboard(question: Question) -> Answer:
    """All budgets side by side, or some of them with the columns that the user chose."""
    from bench.analysis.study import narrowed
    from bench.report import leaderboard_files

    sort, form = question.options.sort, question.format
    found, lacking = question.at_budgets
    studies = [narrowed(study, question.budgets) for study in found] if question.budgets else found
    names = [name for part in (question.options.columns or []) if (name := part.strip())]
    if form == "json" and names:
        raise BenchError("--columns does not go with --format json", "it always holds everything")
    if form == "table":
        return Answer(leaderboards(studies, sort, names), notes=lacking)
    if form == "parquet":
        return Answer((), content=leaderboard_files.parquet(studies, names), notes=lacking)
    return Answer((), leaderboard_files.whole(studies, form, sort, names), notes=lacking)


def one_budget(question: Question) -> Answer:
    """Everything known at one budget."""
    from bench.report import headline, leaderboard_json, tables

    studies, lacking = question.at_budgets
    sections = [Section(f"{study.board.title} · {tables.labels_of(study, budget)}", tables.detail(study, budget),
                        sentences(study), headline.at_budget(study, budget))
                for study in studies for budget in question.budgets if budget in study.board.budgets]
    return Answer(sections, leaderboard_json.as_json(studies) + "\n" if question.format == "json" else "",
                  notes=lacking)


def comparison(question: Question) -> Answer:
    """Pairs of baselines, or the cells of two runs; one that is worse or cannot be compared fails the gate."""
    from bench.analysis.comparisons import significantly_worse
    from bench.report import tables
    from bench.report.advice import comparison_notes

    limit = question.options.fail_if_worse
    boards = _runs(question) if question.compares_runs else _baselines(question)
    lost = [f"{board.title}: {line}" for board in boards for line in board.lost]
    if limit is None and not any(board.pairs for board in boards):
        raise BenchError("nothing can be compared", "; ".join(lost)[:500])
    worse = [f"{board.title}: {pair.first} is worse than {pair.second} at {pair.budget} labels: "
             f"{pair.difference.estimate:+.1f} points [{pair.difference.low:+.1f} {pair.difference.high:+.1f}]"
             for board in boards for pair in significantly_worse(board.pairs, limit or 0.0)]
    text = as_json([{"title": board.title, "pairs": board.pairs, "lost": board.lost} for board in boards]) \
        if question.format == "json" else ""
    sections = [Section(board.title, tables.comparison_table(board.pairs), comparison_notes(board.pairs))
                for board in boards if board.pairs]
    lost = [f"not compared: {line}" for line in lost]
    return Answer(sections, text, worse=[*worse, *lost]) if limit is not None else Answer(sections, text, notes=lost)


def _runs(question: Question) -> list[BoardChange]:
    """Two results folders, per leaderboard of the earlier one."""
    from bench.analysis import regressions

    folders = [Path(name) for name in question.compared]
    if len(folders) == 1:
        folders.append(question.results_dir)
    if len(folders) != 2:
        raise BenchError(f"{len(folders)} results folders to compare", "two: the earlier run, then the later")
    earlier, later = (question.records_in(folder) for folder in folders)
    boards = regressions.changes(earlier, later, question.budgets)
    if not boards:
        raise BenchError(f"{folders[0]} holds no scored trial to compare with", "name another folder or budget")
    return boards


def _baselines(question: Question) -> list[BoardChange]:
    """The named baselines, per leaderboard."""
    from bench.analysis import comparisons, regressions
    from bench.analysis.boards import boards_of
    from bench.analysis.regressions import BoardChange

    names, gate = question.compared, question.options.fail_if_worse is not None
    groups = boards_of(question.records)
    unknown = set(names) - {name for group in groups for name in group.rows}
    boards = []
    for group, study in zip(groups, question.studies, strict=True):
        lost = regressions.unanswered(study, group.records, names, question.budgets)
        try:
            pairs = comparisons.compare_baselines(study.predictions, names, question.budgets)
        except BenchError:
            if unknown or not gate or not lost:
                raise
            pairs = []  # the lines in `lost` say why
        boards.append(BoardChange(study.board.title, pairs, lost))
    return boards


def across(question: Question) -> Answer:
    """All targets in one table, per budget; without `--budget` at those that most targets have."""
    from bench.analysis import across_targets
    from bench.report import panels, roles, target_tables

    studies, _ = question.at_budgets
    groups = across_targets.comparable(studies)
    asked = [(group, budget) for group in [g for g in groups if len({s.board.target for s in g.studies}) > 1] or groups
             for budget in question.budgets or _most_frequent_budgets(group.studies)]
    chosen = [(group, budget) for group, budget in asked
              if len({s.board.target for s in group.studies if s.at(budget)}) > 1] or asked
    machines = len({group.machine for group, _ in chosen}) > 1
    results = [replace(across_targets.rank_across_targets(alike, budget, " · ".join(filter(None, (
                   group.machine if machines else "", group.variant)))), role=role)
               for group, budget in chosen
               for role, alike in roles.apart([s for s in group.studies if s.at(budget)] or group.studies).items()]
    sections = [Section(target_tables.across_title(result), target_tables.across_table(result),
                        target_tables.across_notes(result)) for result in results]

    def picture(result: RankingAcrossTargets) -> list[Path]:
        source = TaskRef.parse(result.source).task if len({r.source for r in results}) > 1 else ""
        kind = _in_file_name(" ".join(filter(None, (result.role, source, result.variant))))
        stem = question.results_dir / "leaderboards" / f"across-{result.budget}{kind}"
        return save_charts([(stem, panels.ranks_panel(result))])

    drawn = [result for result in results if len(result.ranked) > 1 and result.critical is not None]  # several corpora
    return Answer(sections, as_json(results) if question.format == "json" else "",
                  pictures=[partial(picture, result) for result in drawn])


def _in_file_name(variant: str) -> str:
    """What tells leaderboards apart, to follow the stem of a file name; empty where nothing has to."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", f" {variant}") if variant else ""


def _most_frequent_budgets(studies: Sequence[Study]) -> list[Budget]:
    budgets = [budget for study in studies for budget in {ranking.budget for ranking in study.rankings}]
    if not budgets:
        raise BenchError("no complete cell to compare across targets", "bench run --target A --target B")
    most = max(map(budgets.count, budgets))
    return list(in_order(budget for budget in budgets if budgets.count(budget) == most))


def calibration(question: Question) -> Answer:
    """Log-loss and calibration error of each baseline, and reliability diagrams."""
    from bench.report import panels, tables

    def picture(stem: Path, title: str, calibrations: Sequence[Calibration]) -> list[Path]:
        return save_charts([(stem, panels.reliability_panel(calibrations, title))])

    sections, pictures = [], []
    studies, lacking = question.at_budgets
    for study in studies:
        target, sizes = study.board.target, study.board.sizes
        rows = sorted((row for row in study.calibrations if question.keeps(row.budget)),
                      key=lambda row: (sizes[row.budget], row.error))
        body = tuple((tables.labels_of(study, row.budget), row.baseline, f"{row.log_loss:.3f}", f"{row.error:.3f}")
                     for row in rows)
        sections.append(Section(study.board.title, tables.Table(("at", "baseline", "log-loss", "ece"), body), [
            "log-loss in nats; ece: mean distance between the probability of an answer and the share of such answers "
            "that are right (15 bins), over seeds."]))
        for budget in dict.fromkeys(row.budget for row in rows):
            stem = question.results_dir / "leaderboards" / (
                f"calibration-{TaskRef.parse(target).task}-{budget}{_in_file_name(study.board.variant)}")
            pictures.append(partial(picture, stem, f"{target}, {tables.labels_of(study, budget)}",
                                    [row for row in rows if row.budget == budget]))
    return Answer(sections, pictures=pictures, notes=lacking)


def variance(question: Question) -> Answer:
    """How much of the spread each seed causes."""
    from bench.report.advice import variance_note

    studies, lacking = question.at_budgets
    return Answer([Section(study.board.title, _variance_table(study, question),
                           [variance_note(shares) for shares in study.variance_components
                            if question.keeps(shares.budget)])
                   for study in studies], notes=lacking)


def _variance_table(study: Study, question: Question) -> Table:
    from bench.report import tables

    def text(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f}"

    body = tuple((tables.labels_of(study, shares.budget), shares.baseline,
                  f"{shares.bases}×{shares.draws}×{shares.heads}", text(shares.base), text(shares.labels),
                  text(shares.both), text(shares.head), f"{shares.whole:.2f}")
                 for shares in study.variance_components if question.keeps(shares.budget))
    head = ("at", "baseline", "bases×draws×heads", "base seed", "label draw", "both", "head seed", "whole")
    return tables.Table(head, body)
