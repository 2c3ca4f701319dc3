"""Leaderboards from records made up here: pairing, coverage, and texts that do no harm."""

from __future__ import annotations

import csv as reader
import io
from dataclasses import replace
from pathlib import Path
from statistics import stdev

import pytest

from bench import leaderboard
from bench.leaderboard import advice, boards, csv, markdown, notes, table, write
from bench.records import Record

BLANK = Record("toy", "one", "ab" * 32, "imdb@x", "scratch", {}, "gru-64-64", "torch", "cpu", 32, 0, n_train=32,
               n_test=100, seconds={"adapt": 2.0, "pretrain": 50.0})
SCRATCH, TUNED = (0.5, 0.6, 0.7), (0.7, 0.7, 0.9)


def record(baseline: str, seed: int, accuracy: float, **other: object) -> Record:
    scores = {"accuracy": accuracy, "auc": accuracy, "balanced_accuracy": accuracy}
    return replace(BLANK, baseline=baseline, seed=seed, **scores, **other)


FULL = [record(name, seed, a) for name, found in (("scratch", SCRATCH), ("finetune", TUNED))
        for seed, a in enumerate(found)]


def test_means_spreads_and_gains_are_over_the_same_seeds():
    board = boards(FULL)[0]
    cell = board.cells["finetune", 32]
    assert cell.accuracy == pytest.approx(sum(TUNED) / 3)
    assert cell.spread == pytest.approx(stdev(TUNED))
    assert cell.gain == pytest.approx(100 * (0.2 + 0.1 + 0.2) / 3)
    assert (cell.done, cell.of, cell.adapt) == (3, 3, 2.0)
    assert board.cells["scratch", 32].gain is None
    assert board.rows == ("finetune", "scratch")  # the best first
    assert board.pretrain == 50.0


def test_the_order_of_the_records_does_not_matter():
    assert boards(FULL[::-1]) == boards(FULL)


def test_a_missing_seed_leaves_no_mean_and_shows_how_many_there_are():
    board = boards(FULL[:-1])[0]
    cell = board.cells["finetune", 32]
    assert (cell.done, cell.of) == (2, 3)
    assert cell.accuracy is None
    assert cell.gain is None
    row = next(r for r in table(board)[1] if r[0] == "finetune")
    assert row[1:] == ["2/3", "", "", ""]
    assert board.rows == ("scratch", "finetune")  # no mean, no rank


def test_no_gain_is_shown_where_scratch_lacks_a_seed():
    board = boards(FULL[1:])[0]
    assert board.cells["finetune", 32].accuracy is not None
    assert board.cells["finetune", 32].gain is None


def test_a_failed_trial_is_listed_and_counts_as_missing():
    failed = replace(BLANK, baseline="finetune", seed=2, status="failed", error="ValueError: | a pipe", seconds={})
    board = boards([*FULL[:-1], failed])[0]
    assert board.cells["finetune", 32].accuracy is None
    assert (board.cells["finetune", 32].done, board.cells["finetune", 32].of) == (2, 3)
    assert board.failed == ("finetune, 32 labels, seed 2: ValueError: | a pipe",)
    assert "failed: finetune, 32 labels, seed 2" in notes(board)
    assert boards([failed, *FULL])[0].failed == ()  # it was tried again since, and succeeded


@pytest.mark.parametrize(("name", "value"), [("edition", "two"), ("content_sha256", "cd" * 32), ("source", "imdb@y"),
                                             ("net", "bilstm"), ("engine", "mxnet"), ("device", "cuda")])
def test_what_cannot_be_compared_is_never_mixed(name: str, value: str):
    other = [replace(r, **{name: value}, accuracy=0.1) for r in FULL]
    found = boards([*FULL, *other])
    assert len(found) == 2
    means = sorted(b.cells["finetune", 32].accuracy or 0.0 for b in found)
    assert means == pytest.approx([0.1, sum(TUNED) / 3])


def test_one_seed_has_no_spread():
    board = boards([r for r in FULL if r.seed == 0])[0]
    assert board.cells["finetune", 32].spread is None
    assert "±" not in str(table(board)[1])
    assert "±" in str(table(boards(FULL)[0])[1])


def test_an_absent_auc_is_a_dash():
    board = boards([replace(r, auc=None) for r in FULL])[0]
    assert board.cells["finetune", 32].auc is None
    assert next(r for r in table(board)[1] if r[0] == "finetune")[2] == "–"


def test_budgets_are_in_order_and_full_is_last_with_its_size():
    found = [replace(r, budget=b, n_train=n) for r in FULL for b, n in (("full", 6000), (128, 128), (32, 32))]
    board = boards(found)[0]
    assert board.budgets == (32, 128, "full")
    head, body = table(board)
    assert [h for h in head if h.startswith("acc")] == ["acc @32", "acc @128", "acc @all 6,000"]
    assert {len(row) for row in body} == {len(head)}


def test_a_csv_cell_that_a_spreadsheet_would_run_is_inert():
    evil = ["=cmd()", "+1", "-1", "@x", "\tx"]
    found = [replace(r, baseline=name) for r in FULL[:1] for name in evil]
    lines = list(reader.reader(io.StringIO(csv(boards(found)))))
    assert {row[5] for row in lines[1:]} == {f"'{name}" for name in evil}
    assert not any(cell[:1] in "=+@\t" for row in lines[1:] for cell in row if cell)


def test_the_csv_has_a_row_a_baseline_and_budget_and_numbers_that_read_back():
    lines = list(reader.DictReader(io.StringIO(csv(boards(FULL)))))
    assert len(lines) == 2
    assert float(lines[0]["accuracy"]) == pytest.approx(sum(TUNED) / 3, abs=1e-6)
    assert float(lines[0]["gain_points"]) == pytest.approx(50 / 3, abs=1e-5)
    assert lines[1]["gain_points"] == ""
    assert tuple(lines[0]) == leaderboard.COLUMNS


def test_a_negative_gain_stays_a_number_in_the_csv():
    found = [record("scratch", 0, 0.9), record("finetune", 0, 0.5)]
    lines = list(reader.DictReader(io.StringIO(csv(boards(found)))))
    assert float(next(r for r in lines if r["baseline"] == "finetune")["gain_points"]) == pytest.approx(-40)


def test_pipes_are_escaped_in_markdown():
    text = markdown(boards([replace(r, baseline="a|b") for r in FULL[:3]])[0])
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert "a\\|b" in rows[2]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert text.startswith("## toy@one from imdb@x")


def test_files_are_written_a_task_each(tmp_path: Path):
    written = write(tmp_path, [*FULL, *(replace(r, task="other") for r in FULL)])
    assert sorted(p.name for p in written) == ["other.csv", "other.md", "toy.csv", "toy.md"]
    assert {p.name for p in (tmp_path / "leaderboards").iterdir() if p.suffix != ".lock"} == {p.name for p in written}
    assert "toy@one" in (tmp_path / "leaderboards" / "toy.md").read_text(encoding="utf-8")


def test_the_advice_names_the_best_and_what_ties_with_it():
    close = [record("frozen", s, a - 0.005) for s, a in enumerate(TUNED)]
    line = advice(boards([*FULL, *close])[0])[0]
    assert line.startswith("With 32 labels: finetune 0.767, +16.7 points against scratch")
    assert "frozen" in line
    assert advice(boards(FULL[:2])[0])[0].startswith("With 32 labels: scratch")
    assert boards([]) == []
