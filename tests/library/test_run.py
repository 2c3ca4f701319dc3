"""`bench.run` and `bench.records`: the same trials as the command line, from a DataFrame or a file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy
from board_records import BLANK
from conftest import Bench

import bench
from bench.core.errors import BenchError, InputError
from bench.library.progress import Lead, Progress, brief
from bench.runs import processes

TOYS = {"source": "toy-source", "tasks": "cards", "data_dir": "data", "offline": True, "jobs": 1, "seeds": 1,
        "budgets": 16, "baselines": "tfidf", "progress": False}
FLAGS = ["--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline", "--jobs", "1", "--seeds", "1",
         "--budgets", "16", "--baseline", "tfidf"]


def untidy() -> pd.DataFrame:
    """Rows of which some cannot be used, and labels of several spellings."""
    frame = toy.rows(90, seed=5).rename(columns={"text": "body"}).astype(object)
    frame.loc[0, "body"], frame.loc[3, "body"], frame.loc[4, "label"] = None, np.nan, pd.NA
    frame.loc[6, "label"], frame.loc[7, "body"] = "Negative ", frame.loc[9, "body"]
    frame.insert(0, "id", range(100, 190))
    return frame


def test_a_frame_gives_the_trials_of_the_same_rows_in_a_file(bench_: Bench, workshop: Path):
    untidy().to_csv("mine.csv", index=False)
    by_command = bench_("run", "--target", "mine.csv", *FLAGS)
    assert by_command.exit_code == 0, by_command.output
    again = bench.run({"mine": untidy()}, **TOYS)
    assert again.notes[-1] == "1 of 1 trials are done already"
    spoken = [line.replace("mine.csv:", "mine:") for line in by_command.stderr.splitlines() if line.startswith("mine.")]
    assert list(again.notes[:len(spoken)]) == spoken
    assert "without a text" in spoken[-1]
    first = bench.records().to_frame()
    anew = bench.run({"mine": untidy()}, results_dir="other", **TOYS)
    second = bench.records("other").to_frame()
    same = ["task", "content_sha256", "split_sha256", "settings", "accuracy", "log_loss", "n_train", "n_test"]
    pd.testing.assert_frame_equal(first[same], second[same])
    assert bench.records()[0].predictions == bench.records("other")[0].predictions
    assert anew.recommendation == again.recommendation


def test_a_board_is_a_sentence_a_table_and_html(bench_: Bench):
    bench_("run", "--target", "toy-target", *FLAGS, "--baseline", "majority")
    board = bench.run("toy-target", **{**TOYS, "baselines": ["tfidf", "majority"]})
    assert board.recommendation.startswith("With 16 labels use tfidf")
    frame = board.to_frame()
    assert list(frame["baseline"]) == ["tfidf", "majority"]
    assert frame["score"].between(0, 1).all()
    assert "<table>" in board._repr_html_()
    assert board.recommendation in board._repr_html_()
    assert board.recommendation in repr(board)
    assert bench.records().board().recommendation == board.recommendation
    assert not board.failed
    assert list(bench.records()[:1].to_frame()["seconds_adapt"] >= 0) == [True]


def test_several_targets_have_a_line_each(bench_: Bench):
    frames = {"one": toy.rows(80, seed=7), "two": toy.rows(80, seed=8)}
    board = bench.run(frames, **{**TOYS, "source": {"films": toy.rows(120, seed=9)}})
    assert [line.split(":")[0].split()[0] for line in board.recommendation.splitlines()] == ["one@file", "two@file"]
    assert set(bench.records().to_frame()["source"]) == {"films@file"}


@pytest.fixture
def server() -> None:
    """A server of workers that is there already stays; without one, each run would load the libraries for its own."""
    processes.warm_up("torch")


@pytest.mark.usefixtures("server")
def test_a_trial_that_fails_is_told(bench_: Bench, plugin: str):
    board = bench.run("toy-target", **{**TOYS, "baselines": [f"{plugin}:broken"], "seeds": 2})
    assert ["by design" in record.error for record in board.failed] == [True]
    assert "1 trial failed" in repr(board)
    with pytest.raises(BenchError, match="by design"):
        bench.run("toy-target", **{**TOYS, "baselines": [f"{plugin}:broken"], "seeds": 2}, keep_going=False)


@pytest.mark.parametrize(("arguments", "words"), [
    ({"target": "toy-targt"}, "unknown target 'toy-targt'; did you mean 'toy-target'"),
    ({"target": 3}, "a target cannot be a int"),
    ({"target": []}, "no target"),
    ({"target": {"a": [1]}}, "the target 'a' is a list, not a DataFrame"),
    ({"target": [pd.DataFrame({"text": ["a"]})] * 2}, "two DataFrames are called dataframe"),
    ({"budgets": [32, 1.5]}, "budget '1.5' is not a number of labels"),
    ({"baselines": [len]}, "baselines holds a builtin_function_or_method"),
    ({"seeds": 0}, "--seeds 0 is not a number of label draws"),
    ({"data_dir": "nowhere"}, "no such folder: nowhere"),
    ({"target": pd.DataFrame({"a": ["x"], "b": ["y"]})}, "dataframe")])
def test_wrong_input_is_an_exception_with_a_hint(bench_: Bench, arguments: dict[str, object], words: str):
    with pytest.raises(BenchError) as raised:
        bench.run(**{"target": "toy-target", **TOYS, **arguments})
    assert words in str(raised.value)
    assert raised.value.message
    assert raised.value.hint
    assert isinstance(raised.value, ValueError) == isinstance(raised.value, InputError)


def test_a_folder_without_records_is_an_error(tmp_path: Path):
    with pytest.raises(BenchError, match="no records in"):
        bench.records(tmp_path)


def test_progress_goes_where_it_is_sent(bench_: Bench, capsys: pytest.CaptureFixture[str]):
    lines: list[str] = []
    bench.run("toy-target", **{**TOYS, "progress": lines.append})
    assert capsys.readouterr() == ("", "")
    assert any("tfidf" in line and "16 labels seed 0: acc" in line for line in lines)
    bench.run("toy-target", **{**TOYS, "progress": True, "rerun": True})
    out, err = capsys.readouterr()
    assert out == ""
    assert "1 of 1 trials · toy-target, 16 labels: tfidf" in err
    assert "\x1b" not in err


def test_nothing_is_imported_before_it_is_used():
    code = ("import sys; before = set(sys.modules); import bench; dir(bench); print(*(set(sys.modules) - before))\n"
            "print('run' in dir(bench), hasattr(bench, 'nothing'))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, last = done.stdout.splitlines()
    assert {name.split(".")[0] for name in modules.split()} - sys.stdlib_module_names == {"bench"}
    assert "bench.library" not in modules.split()
    assert last == "True False"


SCRIPT = """
open("begun", "a").write("x")
import os, signal
import pandas as pd
import bench
before = dict(os.environ), signal.getsignal(signal.SIGINT), __file__, __spec__
board = bench.run("toy-target", source="toy-source", tasks="cards", data_dir="data", offline=True, jobs=2, seeds=2,
                  budgets=16, baselines="tfidf")
assert before == (dict(os.environ), signal.getsignal(signal.SIGINT), __file__, __spec__)
from multiprocessing import active_children, forkserver
assert not active_children()
assert forkserver._forkserver._forkserver_pid is None
assert forkserver._forkserver._preload_modules == ["__main__"]
print(len(bench.records()))
"""


def test_a_script_without_a_main_guard_starts_workers_and_leaves_nothing_behind(workshop: Path):
    (workshop / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=workshop, capture_output=True, text=True, timeout=250,
                          check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert (workshop / "begun").read_text() == "x", "a worker has run the script once more"


def test_notices_come_once_and_without_addresses_unless_all_is_wanted() -> None:
    shown: list[str] = []
    progress = Progress(shown.append, short=True)
    for _ in range(2):
        progress.say("GloVe is not here (https://example.org/a/long/path): vectors are random")
    assert shown == ["GloVe is not here: vectors are random (-v says all)"]
    assert progress.notes == ["GloVe is not here (https://example.org/a/long/path): vectors are random"]
    assert "…" in brief("word " * 60)


def test_the_leader_is_that_of_the_usual_budget_or_of_the_last_where_that_has_none() -> None:
    lead = Lead("amazon", {32: 32, 128: 128}, 128)
    assert lead.words() == ""
    trial = replace(BLANK, status="ok", leading="accuracy")
    lead.add(replace(trial, baseline="tfidf", budget=32, accuracy=0.9))
    assert lead.words() == "amazon, 32 labels: tfidf .900 leads"
    lead.add(replace(trial, baseline="tfidf", budget=128, accuracy=0.7))
    lead.add(replace(trial, baseline="auto", budget=128, accuracy=0.8))
    assert lead.words() == "amazon, 128 labels: auto .800 leads"


def test_only_bench_run_which_can_say_more_shortens_notices():
    shown: list[str] = []
    long = "a.csv: " + "so many rows had no text, " * 20
    Progress(shown.append).say(long)
    assert shown == [long.strip()]
