"""`--draw random` from the command line: its own trials, its own boards, its own name wherever boards are named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from commands import kept, refused, run
from conftest import Bench

from bench.learning.models import folder
from bench.reproduce import published
from bench.results import record_files


def test_a_random_draw_is_run_beside_the_stratified_one_and_never_mixed_with_it(bench_: Bench):
    arguments = run(baseline=["tfidf", "scratch"], budgets="8,full")
    assert bench_(*arguments).exit_code == 0
    planned = bench_(*arguments, "--draw", "random", "--dry-run", "--json")
    assert json.loads(planned.stdout)["todo"] == 8
    random = bench_(*arguments, "--draw", "random")
    assert random.exit_code == 0, random.output
    assert "done already" not in random.stderr
    assert "label draw random" in random.stdout
    assert "label draw stratified" not in random.stdout
    assert "8 of 8 trials are done already" in bench_(*arguments, "--draw", "random").stderr
    assert "8 of 8 trials are done already" in bench_(*arguments).stderr

    records = kept(Path("results"))
    assert len({record.identity() for record in records}) == 16
    full = [{(r.baseline, r.seed): (r.accuracy, r.predictions)
             for r in records if r.budget == "full" and r.draw == draw}
            for draw in ("stratified", "random")]
    assert full[0] == full[1], "all labels are the same texts in the same order"

    for form in ("md", "csv"):
        text = Path(f"results/leaderboards/toy-target.{form}").read_text()
        assert "label draw random" in text
        assert "label draw stratified" in text
    rows = list(csv.DictReader(io.StringIO(Path("results/leaderboards/toy-target.csv").read_text())))
    assert {(row["draw"], row["variant"]) for row in rows} == {(d, f"label draw {d}") for d in ("stratified", "random")}
    shown = bench_("leaderboard", "--results-dir", "results", "--draw", "random", "--format", "json")
    board, = json.loads(shown.stdout)["leaderboards"]
    assert (board["draw"], board["variant"]) == ("random", "label draw random")
    compared = bench_("leaderboard", "--results-dir", "results", "--compare", "tfidf,scratch", "--format", "json")
    assert len(json.loads(compared.stdout)) == 2


def test_records_of_one_draw_are_listed_and_removed(bench_: Bench):
    for draw in ("stratified", "random"):
        assert bench_(*run(baseline=["majority"], draw=draw)).exit_code == 0
    listed = json.loads(bench_("results", "list", "--results-dir", "results", "--json").stdout)
    assert {(row["draw"], row["records"]) for row in listed} == {("stratified", 2), ("random", 2)}
    refused(bench_("results", "list", "--results-dir", "results", "--draw", "fair"), "'fair'", "stratified or random")
    assert bench_("results", "rm", "--results-dir", "results", "--draw", "random", "--yes").exit_code == 0
    assert {record.draw for record in kept(Path("results"))} == {"stratified"}
    assert "random" not in Path("results/leaderboards/toy-target.md").read_text()


@pytest.mark.parametrize("command", [run(), ["fit", "--out", "model"], ["map", "features", "--labels", "8"]])
def test_another_draw_is_refused(bench_: Bench, command: list[str]):
    refused(bench_(*command, "--draw", "Random"), "--draw 'Random'", "stratified or random")


def test_a_record_made_before_draws_was_stratified_and_is_done(bench_: Bench):
    arguments = run(baseline=["tfidf"])
    bench_(*arguments)
    path = Path("results/records/toy-target.jsonl")
    lines = []
    for line in path.read_text().splitlines():
        body = json.loads(line)
        for key in ("check", "draw", "fallback"):
            del body[key]
        digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
        lines.append(json.dumps({**body, "check": digest}) + "\n")
    path.write_text("".join(lines))
    assert [(record.draw, record.fallback) for record in kept(Path("results"))] == [("stratified", "")] * 2
    assert "2 of 2 trials are done already" in bench_(*arguments).stderr
    assert "done already" not in bench_(*arguments, "--draw", "random").stderr


def test_a_model_is_fitted_on_the_draw_that_was_asked_for_and_its_card_says_so(bench_: Bench):
    common = ("--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline",
              "--baseline", "tfidf", "--budget", "8", "--device", "cpu")
    cards = {}
    for draw in ("stratified", "random"):
        done = bench_("fit", "--out", draw, "--draw", draw, *common)
        assert done.exit_code == 0, done.output
        assert ("drawn at random" in done.stdout) == (draw == "random")
        cards[draw] = json.loads((Path(draw) / folder.CARD).read_text())
    assert {draw: card["draw"] for draw, card in cards.items()} == {"stratified": "stratified", "random": "random"}


def test_a_random_trial_is_published_and_rerun_as_one(bench_: Bench):
    for draw in ("stratified", "random"):
        bench_(*run(baseline=["tfidf"], results_dir="published", draw=draw))
    done = bench_("reproduce", "--published", "--all", "--published-dir", "published", "--results-dir", "again",
                  "--tasks", "cards", "--data-dir", "data", "--offline", "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert "4 published trials: 4 same" in done.stdout
    assert len(record_files.latest(published.published_in(Path("published")))) == 4
