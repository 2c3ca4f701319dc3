"""The command `bench cite`: what to cite for a results folder, or for some data sets and strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion
from bench.cli.chosen_records import RecordOptions, choose_records
from bench.cli.options import RUNS, Source, Tasks
from bench.cli.output import data, say
from bench.core.errors import BenchError
from bench.core.files import save_text

FORMS = ("text", "bibtex")


def cite_command(
    *,
    results_dir: Annotated[Path | None, typer.Option(
        help=f"Cite what the records of this folder used. [default: {RUNS}, where nothing is named]")] = None,
    target: Annotated[list[str] | None, typer.Option(
        "--target", "-t", autocompletion=completion.tasks,
        help="Data sets, such as amazon or amazon,hotels; with --results-dir only their records.")] = None,
    baseline: Annotated[list[str] | None, typer.Option(
        "--baseline", "-b", autocompletion=completion.strategies,
        help="Strategies, such as finetune,auto, main or all; with --results-dir only their records.")] = None,
    source: Source = "imdb",
    tasks: Tasks = None,
    format: Annotated[str, typer.Option("--format", "-f", help="text or bibtex.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write, such as refs.bib.")] = None,
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
    cards, targets, names = all_tasks(tasks or ()), _split(target), _split(baseline)
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


def _split(names: list[str] | None) -> list[str]:
    return [part.strip() for name in names or () for part in name.split(",") if part.strip()]
