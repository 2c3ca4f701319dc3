"""The command `bench cite`: what to cite for a results folder, or for some data sets and strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion, help
from bench.cli.chosen_records import RecordOptions, choose_records
from bench.cli.options import RUNS, Source, Tasks
from bench.cli.output import data, say
from bench.core.errors import BenchError
from bench.core.files import save_text

FORMS = ("text", "bibtex")


def cite_command(
    *,
    results_dir: Annotated[Path | None, typer.Option(
        metavar="FOLDER", rich_help_panel=help.WHAT,
        help=f"Cite what the records of this folder used. [default: {RUNS}, where nothing is named]")] = None,
    target: Annotated[list[str] | None, typer.Option(
        "--target", "-t", metavar="NAME,...", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Data sets, such as amazon or amazon,hotels; with --results-dir only their records.")] = None,
    baseline: Annotated[list[str] | None, typer.Option(
        "--baseline", "-b", metavar="NAME,...", autocompletion=completion.strategies, rich_help_panel=help.WHAT,
        help="Strategies, such as finetune,auto, main or all; with --results-dir only their records.")] = None,
    source: Source = "imdb",
    tasks: Tasks = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="text|bibtex", rich_help_panel=help.OUTPUT,
                                        help="How it is written.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", rich_help_panel=help.OUTPUT,
                                             help="File to write, such as refs.bib.")] = None,
) -> None:
    """Print what to cite: the suite, the data sets and the strategies, as text or BibTeX."""
    from bench.baselines import BASELINES, MAIN
    from bench.core.names import TaskRef
    from bench.data.cards import all_tasks, unknown_name
    from bench.report import references

    if out and out.suffix == ".bib":
        format = "bibtex"
    if format not in FORMS:
        raise BenchError(f"unknown format {format!r}", ", ".join(FORMS))
    cards, targets, names = all_tasks(tasks or ()), target or [], baseline or []
    if results_dir or not (targets or names):
        records = choose_records(results_dir or RUNS, RecordOptions(targets or None, names or None))
        cited = references.of_records(records, cards)
    else:
        for name in (*targets, source):
            if TaskRef.parse(name).task not in cards:
                raise unknown_name("target", name, cards, "bench list tasks; --results-dir cites what a run used")
        strategies = [one for name in names for one in ({"main": MAIN, "all": tuple(BASELINES)}.get(name) or (name,))]
        cited = references.of_names([*targets, source], strategies, cards)
    text = references.as_bibtex(cited) if format == "bibtex" else references.as_text(cited)
    if out:
        save_text(out, text, "choose --out", shared=False)
        say(f"Written: {out}")
    elif format == "bibtex":
        data(text)
    else:
        say(text.rstrip())
