"""Texts out, predictions in: `bench data export` and `bench results import`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from commands import kept, refused, run
from conftest import Bench

from bench.analysis import boards, study
from bench.results.record import Record
from bench.runs.imported import id_of

TASK = ("--tasks", "cards", "--data-dir", "data", "--offline")


def exported(bench_: Bench, *more: str) -> list[dict[str, str]]:
    done = bench_("data", "export", "toy-target", *TASK, *more)
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def answer(rows: list[dict[str, str]], name: str = "answers.csv") -> None:
    """A person's rule: texts with a word that begins with z are positive."""
    lines = [f"{row['id']},{0.9 if ' z' in ' ' + row['text'] else 0.2}" for row in rows]
    Path(name).write_text("\n".join(["id,Positive", *lines]) + "\n")


def imported(bench_: Bench, *more: str, file: str = "answers.csv", name: str = "rule") -> object:
    return bench_("results", "import", file, "--name", name, "--target", "toy-target", "--source", "toy-source", *TASK,
                  "--results-dir", "results", "--device", "cpu", *more)


def test_the_test_set_goes_out_without_labels_and_comes_back_as_a_row_with_statistics(bench_: Bench) -> None:
    made = bench_(*run(baseline=["tfidf", "tfidf-source"], budgets="0,8"))
    assert made.exit_code == 0, made.output
    rows = exported(bench_)
    assert list(rows[0]) == ["id", "text"]
    assert [row["id"].partition("-")[0] for row in rows] == [id_of(row["text"]) for row in rows]
    answer(rows[::-1])
    done = imported(bench_)
    assert done.exit_code == 0, done.output
    assert "rule (imported), which saw no label" in done.stdout
    mine = [record for record in kept(Path("results")) if record.baseline == "rule"]
    assert {(r.budget, r.seed, r.n_train) for r in mine} == {(0, 0, 0), (0, 1, 0), (8, 0, 8), (8, 1, 8)}
    assert all(record.imported["answers"] == "probabilities" for record in mine)
    found, = study.studies(kept(Path("results")))
    assert found.at(8) is not None
    assert {row.baseline for row in found.at(8).rows} == {"tfidf", "tfidf-source", "rule (imported)"}
    assert "rule (imported)" in found.label_free
    again = imported(bench_)
    assert "there already" in again.stdout
    assert len(kept(Path("results"))) == 6 + len(mine)


def test_an_imported_row_is_never_taken_for_a_trial() -> None:
    ran = Record("t", "e", "0", "s@e", "mine", {}, "gru", "torch", "cpu", 32, 0, source_sha256="1")
    came = Record("t", "e", "0", "s@e", "mine", {}, "gru", "torch", "cpu", 32, 0, source_sha256="1",
                  imported={"answers": "labels"})
    assert ran.identity() != came.identity()
    assert list(boards.row_names(map(boards.RowKey.of, (ran, came))).values()) == ["mine", "mine (imported)"]


def test_labels_that_it_has_seen_are_one_draw(bench_: Bench) -> None:
    labelled = exported(bench_, "--part", "labelled", "--budget", "8", "--seed", "1")
    assert len(labelled) == 8
    assert {row["label"] for row in labelled} == {"negative", "positive"}
    rest = exported(bench_, "--part", "unlabelled", "--budget", "8", "--seed", "1")
    test = exported(bench_)
    ids = [{row["id"] for row in rows} for rows in (labelled, rest, test)]
    assert sum(map(len, ids)) == len(set().union(*ids))
    lines = bench_("data", "export", "toy-target", *TASK, "--part", "labelled", "--budget", "8", "--seed", "1", "-f",
                   "jsonl")
    assert [json.loads(line) for line in lines.stdout.splitlines()] == labelled
    answer(test)
    assert imported(bench_, "--budget", "8", "--seed", "1").exit_code == 0
    assert [(r.budget, r.seed, r.n_train) for r in kept(Path("results"))] == [(8, 1, 8)]
    refused(imported(bench_, "--budget", "8,16"), "one --budget and one --seed")


def test_missing_unknown_and_double_answers_are_counted_and_nothing_is_written(bench_: Bench) -> None:
    rows = exported(bench_)
    answer([*rows[2:], rows[5], {"id": "t0123", "text": "x"}])
    refused(imported(bench_), f"2 of {len(rows)} test texts have no answer", rows[0]["id"],
            "1 id is not of this task (t0123)", "1 text is answered more than once")
    assert not Path("results/records/toy-target.jsonl").exists()
    answer([*rows, *exported(bench_, "--part", "labelled", "--budget", "8")])
    done = imported(bench_)
    assert "8 answers are of training texts: left out" in done.stderr


def test_other_answers_of_the_same_name_need_force(bench_: Bench) -> None:
    rows = exported(bench_)
    answer(rows)
    assert imported(bench_).exit_code == 0
    Path("answers.csv").write_text("\n".join(["hash,label", *(f"{row['id']},NEGATIVE" for row in rows)]))
    refused(imported(bench_), "other answers of 'rule'")
    done = imported(bench_, "--force")
    assert done.exit_code == 0, done.output
    assert "accuracy, balanced accuracy and F1 alone" in done.stderr
    assert (kept(Path("results"))[-1].auc, kept(Path("results"))[-1].log_loss) == (None, None)


@pytest.mark.parametrize("name", ["tfidf", "a,b", "a [b]", "", " a", "x" * 41, "../x"])
def test_names_that_no_row_can_have(bench_: Bench, name: str) -> None:
    refused(imported(bench_, name=name), "--name")


def test_answers_by_text_serve_every_copy_of_it(bench_: Bench, workshop: Path) -> None:
    rows = exported(bench_)
    Path("answers.csv").write_text("\n".join(["text,label", *(f"{row['text'].upper()!s},negative" for row in rows)]))
    refused(imported(bench_), "have no answer")
    Path("answers.csv").write_text("\n".join(["text,label", *(f"  {row['text']},negative" for row in rows)]))
    assert imported(bench_).exit_code == 0
