"""Add the records of a run to the published results: python docs/publish.py RESULTS PUBLISHED."""

from __future__ import annotations

import shutil
import sys
from itertools import groupby
from pathlib import Path

from bench.analysis import study
from bench.core import files
from bench.core.budget import budget_order
from bench.report import formats, leaderboard_files
from bench.results import record_files
from bench.results.record import Record


def publish(results: Path, published: Path) -> list[Path]:
    """Write the records of both folders, and the distances of the first, into the second, with all leaderboards."""
    records = record_files.latest([*record_files.read_all(published), *record_files.read_all(results)])
    written = []
    for task, of_task in groupby(sorted(records, key=order), lambda r: r.task):
        written.append(published / "records" / f"{task}.jsonl{record_files.COMPRESSED}")
        record_files.write_packed(written[-1], of_task)
    shutil.rmtree(published / "leaderboards", ignore_errors=True)  # none stays of other names
    for path in sorted((results / "distances").glob("*.json")):
        written.append(files.save_text(published / "distances" / path.name, path.read_text(encoding="utf-8")))
    return written + leaderboard_files.write(published, study.studies(records), tuple(formats.FILES))


def order(record: Record) -> tuple[object, ...]:
    """Similar records next to each other, which compresses them better; full is the largest budget."""
    return (record.task, record.edition, record.source, record.engine, record.device, record.net, record.baseline,
            budget_order(record.budget), record.seed, record.base_seed, record.head_seed or 0)


if __name__ == "__main__":
    for path in publish(Path(sys.argv[1]), Path(sys.argv[2])):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
