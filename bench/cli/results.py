"""The commands `bench results …`: what a results folder holds, and taking records out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import help, output
from bench.cli.chosen_records import RecordOptions, choose_records
from bench.cli.lists import numbers
from bench.cli.options import RUNS, AsJson, ResultsDir
from bench.core.budget import budget_order, parse_budgets
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.results.record import Record

SHOWN = 8  # characters of a digest
DIGESTS = ("content_sha256", "source_sha256", "split_sha256", "strategy_sha256", "vectors_sha256", "base")


@dataclass(frozen=True)
class TrialFilters:
    """Which trials of the chosen records."""

    source: Annotated[str, typer.Option(
        "--source", "-s", metavar="NAME", rich_help_panel=help.WHAT, help="Only this source.")] = ""
    budget: Annotated[list[str] | None, typer.Option(
        "--budget", metavar="N,...", rich_help_panel=help.WHAT,
        help="Only these numbers of labels, such as 128 or 32,full.")] = None
    seed: Annotated[list[str] | None, typer.Option(
        "--seed", metavar="N,...", rich_help_panel=help.WHAT, help="Only these label draws.")] = None
    digest: Annotated[str, typer.Option(
        metavar="HEX", rich_help_panel=help.WHAT,
        help="Only records with a digest that begins so: of the target's or the source's content, the base, the word "
             "vectors or the strategy's code. Titles and this command's list show them.")] = ""
    failed: Annotated[bool, typer.Option("--failed", rich_help_panel=help.WHAT,
    help="Only trials that failed.")] = False


def results_list(*, results_dir: ResultsDir = RUNS, filters: RecordOptions, trials: TrialFilters,
                 as_json: AsJson = False) -> None:
    """List the records of a results folder, those of one row, budget and base together."""
    rows = _rows(chosen_trials(results_dir, filters, trials))
    if as_json:
        output.json_values(rows, indent=1)
    else:
        output.table(rows)


def results_rm(
    *,
    results_dir: ResultsDir = RUNS,
    filters: RecordOptions,
    trials: TrialFilters,
    dry_run: Annotated[bool, typer.Option("--dry-run", rich_help_panel=help.OUTPUT,
    help="List what would go; remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", rich_help_panel=help.OUTPUT,
    help="Remove without asking.")] = False,
) -> None:
    """Remove records from a results folder, so that their trials run again; packed files are written anew too."""
    if not any(getattr(group, field.name) for group in (filters, trials) for field in fields(group)):
        raise BenchError("nothing says which records to remove", "such as --target amazon, or --failed")
    records = chosen_trials(results_dir, filters, trials)
    if not records:
        raise BenchError(f"no such records in {results_dir}", "bench results list shows those that there are")
    output.table(_rows(records))
    if dry_run:
        output.say(f"{len(records)} records would be removed from {results_dir}; nothing was.")
        return
    if not yes and not typer.confirm(f"Remove these {len(records)} records from {results_dir}?", err=True):
        output.say("Nothing was removed.", err=True)
        raise typer.Exit(1)
    from bench.results import record_removal

    removals = record_removal.remove(results_dir, records)
    for removal in removals:
        left = f"{removal.left} lines left" if removal.left else "no record left: the file is gone"
        output.say(f"{removal.path}: {removal.removed} records removed, {left}")
    write_leaderboards(results_dir, {record.task for record in records})


def chosen_trials(folder: Path, filters: RecordOptions, trials: TrialFilters) -> list[Record]:
    """The records of a folder that the options choose."""
    budgets = parse_budgets(",".join(trials.budget)) if trials.budget else ()
    seeds = numbers(trials.seed, "--seed")
    return [record for record in choose_records(folder, filters, trials.source)
            if (not budgets or record.budget in budgets) and (not seeds or record.seed in seeds)
            and (not trials.failed or record.status != "ok")
            and (not trials.digest or any(getattr(record, name).startswith(trials.digest) for name in DIGESTS))]


def _rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """One row for the records that differ in their seeds alone."""
    from bench.analysis import boards

    names = boards.row_names(map(boards.RowKey.of, records))
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        recipe = record.base_spec.get("spec")
        epochs = recipe.get("epochs", "") if isinstance(recipe, dict) else ""
        groups[str(record.target), record.content_sha256, record.source, record.source_sha256, record.engine,
               record.device, record.net, record.base[:SHOWN] if not record.base_seed else "", str(epochs),
               names[boards.RowKey.of(record)], record.strategy_sha256, record.draw, record.budget].append(record)
    rows = []
    for key in sorted(groups, key=lambda key: (*key[:-1], budget_order(key[-1]))):
        group = groups[key]
        target, content, source, source_content, engine, device, net, base, epochs, name, code, draw, budget = key
        failed = sum(record.status != "ok" for record in group)
        rows.append({
            "target": target, "content": content[:SHOWN], "source": source,
            "its content": source_content[:SHOWN] or "unknown", "net": net, "by": f"{engine} on {device}",
            "base": base, "epochs": epochs, "row": name, "code": code[:SHOWN], "draw": draw, "labels": str(budget),
            "seeds": len({record.seed for record in group}), "records": len(group), "failed": failed})
    return rows


def write_leaderboards(folder: Path, tasks: set[str]) -> None:
    """Write the leaderboards of some targets anew; one without records goes."""
    from bench.analysis import study
    from bench.report import leaderboard_files
    from bench.results import record_files

    for task in sorted(tasks):
        records = record_files.read_with_packed(folder / "records" / f"{task}.jsonl", output.warn)
        if records:
            leaderboard_files.write(folder, study.studies(records))
        else:
            for form in ("md", "csv"):
                (folder / "leaderboards" / f"{task}.{form}").unlink(missing_ok=True)
