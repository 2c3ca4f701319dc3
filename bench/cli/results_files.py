"""The commands `bench results export` and `merge`: all records as one table, and results of several machines as one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import help, output
from bench.cli.chosen_records import RecordOptions
from bench.cli.options import RUNS, ResultsDir
from bench.cli.results import TrialFilters, chosen_trials, write_leaderboards
from bench.core.errors import BenchError
from bench.core.files import save_bytes

if TYPE_CHECKING:
    from bench.results.record_merge import Incoming

FORMS = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet"}  # formats and the endings of files


def results_export(
    *,
    results_dir: ResultsDir = RUNS,
    filters: RecordOptions,
    trials: TrialFilters,
    format: Annotated[str, typer.Option(
        "--format", "-f", metavar="csv|jsonl|parquet", rich_help_panel=help.OUTPUT,
        help="How they are written. [default: csv, or what the ending of --out says]")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", rich_help_panel=help.OUTPUT,
                                             help="File to write, such as trials.parquet.")] = None,
) -> None:
    """Write the records of a results folder as one table: a row per trial, without the predictions."""
    import json

    from bench.report import formats
    from bench.results import record_files, trial_table

    form = format or next((form for form, end in FORMS.items() if out and out.suffix == f".{end}"), "csv")
    if form not in FORMS:
        raise BenchError(f"unknown format {form!r}", ", ".join(FORMS))
    if form == "parquet" and out is None:
        raise BenchError("parquet is no text to print", "name a file: --out trials.parquet")
    chosen = chosen_trials(results_dir, filters, trials)
    records = record_files.latest(chosen)
    rows = trial_table.rows(records)
    if form == "parquet":
        content = formats.parquet_bytes(trial_table.COLUMNS, [trial_table.flat(row) for row in rows])
    elif form == "csv":
        cells = [list(trial_table.flat(row).values()) for row in rows]
        content = formats.csv_text([trial_table.COLUMNS, *cells]).encode()
    else:
        content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", "replace")
    if out is None:
        output.data(content.decode())
    else:
        save_bytes(out, content, "choose --out", shared=False)
        earlier = len(chosen) - len(records)
        output.say(f"Written: {out}, {len(records):,} trials" + (
            f"; {earlier:,} earlier lines of the same trials are left out" if earlier else ""))


def results_merge(
    *,
    folders: Annotated[list[Path], typer.Argument(
        metavar="FOLDER...", help="Results folders, folders of them, or a .zip or .tar.gz of one.")],
    out: Annotated[Path, typer.Option("--out", "-o", "--into", metavar="FOLDER", rich_help_panel=help.OUTPUT,
                                     help="Results folder to add them to; made if missing.")],
    prefer: Annotated[str, typer.Option(
        metavar="first|last", rich_help_panel=help.OUTPUT,
        help="Where a trial has two different results: first keeps the one of the folder that is named first (or the "
             "one in --out), last takes the other. [default: nothing is merged, and the trials are named]")] = "",
) -> None:
    """Merge results of several machines into one folder: each trial once, as it was recorded where it ran."""
    from bench.library import results_folders
    from bench.results import record_merge

    if prefer not in ("", "first", "last"):
        raise BenchError(f"--prefer {prefer!r}", "first or last")
    with ExitStack() as opened:
        incomings, found = [], []
        for folder in folders:
            if folder.resolve() == out.resolve():
                output.say(f"{folder}: the others are added to it")
                continue
            paths = opened.enter_context(results_folders.record_files_in(folder, out))
            incoming = record_merge.Incoming(str(folder))
            record_merge.read_lines(incoming, paths, output.warn)
            incomings.append(incoming)
            found += paths
        record_merge.merge(out, incomings, prefer)  # type: ignore[arg-type]
        for incoming in incomings:
            output.say(_summary(incoming, prefer))
        new, differing = results_folders.merge_distances(out, found)
    if new or differing:
        kept = f"; {differing} differ from those there, which stay" if differing else ""
        output.say(f"distances: {new} added{kept}")
    tasks = {line.record.task for incoming in incomings for line in incoming.lines}
    write_leaderboards(out, tasks)
    output.say(f"Written: {out} (bench leaderboard --results-dir {out})")


def _summary(incoming: Incoming, prefer: str) -> str:
    """What became of the trials of one folder."""
    taken = "taken instead of those there" if prefer == "last" else "left out: those there stay"
    counts = {f"{incoming.new:,} new": True, f"{incoming.same:,} there already with the same result": incoming.same,
              f"{incoming.finished:,} that had failed there": incoming.finished,
              f"{incoming.failed:,} failed, left out: they have finished or failed there": incoming.failed,
              f"{incoming.differing:,} with another result, {taken}": incoming.differing,
              f"{incoming.repeated:,} earlier lines of the same trials left out": incoming.repeated,
              f"{incoming.damaged:,} damaged lines left out": incoming.damaged}
    files = f"{incoming.files} file{'s' if incoming.files != 1 else ''}"
    return f"{incoming.name}: {len(incoming.lines):,} trials in {files}: " \
           f"{', '.join(text for text, count in counts.items() if count)}"
