"""The command `bench leaderboard`: one view of the records in a results folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion, help, label_cost_view, leaderboard_views
from bench.cli.answers import print_answers, print_index
from bench.cli.chosen_records import RecordOptions, choose_records, report_facts
from bench.cli.figures import FigureOptions, check_figures, draw_figures
from bench.cli.leaderboard_views import Answer, Question
from bench.cli.option_groups import After
from bench.cli.options import RUNS, ResultsDir, Verbose
from bench.cli.output import data, json_text, say, warn
from bench.cli.sections import check_format, draw, print_sections, text_of_sections
from bench.cli.view_options import ViewOptions
from bench.core.budget import parse_budgets
from bench.core.errors import BenchError
from bench.core.files import save_bytes

PARQUET = "parquet"


@dataclass(frozen=True)
class View:
    """One thing that the command can show: when it is chosen, and what computes what it prints."""

    option: str  # the field of `ViewOptions` that chooses it
    answer: Callable[[Question], Answer]
    details: tuple[str, ...] = ()  # fields that mean something in this view alone


# At most one of these can be chosen; --budget then narrows it.
VIEWS = (
    View("compare", leaderboard_views.comparison, details=("others", "fail_if_worse")),
    View("across", leaderboard_views.across),
    View("calibration", leaderboard_views.calibration),
    View("variance", leaderboard_views.variance),
    View("label_cost", label_cost_view.break_even, details=("hour_cost",)),
)
ONE_BUDGET = View("budget", leaderboard_views.one_budget)  # where no other view is chosen
LEADERBOARD = View("", leaderboard_views.leaderboard, details=("sort", "columns"))  # where no option chooses


def leaderboard_command(
    *,
    filters: RecordOptions,
    source: Annotated[str, typer.Option(
        "--source", "-s", metavar="NAME", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Only this source."), After("target")] = "",
    results_dir: ResultsDir = RUNS,
    format: Annotated[str, typer.Option(
        "--format", "-f", metavar="FORMAT", rich_help_panel=help.OUTPUT,
        help="table, md, csv, latex, html, json or parquet. [default: table, or what the ending of --out says]")] = "",
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FILE", rich_help_panel=help.OUTPUT, help="File to write, such as board.tex.")] = None,
    verbose: Verbose = False,
    views: ViewOptions,
    figures: FigureOptions,
) -> None:
    """Print the leaderboards of a results folder, or answer one question about them."""
    view = chosen_view(views)
    format = chosen_format(format, out)
    budgets = parse_budgets(",".join(views.budget)) if views.budget else ()
    question = Question(views, budgets, results_dir, format, lambda folder: choose_records(folder, filters, source))
    if figures.figures:
        check_figures(figures)
        if question.compares_runs:
            raise BenchError("--figures draws one results folder", "leave out --compare, or compare baselines")
        warn(draw_figures(report_facts(results_dir, question.records), figures.figures, figures))
    if view is LEADERBOARD and format == "table" and not (verbose or views.sort or views.columns or out):
        several = len({study.board.target for study in question.studies}) > 1 and not filters.target
        (print_index if several else print_answers)(question.studies)
        return
    answer = view.answer(question)
    if out:
        save_bytes(out, answer.content or text_of(answer, format).encode(), "choose --out", shared=False)
        say(f"Written: {out}")
    elif answer.text:
        (json_text if format == "json" else data)(answer.text)
    else:
        print_sections(answer.sections, format)
    if format == "table" and not out:
        for picture in answer.pictures:
            draw(picture)
    for line in (*answer.notes, *answer.worse):
        warn(line)
    if answer.worse:
        raise typer.Exit(1)


def chosen_format(name: str, out: Path | None) -> str:
    """Return the format that the option or the ending of the file names; raises `BenchError` for none of them."""
    from bench.report import formats

    if not name:
        endings = {f".{ending}": form for form, ending in {**formats.FILES, PARQUET: PARQUET}.items()}
        return endings.get(out.suffix, "table") if out else "table"
    if name == PARQUET and out is None:
        raise BenchError("parquet is no text to print", "name a file: --out board.parquet")
    if name != PARQUET:
        check_format(name, (PARQUET,))
    return name


def text_of(answer: Answer, format: str) -> str:
    """Return what is written to a file."""
    if format == PARQUET:
        raise BenchError("parquet holds whole leaderboards", "csv, json and latex hold the other views too")
    return answer.text or text_of_sections(answer.sections, format)


def chosen_view(options: ViewOptions) -> View:
    """Return the view that the options choose; raises `BenchError` for two views and for details of another."""
    given = {field.name for field in fields(options) if getattr(options, field.name) != field.default}
    chosen = [view for view in VIEWS if view.option in given]
    if len(chosen) > 1:
        raise BenchError(f"{' and '.join(_flag(view.option) for view in chosen)} are different views", "choose one")
    one_budget = ONE_BUDGET.option in given and "columns" not in given  # which are columns of all budgets
    view = chosen[0] if chosen else ONE_BUDGET if one_budget else LEADERBOARD
    for other in (*VIEWS, LEADERBOARD):
        for name in given.intersection(other.details):
            if other is not view:
                shown = " ".join(options.others or ()) if name == "others" else _flag(name)
                raise BenchError(f"unexpected {shown}", f"it needs {_flag(other.option)}" if other.option
                                 else f"it does not go with {_flag(view.option)}")
    return view


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
