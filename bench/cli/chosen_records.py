"""The records that `bench leaderboard` and `bench report` read: of some targets, strategies, an engine, a draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion, help
from bench.cli.output import warn
from bench.core.budget import DRAWS
from bench.core.errors import BenchError
from bench.core.names import TaskRef

if TYPE_CHECKING:
    from bench.report.page_facts import CachedStudy, Facts
    from bench.results.record import Record

PUBLISHED = Path("results/published")  # in a checkout


@dataclass(frozen=True)
class RecordOptions:
    """Which records; all where nothing is given."""

    target: Annotated[list[str] | None, typer.Option(
        "--target", "-t", metavar="NAME,...", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Only these tasks.")] = None
    baseline: Annotated[list[str] | None, typer.Option(
        "--baseline", "-b", metavar="NAME,...", autocompletion=completion.strategies, rich_help_panel=help.WHAT,
        help="Only these strategies, or rows such as 'tfidf[C=0.01]'; main: those that bench run uses by default.")
        ] = None
    engine: Annotated[str, typer.Option(
        "--engine", metavar="torch|mxnet", autocompletion=completion.engines, rich_help_panel=help.WHAT,
        help="Only this engine.")] = ""
    draw: Annotated[str, typer.Option(
        "--draw", metavar="stratified|random", rich_help_panel=help.WHAT,
        help="Only records whose labelled texts were drawn so.")] = ""


def choose_records(folder: Path, options: RecordOptions, source: str = "", *, none: bool = False) -> list[Record]:
    """Read the chosen records of a results folder.

    Raises `BenchError` for unknown names and where no record is left. With `none`, a folder without records is fine.
    """
    from bench.analysis import boards
    from bench.baselines import MAIN
    from bench.data.cards import unknown_name
    from bench.results import record_files
    from bench.results.row_names import plain_name

    if options.draw not in ("", *DRAWS):
        raise BenchError(f"--draw {options.draw!r} is no way to draw labels", " or ".join(DRAWS))
    if not (folder / "records").is_dir():
        raise BenchError(f"no records in {folder}", "bench run writes them; --results-dir names the folder")
    records = record_files.read_all(folder, warn)
    targets, tasks = set(options.target or ()), {record.task for record in records}
    if unknown := {TaskRef.parse(name).task for name in targets} - tasks:
        raise BenchError(f"no records of {', '.join(sorted(unknown))} in {folder}",
                         f"it has: {', '.join(sorted(tasks)) or 'none'}")
    rows = boards.row_names(map(boards.RowKey.of, records))
    baselines = {record.baseline for record in records} | set(rows.values())
    strategies = {strategy for name in options.baseline or ()
                  for strategy in (MAIN if name == "main" else (name if name in baselines else plain_name(name),))}
    for name in strategies - baselines - set(MAIN):
        raise unknown_name("baseline", name, sorted(baselines), "those with records")
    chosen = [record for record in records
              if (not targets or record.task in targets or str(record.target) in targets)
              and source in ("", record.source, TaskRef.parse(record.source).task)
              and (not strategies or {record.baseline, rows[boards.RowKey.of(record)]} & strategies)
              and options.engine in ("", record.engine) and options.draw in ("", record.draw)]
    if not chosen and not (none and not records):
        sources, engines, draws = ({getattr(record, name) for record in records}
                                   for name in ("source", "engine", "draw"))
        raise BenchError(f"no such records in {folder}", f"it has targets {', '.join(sorted(tasks)) or 'none'}"
                         f" from {', '.join(sorted(sources)) or 'no source'}"
                         f" by {', '.join(sorted(engines)) or 'no engine'}"
                         f", labels drawn {', '.join(sorted(draws)) or 'in no way'}")
    return chosen


def report_facts(folder: Path, records: list[Record], cache: dict[str, CachedStudy] | None = None) -> Facts:
    """What the report shows: of the records, and of the distances saved in the results folder."""
    from bench.report import page_facts, target_files

    tasks = sorted({record.task for record in records})
    return page_facts.facts(records, cache, target_files.load_distances(folder), _published(*tasks))


@cache
def _published(*tasks: str) -> frozenset[tuple[object, ...]]:
    """What tells the records of these tasks that came with the suite, where this is a checkout of it."""
    from bench.core import places
    from bench.report.provenance import origin_of
    from bench.results import record_files

    files = [places.ROOT / PUBLISHED / "records" / f"{task}.jsonl{record_files.COMPRESSED}" for task in tasks]
    return frozenset(origin_of(record) for file in files if file.is_file()
                     for record in record_files.read(file))
