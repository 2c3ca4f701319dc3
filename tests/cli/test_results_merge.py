"""Results of several machines in one folder, and the records of a folder as one table."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from board_records import FULL, answered
from typer.testing import CliRunner

from bench.cli.app import app
from bench.results import record_files, trial_table
from bench.results.record import Record


def folder(path: Path, *records: Record) -> Path:
    for record in records:
        record_files.append(path / "records" / f"{record.task}.jsonl", record)
    return path


def merged(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["results", "merge", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def trials(path: Path) -> set[str]:
    return {record.identity() for record in record_files.latest(record_files.read_all(path))}


HERE, THERE = FULL[:4], [replace(record, host={"cpu": "another"}, seconds={"adapt": 9.0}) for record in FULL[2:]]


def test_a_trial_of_two_machines_counts_once_and_keeps_its_surroundings(tmp_path: Path):
    a, b = folder(tmp_path / "a", *HERE), folder(tmp_path / "b", *THERE)
    said = merged(a, b, "-o", tmp_path / "c")
    assert f"{a}: 4 trials in 1 file: 4 new" in said
    assert f"{b}: {len(THERE)} trials in 1 file: {len(THERE) - 2} new, 2 there already with the same result" in said
    records = record_files.read_all(tmp_path / "c")
    assert len(records) == len(FULL) == len(trials(tmp_path / "c"))
    assert [record.host.get("cpu") == "another" for record in records] == [False] * 4 + [True] * (len(FULL) - 4)
    assert (tmp_path / "c" / "leaderboards" / "toy.md").exists()
    before = (tmp_path / "c" / "records" / "toy.jsonl").read_bytes()
    assert "0 new" in merged(a, b, "-o", tmp_path / "c")
    assert (tmp_path / "c" / "records" / "toy.jsonl").read_bytes() == before


def test_two_results_of_one_trial_are_named_and_nothing_is_written_until_one_is_preferred(tmp_path: Path):
    other = replace(FULL[0], **answered(2.0, 7))
    a, b = folder(tmp_path / "a", *FULL[:3]), folder(tmp_path / "b", other, replace(FULL[3], task="more"))
    said = merged(a, b, "-o", tmp_path / "c", code=2)
    assert "one trial has two different results" in said
    assert f"{FULL[0].row}, {FULL[0].budget} labels, seed {FULL[0].seed}" in said
    assert not list((tmp_path / "c" / "records").glob("*.jsonl"))
    for prefer, expected in (("first", FULL[0]), ("last", other)):
        merged(a, b, "-o", tmp_path / prefer, "--prefer", prefer)
        chosen = {r.identity(): r for r in record_files.latest(record_files.read_all(tmp_path / prefer))}
        assert chosen[other.identity()].accuracy == expected.accuracy
        assert len(chosen) == 4


def test_what_finished_anywhere_counts_and_what_a_folder_holds_already_stays(tmp_path: Path):
    failed = replace(FULL[0], status="failed", error="no memory", accuracy=None, balanced_accuracy=None, predictions={})
    into = folder(tmp_path / "into", failed, FULL[1])
    with (into / "records" / "toy.jsonl").open("ab") as file:
        file.write(b'{"schema": 99}\n{"torn')
    late = folder(tmp_path / "late", FULL[0], replace(failed, seed=FULL[1].seed))
    said = merged(late, "--into", into)
    assert "1 that had failed there, 1 failed, left out" in said
    assert {r.status for r in record_files.latest(record_files.read_all(into))} == {"ok"}
    assert b'{"schema": 99}\n' in (into / "records" / "toy.jsonl").read_bytes()


@pytest.mark.parametrize("shape", ["nested", "zip", "tar.gz", "packed", "a file"])
def test_results_are_found_however_they_come(tmp_path: Path, shape: str):
    a = folder(tmp_path / "from" / "machine" / "runs", *FULL)
    place = tmp_path / "from"
    if shape in ("zip", "tar.gz"):
        place = Path(shutil.make_archive(str(tmp_path / "sent"), {"zip": "zip", "tar.gz": "gztar"}[shape], place))
    elif shape == "packed":
        lines = (a / "records" / "toy.jsonl").read_bytes()
        (a / "records" / "toy.jsonl.gz").write_bytes(gzip.compress(lines))
        (a / "records" / "toy.jsonl").unlink()
    elif shape == "a file":
        place = a / "records" / "toy.jsonl"
    merged(place, "-o", tmp_path / "c")
    assert trials(tmp_path / "c") == {record.identity() for record in FULL}


def test_a_folder_without_records_says_what_it_holds_instead(tmp_path: Path):
    (tmp_path / "a").mkdir()
    assert "holds no records/TASK.jsonl" in merged(tmp_path / "a", "-o", tmp_path / "c", code=2)
    (tmp_path / "a" / "sent.zip").write_bytes(b"PK")
    assert "it holds sent.zip: name that file" in merged(tmp_path / "a", "-o", tmp_path / "c", code=2)
    assert "sent.zip" in merged(tmp_path / "a" / "sent.zip", "-o", tmp_path / "c", code=2)
    assert not (tmp_path / "c").exists()
    a = folder(tmp_path / "b", FULL[0])
    assert "cannot write" in merged(a, "-o", tmp_path / "a" / "sent.zip", code=2)


def test_an_exported_table_has_a_row_a_trial_in_every_format(tmp_path: Path):
    a = folder(tmp_path / "a", FULL[0], *FULL)
    tables = {}
    for form in ("csv", "jsonl", "parquet"):
        written = ["-o", str(tmp_path / f"t.{form}")]
        done = CliRunner().invoke(app, ["results", "export", "--results-dir", str(a), *written])
        assert done.exit_code == 0, done.output
        assert f"{len(FULL)} trials; 1 earlier lines" in done.stdout
        tables[form] = (tmp_path / f"t.{form}").read_bytes()
    rows = list(csv.DictReader(io.StringIO(tables["csv"].decode())))
    lines = [json.loads(line) for line in tables["jsonl"].splitlines()]
    parquet = pq.read_table(io.BytesIO(tables["parquet"])).to_pylist()
    assert tuple(rows[0]) == tuple(lines[0]) == tuple(parquet[0]) == trial_table.COLUMNS
    assert len(rows) == len(lines) == len(parquet) == len(FULL)
    assert float(rows[0]["accuracy"]) == pytest.approx(parquet[0]["accuracy"], abs=1e-6)
    assert json.loads(rows[0]["settings"]) == lines[0]["settings"] == json.loads(parquet[0]["settings"])
