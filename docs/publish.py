"""Add a run's records to the published results: python docs/publish.py RESULTS PUBLISHED."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from bench.analysis import study
from bench.core import files
from bench.report import formats
from bench.results import record_files
from bench.results.record import Record


def publish(results: Path, published: Path) -> list[Path]:
    """Pack the records of both folders away in the second, with the distances of the first; write all leaderboards."""
    found = record_files.latest([*record_files.read_all(published), *record_files.read_all(results)])
    written = []
    for task, mine in groupby(sorted(found, key=order), lambda r: r.task):
        written.append(published / "records" / f"{task}.jsonl{record_files.COMPRESSED}")
        record_files.write_packed(written[-1], mine)
    for path in sorted((results / "distances").glob("*.json")):
        written.append(files.save_text(published / "distances" / path.name, path.read_text(encoding="utf-8")))
    return written + formats.write(published, study.studies(found), tuple(formats.FILES))


def order(record: Record) -> tuple[object, ...]:
    """Like records side by side, which packs them smaller; full is the largest budget."""
    budget = float("inf") if record.budget == "full" else int(record.budget)
    return (record.task, record.edition, record.source, record.engine, record.device, record.net, record.baseline,
            budget, record.seed, record.base_seed, record.head_seed or 0)


if __name__ == "__main__":
    for path in publish(Path(sys.argv[1]), Path(sys.argv[2])):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
