"""Two sources, two settings, two bases and two versions in one results folder, from the command line."""

from __future__ import annotations

import csv
import inspect
import io
import json
from pathlib import Path
from typing import get_args

import pytest
import toy
from commands import forget, kept, refused, run
from conftest import Bench

from bench.cli.app import COMMANDS, GROUPS
from bench.cli.option_groups import typer_command
from bench.core import ranges, recipes
from bench.results import record_files

KNOB = """
import numpy as np
{more}
NEEDS = frozenset()
def fit(trial, resources, *, C: float = {C}):
    def predict(examples):
        out = np.zeros((len(examples), len(trial.labels)), np.float32)
        out[:, {column}] = 1
        return out
    return predict
"""


@pytest.fixture
def knob(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A strategy of the user's own in one file: `write(knob, C=…, column=…)`."""
    monkeypatch.syspath_prepend(str(workshop))
    path = workshop / "knob_of_a_user.py"
    write(path)
    return path


def write(path: Path, C: float = 1.0, column: str = "0", more: str = "") -> None:
    path.write_text(KNOB.format(C=C, column=column, more=more))


def scores(bench_: Bench, form: str = "json") -> dict[tuple[str, str], float]:
    """The scores that `bench leaderboard` shows, by variant and row."""
    shown = bench_("leaderboard", "--results-dir", "results", "--format", form)
    assert shown.exit_code == 0, shown.output
    if form == "csv":
        return {(row["variant"], row["baseline"]): round(float(row["score"]), 4)
                for row in csv.DictReader(io.StringIO(shown.stdout)) if row["score"]}
    return {(board["variant"], cell["baseline"]): round(cell["leading"], 4)
            for board in json.loads(shown.stdout)["leaderboards"] for cell in board["cells"]
            if cell["leading"] is not None}


def test_an_edited_strategy_runs_again_and_both_versions_keep_their_scores(bench_: Bench, knob: Path):
    arguments = run(baseline="knob_of_a_user:fit")
    assert bench_(*arguments).exit_code == 0
    first = scores(bench_)[("", "knob_of_a_user:fit")]
    write(knob, column="1")  # of the same size, and in the same second
    second = bench_(*arguments)
    assert "done already" not in second.stderr
    found = scores(bench_)
    assert sorted(found.values()) == sorted([first, round(1 - first, 4)])
    assert all(name.startswith("knob_of_a_user:fit (version ") for _, name in found)
    assert scores(bench_, "csv") == found
    write(knob)
    assert "2 of 2 trials are done already" in bench_(*arguments).stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_strategy_imports_from_beside_it_belongs_to_its_version(bench_: Bench, knob: Path, jobs: int):
    helper = knob.with_name("knob_helper_of_a_user.py")
    helper.write_text("COLUMN = 0\n")
    write(knob, column="COLUMN", more="from knob_helper_of_a_user import COLUMN")
    arguments = run(baseline="knob_of_a_user:fit", jobs=jobs)
    assert bench_(*arguments).exit_code == 0
    helper.write_text("COLUMN = 1\n")
    done = bench_(*arguments)
    assert done.exit_code == 0, done.output
    records = kept(Path("results"))
    assert len(records) == 4
    assert len({record.strategy_sha256 for record in records}) == 2
    assert sum(record.accuracy or 0.0 for record in records) == pytest.approx(2.0)


def test_a_file_that_is_edited_during_a_run_fails_the_trials_that_are_left_and_is_named(bench_: Bench, knob: Path):
    edit = f"import pathlib; me = pathlib.Path({str(knob)!r}); me.write_text(me.read_text() + '# edited')"
    write(knob, column=f"0 if not exec({edit!r}) else 0")
    done = bench_(*run(baseline=["knob_of_a_user:fit", "majority"], jobs=2, seeds=3))
    assert done.exit_code == 1
    records = [r for r in kept(Path("results")) if r.baseline != "majority"]
    assert len({r.strategy_sha256 for r in records}) == 1
    assert any(r.status == "ok" for r in records)
    for failed in (r for r in records if r.status != "ok"):
        assert "the code of 'knob_of_a_user:fit' has changed" in failed.error


def test_a_recipe_that_changed_runs_again_says_so_and_is_the_zero_point_from_then_on(
        bench_: Bench, monkeypatch: pytest.MonkeyPatch):
    arguments = run(baseline=["tfidf", "scratch"], jobs=1)
    with monkeypatch.context() as before:
        before.setattr(recipes, "EARLIER", {})
        assert "its recipe has changed" not in bench_(*arguments).stderr
    again = bench_(*arguments)
    assert "scratch: its recipe has changed since some of its trials ran (before: random word vectors" in again.stderr
    assert {r.recipe for r in kept(Path("results")) if r.baseline == "scratch"} == {1, recipes.current("scratch")}
    shown = json.loads(bench_("leaderboard", "--results-dir", "results", "--format", "json").stdout)
    (board,) = shown["leaderboards"]
    rows = {row["baseline"]: (row["strategy"], row["recipe"]) for row in board["rows"]}
    assert rows == {"tfidf": ("tfidf", 1), "scratch": ("scratch", recipes.current("scratch")),
                    "scratch (recipe 1)": ("scratch", 1)}
    gains = {cell["baseline"]: cell["gain"] for cell in board["cells"]}
    assert gains["scratch"] is None
    assert None not in (gains["tfidf"], gains["scratch (recipe 1)"])


def test_two_settings_are_two_rows(bench_: Bench, knob: Path):
    for C, column in ((100.0, "0"), (0.0001, "1"), (100.0, "0")):
        write(knob, C, column)
        done = bench_(*run(baseline="knob_of_a_user:fit"))
        assert done.exit_code == 0
    found = scores(bench_)
    assert len(found) == 2
    assert {name.partition(" (")[0] for _, name in found} == {"knob_of_a_user:fit[C=100.0]",
                                                              "knob_of_a_user:fit[C=1e-4]"}
    names = [name for _, name in found]
    compared = bench_("leaderboard", "--results-dir", "results", "--compare", ",".join(names), "--format", "json")
    assert compared.exit_code == 0, compared.output
    assert {json.loads(compared.stdout)[0]["pairs"][0][side] for side in ("first", "second")} == set(names)
    only = bench_("leaderboard", "--results-dir", "results", "--baseline", names[0], "--format", "json")
    row, = json.loads(only.stdout)["leaderboards"][0]["rows"]
    assert f"[C={row['settings']['C']}]" in names[0]


@pytest.mark.usefixtures("cached_script")
def test_a_source_that_was_corrected_is_another_source(bench_: Bench, workshop: Path):
    arguments = run(baseline=["tfidf-source", "tfidf"])
    assert bench_(*arguments).exit_code == 0
    before = scores(bench_)
    frame = toy.rows(seed=1)
    frame["label"] = frame["label"].map({"positive": "negative", "negative": "positive"})
    frame.to_csv(workshop / "data" / "toy-source.csv", index=False)
    forget()
    second = bench_(*arguments)
    assert "done already" not in second.stderr
    assert "1 more of toy-target" in second.stderr
    found = scores(bench_)
    assert len({variant for variant, _ in found}) == 2
    wrong = [value for (_, name), value in found.items() if name == "tfidf-source"]
    assert before["", "tfidf-source"] in wrong
    assert min(wrong) == pytest.approx(1 - max(wrong), abs=0.05)
    page = bench_("report", "--results-dir", "results", "--out", "page.html")
    assert page.exit_code == 0, page.output
    assert (workshop / "page.html").read_text().count('"variant":"source content') >= 2


def test_two_bases_are_two_leaderboards_and_a_run_shows_its_own(bench_: Bench):
    one = bench_(*run(baseline=["source-only", "frozen", "tfidf"], epochs=1))
    two = bench_(*run(baseline=["source-only"], epochs=2))
    assert one.exit_code == two.exit_code == 0
    assert "frozen" not in two.stdout
    assert "epochs 2" in two.stdout
    found = scores(bench_)
    assert {("epochs 1", "frozen"), ("epochs 1", "source-only"), ("epochs 2", "source-only"),
            ("epochs 2", "tfidf")} <= set(found)
    assert ("epochs 2", "frozen") not in found
    assert found["epochs 1", "tfidf"] == found["epochs 2", "tfidf"]


def test_rerun_runs_what_is_done_and_its_record_counts(bench_: Bench):
    arguments = run(baseline=["tfidf"])
    bench_(*arguments)
    again = bench_(*arguments, "--rerun")
    assert again.exit_code == 0, again.output
    assert "done already" not in again.stderr
    records = record_files.read(Path("results/records/toy-target.jsonl"))
    assert len(records) == 4
    assert record_files.latest(records) == records[2:]
    planned = bench_(*arguments, "--rerun", "--dry-run", "--json")
    assert planned.exit_code == 0, (planned.output, planned.exception)
    assert json.loads(planned.stdout)["todo"] == 2


def test_results_are_listed_and_removed_by_what_tells_them_apart(bench_: Bench):
    bench_(*run(baseline=["tfidf", "majority"], budgets="8,16"))
    path = Path("results/records/toy-target.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], b"damaged\n", *lines[4:]]))
    listed = json.loads(bench_("results", "list", "--results-dir", "results", "--json").stdout)
    assert {(row["row"], row["labels"], row["records"]) for row in listed} == {
        (name, labels, 2) for name in ("tfidf", "majority") for labels in ("8", "16")}
    rm = ("results", "rm", "--results-dir", "results", "--baseline", "tfidf", "--budget", "16", "--seed", "1")
    assert "1 records would be removed" in bench_(*rm, "--dry-run").stdout
    assert bench_(*rm).exit_code == 1  # nobody answered
    assert path.read_bytes().count(b"\n") == 9
    done = bench_(*rm, "--yes")
    assert done.exit_code == 0, done.output
    left = path.read_bytes()
    assert left.count(b"\n") == 8
    assert b"damaged\n" in left
    assert set(left.splitlines(keepends=True)) < {*lines, b"damaged\n"}
    assert "7 of 8 trials are done already" in bench_(*run(baseline=["tfidf", "majority"], budgets="8,16")).stderr
    refused(bench_("results", "rm", "--results-dir", "results", "--yes"), "nothing says which records")
    refused(bench_("results", "rm", "--results-dir", "results", "--yes", "--digest", "nothing"), "no such records")


def test_packed_records_are_removed_too_and_a_file_without_any_goes(bench_: Bench):
    bench_(*run(baseline=["tfidf"]))
    path = Path("results/records/toy-target.jsonl")
    record_files.write_packed(path.with_name("toy-target.jsonl.gz"), record_files.read(path))
    path.unlink()
    digest = record_files.read_all(Path("results"))[0].source_sha256[:10]
    done = bench_("results", "rm", "--results-dir", "results", "--digest", digest, "--yes")
    assert done.exit_code == 0, done.output
    assert list(path.parent.glob("*.jsonl*")) == []
    assert not Path("results/leaderboards/toy-target.md").exists()


@pytest.mark.parametrize(("option", "value"), [
    ("epochs", -1), ("epochs", 10_001), ("seeds", 0), ("seeds", 1_001), ("jobs", -1), ("head_seeds", 0),
    ("base_seeds", -3), ("rating_threshold", "nan"), ("rating_threshold", "inf")])
def test_numbers_that_make_no_sense_are_refused(bench_: Bench, option: str, value: object):
    refused(bench_(*run(**{option: value})), f"--{option.replace('_', '-')} {value} is not ")
    assert not Path("results").exists()


def test_every_numeric_option_of_every_command_has_a_range():
    commands = [*COMMANDS.values(), *(command for _, group in GROUPS.values() for command in group.values())]
    names = [f"{command.__name__.removesuffix('_command')}.{option.name}" for command in commands
             for option in inspect.signature(typer_command(command)).parameters.values()
             if (kinds := get_args(option.annotation)) and {int, float} & {*get_args(kinds[0]), kinds[0]}]
    assert len(names) > 15
    missing = [name for name in names if not {name, name.partition(".")[2]} & set(ranges.RANGES)]
    assert missing == []


def test_chosen_settings_are_rows_beside_the_plain_one_which_keeps_its_records(bench_: Bench):
    plain = run(baseline=["tfidf", "scratch"])
    assert bench_(*plain).exit_code == 0
    before = {name for _, name in scores(bench_)}
    assert before == {"tfidf", "scratch"}
    assert bench_(*run(baseline="tfidf", set="tfidf.penalty=0.001,default")).exit_code == 0
    assert {name for _, name in scores(bench_)} == {*before, "tfidf[penalty=1e-3]"}
    assert len(kept(Path("results"))) == 6, "the plain rows have run once"
    for name in ("tfidf[penalty=1e-3]", "tfidf [penalty=1e-3]"):
        shown = bench_("leaderboard", "--results-dir", "results", "--baseline", name, "--format", "csv")
        assert [row["baseline"] for row in csv.DictReader(io.StringIO(shown.stdout))] == ["tfidf[penalty=1e-3]"]
    for name in ("scratch", "tfidf[penalty=1e-3]"):
        assert bench_("results", "rm", "--results-dir", "results", "--baseline", name, "--yes").exit_code == 0
    assert {name for _, name in scores(bench_)} == {"tfidf"}
    refused(bench_(*run(baseline="tfidf", set="tfidf.penalti=1")), "did you mean 'penalty'")
    refused(bench_(*run(baseline="tfidf", set="base.batch=64")), "no strategy of this run uses the base")


def test_each_recipe_of_the_base_is_a_leaderboard_and_what_uses_no_base_is_on_both(bench_: Bench):
    made = bench_(*run(baseline=["source-only", "tfidf"], seeds=1, epochs=None, set="base.epochs=1,2"))
    assert made.exit_code == 0, made.output
    records = kept(Path("results"))
    assert sorted(r.baseline for r in records) == ["source-only", "source-only", "tfidf"]
    assert len({r.base for r in records if r.base}) == 2
    assert set(scores(bench_)) == {(f"epochs {n}", name) for n in (1, 2) for name in ("source-only", "tfidf")}


def test_a_model_has_one_setting_and_its_card_says_which(bench_: Bench):
    words = ["fit", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
             "--offline", "--baseline", "tfidf", "--out", "model", "--set"]
    assert bench_(*words, "tfidf.penalty=3").exit_code == 0
    assert json.loads(Path("model/card.json").read_text())["settings"]["penalty"] == 3.0
    refused(bench_(*words, "tfidf.penalty=3,4", "--force"), "tfidf[penalty=3.0], tfidf[penalty=4.0]")
    refused(bench_(*words, "base.epochs=1,2", "--force"), "several bases")
