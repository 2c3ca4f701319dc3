"""`bench run --config` and `--save-config`: a study in a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from commands import kept, refused, run
from conftest import Bench

STRATEGY = '''"""Always the first class."""
import numpy as np
NEEDS = ()
def fit(trial, resources, *, C: float = 1):
    return lambda examples: np.eye(len(trial.labels), dtype=np.float32)[np.zeros(len(examples), int)]
'''
STUDY = """
target = "toy-target"
source = ["toy-source"]
baseline = ["tfidf", "my.py:fit"]
tasks = "../cards"
data_dir = "../data"
results-dir = "out"
offline = true
device = "cpu"
jobs = 1
budgets = [8]
seeds = 2
[set.tfidf]
penalty = [0.001, "default"]
[set."my.py:fit"]
C = 0.5
"""


@pytest.fixture
def folder(workshop: Path) -> Path:
    made = workshop / "study"
    made.mkdir()
    (made / "my.py").write_text(STRATEGY)
    (made / "study.toml").write_text(STUDY)
    return made


def test_a_study_in_a_file_runs_and_the_command_line_wins(bench_: Bench, folder: Path) -> None:
    done = bench_("run", "--config", "study/study.toml", "--seeds", "1")
    assert done.exit_code == 0, done.output
    records = kept(folder / "out")
    assert {(r.row, r.seed) for r in records} == {("tfidf", 0), ("tfidf[penalty=1e-3]", 0), ("my:fit[C=0.5]", 0)}


def test_what_is_saved_plans_the_same_run_from_another_folder(bench_: Bench, folder: Path) -> None:
    first = bench_("run", "--config", "study/study.toml", "--dry-run", "--save-config", "saved/again.toml")
    assert first.exit_code == 0, first.output
    saved = tomllib.loads(Path("saved/again.toml").read_text())
    assert saved["baseline"] == ["tfidf", "../study/my.py:fit"]
    assert (saved["results-dir"], saved["seeds"], saved["base-seeds"]) == ("../study/out", 2, 1)
    again = bench_("run", "--config", "saved/again.toml", "--dry-run")
    assert again.stdout == first.stdout
    refused(bench_("run", "--config", "study/study.toml", "--seeds", "3", "--dry-run", "--save-config",
                   "saved/again.toml"), "exists, and says something else")


@pytest.mark.parametrize(("line", "words"), [
    ("seed = 3", ["no option 'seed'", "did you mean 'seeds'"]), ("seeds = true", ["seeds = True"]),
    ("offline = 1", ["not true or false"]), ("draw = ['random', 'stratified']", ["is a list"]),
    ("set = {tfidf = 1}", ["names no strategy"]), ("source = 1979-05-27", ["no value of this option"]),
    ("seeds", ["key/value pair"]), ("data-dir = 'a'\ndata_dir = 'b'", ["twice"])])
def test_what_no_option_takes_is_refused(bench_: Bench, workshop: Path, line: str, words: list[str]) -> None:
    (workshop / "wrong.toml").write_text(line)
    refused(bench_(*run(), "--config", "wrong.toml"), *words)
    refused(bench_(*run(), "--config", "none.toml"), "No such file")
