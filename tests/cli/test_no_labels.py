"""A budget of 0: what runs, what is said of the rest, and how leaderboards, models and forecasts show it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from commands import kept, refused, run
from conftest import Bench

BASELINES = ["scratch", "source-only", "tfidf-source", "tfidf"]


def test_with_no_labels_only_strategies_that_need_none_run_and_the_others_are_named_once(bench_: Bench):
    planned = bench_(*run(baseline=BASELINES, budgets="0,8,16"), "--dry-run", "--json")
    cells = json.loads(planned.stdout)["targets"][0]["cells"]
    assert {cell["baseline"] for cell in cells if cell["budget"] == 0} == {"source-only", "tfidf-source"}
    assert len(cells) == 2 + 2 * len(BASELINES)
    result = bench_(*run(baseline=BASELINES, budgets="0,8,16"))
    assert result.exit_code == 0, result.output
    assert result.stderr.count("0 labels: left out are those that need labels: scratch, tfidf") == 1

    records = kept(Path("results"))
    at_zero = [r for r in records if r.budget == 0]
    assert {(r.baseline, r.seed, r.n_train) for r in at_zero} == {
        (name, seed, 0) for name in ("source-only", "tfidf-source") for seed in (0, 1)}
    for r in at_zero:
        same, = (o for o in records if (o.baseline, o.seed, o.budget) == (r.baseline, r.seed, 8))
        assert (r.accuracy, r.predictions) == (same.accuracy, same.predictions)
    assert f"{len(records)} of {len(records)} trials are done already" in bench_(
        *run(baseline=BASELINES, budgets="0,8,16")).stderr

    assert "no labels" in result.stdout
    assert result.stdout.count("needs labels") == 2
    assert "source-only and tfidf-source use no label of the target" in result.stdout.replace("tfidf-source and "
        "source-only", "source-only and tfidf-source")
    rows = list(csv.DictReader(io.StringIO(Path("results/leaderboards/toy-target.csv").read_text())))
    assert {row["baseline"] for row in rows if row["budget"] == "0"} == {"source-only", "tfidf-source"}
    assert all(row["gain_points"] == "" and row["score"] for row in rows if row["budget"] == "0")
    assert all(row["gain_points"] and row["source_gain_points"] for row in rows
               if row["budget"] == "8" and row["baseline"] == "tfidf")
    board, = json.loads(bench_("leaderboard", "--results-dir", "results", "--format", "json").stdout)["leaderboards"]
    assert board["over_budgets"]["budgets"] == [8, 16]
    assert len(board["over_budgets"]["rows"]) == len(BASELINES)
    assert {lead["baseline"] for lead in board["leads"]} <= set(BASELINES)
    assert {e["baseline"] for e in board["label_equivalents"] if e["budget"] == 0} == {"source-only", "tfidf-source"}


def test_views_of_a_leaderboard_know_the_budget_of_0(bench_: Bench):
    assert bench_(*run(baseline=["source-only", "tfidf-source", "tfidf"], budgets="0,8")).exit_code == 0
    for view in (["--budget", "0"], ["--sort", "0"], ["--compare", "source-only,tfidf-source", "--budget", "0"],
                 ["--calibration"], ["--variance"], ["--format", "latex"]):
        shown = bench_("leaderboard", "--results-dir", "results", *view)
        assert shown.exit_code == 0, (view, shown.output)
    assert "With no labels" in bench_("leaderboard", "--results-dir", "results", "--budget", "0").stdout
    gate = bench_("leaderboard", "--results-dir", "results", "--compare", "results", "--fail-if-worse", "1")
    assert gate.exit_code == 0, gate.output
    page = Path("page.html")
    assert bench_("report", "--results-dir", "results", "--out", page).exit_code == 0
    assert '"budget":"0","n":0' in page.read_text()


def test_a_strategy_that_needs_labels_is_refused_where_there_are_none(bench_: Bench):
    refused(bench_(*run(baseline=["tfidf", "scratch"], budgets="0")), "tfidf, scratch", "0 labels", "no-labels")
    refused(bench_(*run(baseline=["tfidf"], budgets="1")), "'1'", "too few labels")
    refused(bench_("fit", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                   "--baseline", "tfidf", "--budget", "0", "--offline", "--out", "model"), "tfidf", "0 labels")


def test_a_model_fitted_without_labels_predicts(bench_: Bench):
    fitted = bench_("fit", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                    "--baseline", "tfidf-source", "--budget", "0", "--offline", "--out", "model")
    assert fitted.exit_code == 0, fitted.output
    assert "no labels, seed 0" in fitted.stdout
    assert json.loads(Path("model/card.json").read_text())["budget"] == 0
    assert bench_("predict", "model", "a text").exit_code == 0


def test_a_strategy_from_outside_gets_the_whole_pool_without_labels(bench_: Bench):
    Path("mine.py").write_text(
        "import numpy as np\n"
        "NEEDS = {'no-labels'}\n"
        "def fit(trial, resources):\n"
        "    assert len(trial.labelled) == len(trial.labelled.texts()) == len(trial.labelled.labels) == 0\n"
        "    assert not trial.has_one_class and len(trial.unlabelled) > 100 and trial.labels\n"
        "    assert (np.diff(trial.unlabelled.rows) > 0).all()\n"
        "    return lambda examples: np.full((len(examples), len(trial.labels)), 1 / len(trial.labels), np.float32)\n")
    for draw in ("stratified", "random"):
        result = bench_(*run(baseline=["mine.py:fit"], budgets="0", seeds=1, draw=draw))
        assert result.exit_code == 0, result.output
