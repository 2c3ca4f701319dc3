"""The commands that the report shows: they name what the records depend on, run as they stand, and name no folder."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import toy
from conftest import Bench
from made import grid, record

import bench
from bench.core.budget import Budget
from bench.report import commands, page_facts
from bench.report.provenance import origin_of
from bench.results.record import Record

FILE = "the guests' words.csv"
PLACES = ["--data-dir", "data", "--offline", "--jobs", "1"]


def only_board(records: list[Record]) -> dict:
    (board,) = page_facts.facts(records).boards
    return board


def test_every_command_of_a_users_own_file_runs_as_it_stands(bench_: Bench, workshop: Path):
    rows = toy.rows(90, seed=5).rename(columns={"text": "their words", "label": "liked it?"})
    rows["liked it?"] = rows["liked it?"].map({"positive": "yes, much", "negative": "no"})
    (workshop / "deep").mkdir()
    rows.to_csv(workshop / "deep" / FILE, index=False)
    done = bench_("run", "--target", str(workshop / "deep" / FILE), "--text-column", "their words", "--label-column",
                  "liked it?", "--map-label", "yes, much=positive", "--map-label", "no=negative", "--source",
                  "toy-source", "--tasks", "cards", "--baseline", "tfidf", "--set", "tfidf.penalty=3,default",
                  "--budgets", "16", "--seeds", "1", *PLACES)
    assert done.exit_code == 0, done.output
    board = only_board([*bench.records()])
    assert str(workshop) not in str(board)
    (workshop / "deep" / FILE).rename(workshop / FILE)
    again = bench_(*shlex.split(board["command"])[1:], *PLACES, "--dry-run")
    assert again.exit_code == 0, again.output
    assert "all 2 trials are done" in again.output
    fit = board["fit"]
    row = next(name for name in fit["rows"] if "[penalty=3" in name)
    words = f"{fit['target']} {fit['base']} {fit['rows'][row]} --budget 16 --out model"
    made = bench_("fit", *shlex.split(words), *PLACES[:3])
    assert made.exit_code == 0, made.output
    assert bench_("predict", "model", "a text").exit_code == 0


def test_data_in_memory_and_files_that_no_record_names_have_no_command(bench_: Bench, workshop: Path):
    bench.run({"mine": toy.rows(90, seed=5)}, source="toy-source", tasks="cards", data_dir="data", offline=True, jobs=1,
              seeds=1, budgets=16, baselines="majority", progress=False)
    board = only_board([*bench.records()])
    assert (board["command"], board["fit"]["target"]) == ("", None)
    earlier = only_board([record("mine", "imdb@official", "scratch", 32, 0, 1.0, edition="file")])
    assert (earlier["command"], earlier["fit"]["target"]) == ("", None)


def test_predictions_from_elsewhere_are_in_no_command():
    imported = [replace(r, baseline="gpt-x", imported={"kind": "probabilities"}, base="")
                for r in (record("alpha", "imdb@official", "gpt", 32, seed, 4.0) for seed in range(2))]
    board = only_board([*grid(("alpha",), ("imdb@official",), ("scratch", "frozen")), *imported])
    assert board["best"]["32"] == "gpt-x (imported)"
    assert board["fit"]["best"]["32"] == "frozen"
    assert "gpt" not in board["command"] + str(board["fit"])
    assert "2 imported: their predictions were made elsewhere" in board["provenance"]["records"]


def test_a_command_names_what_the_base_depends_on():
    def trial(budget: Budget, seed: int, **other: object) -> Record:
        return record("alpha", "beta@v1", "plug-in:fit", budget, seed, 1.0, engine="mxnet", base_seed=seed,
                      draw="random", options={"preset": "tutorial", "base_recipe": {"learning_rate": 0.002}}, **other)

    board = only_board([trial(32, 0), trial(128, 0, head_seed=1000), trial(128, 0), trial(32, 1)])
    assert board["command"] == (
        "bench run --target alpha@v1 --source beta@v1 --baseline plug-in.py:fit --budgets 32,128 --seeds 2 "
        "--base-seeds 2 --head-seeds 2 --draw random --preset tutorial --engine mxnet --device cpu "
        "--set base.learning_rate=0.002")
    assert board["fit"]["base"] == ("--source beta@v1 --preset tutorial --engine mxnet --draw random "
                                    "--set base.learning_rate=0.002")


def test_a_record_is_published_where_it_is_the_same_run_and_not_one_run_again():
    ours = grid(("alpha",), ("imdb@official",), ("scratch",))
    again = [replace(r, seconds={**r.seconds, "adapt": 9.0}) for r in ours]
    published = frozenset(map(origin_of, ours))
    for records, count in ((ours, len(ours)), (again, 0)):
        facts = page_facts.facts(records, published=published)
        assert sum(cell["published"] for cell in facts.table()) == count
    (board,) = page_facts.facts(ours, published=published).boards
    assert board["provenance"]["records"] == f"{len(ours)}; {len(ours)} published with transferbench"


@pytest.mark.parametrize(("text", "shown"), [
    ("cannot open /home/me/data/x.csv: no such file", "cannot open x.csv: no such file"),
    (r"cannot open C:\Users\me\x.csv", "cannot open x.csv"),
    ("see https://example.org/a/b and results/runs/x", "see https://example.org/a/b and results/runs/x"),
    ("1/2 seeds, and/or", "1/2 seeds, and/or")])
def test_of_a_path_only_the_file_is_shown(text: str, shown: str):
    assert commands.without_folders(text) == shown


def test_a_folder_is_named_from_here_or_by_its_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert commands.shown_folder(Path("results/mine")) == "results/mine"
    assert commands.shown_folder(tmp_path / "results" / "mine") == "results/mine"
    assert commands.shown_folder(tmp_path.parent / "elsewhere") == "elsewhere"
