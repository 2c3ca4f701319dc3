"""`bench run --dry-run`: the plan is the run's, the estimate says where it is from, and nothing is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toy
from conftest import Bench

from bench.learning.networks.architectures import ARCHITECTURES
from bench.results import record_files
from bench.results.record import Record
from bench.runs import costs
from bench.runs.costs import MeasuredCosts

RUN = ("run", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline",
       "--epochs", "1", "--budgets", "8,full", "--seeds", "2", "--jobs", "1", "--device", "cpu",
       "--results-dir", "results")


def plan(bench_: Bench, *more: str) -> dict[str, Any]:
    done = bench_(*RUN, "--dry-run", "--json", *more)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_plan_is_what_the_run_does_and_then_there_is_nothing_to_do(bench_: Bench, workshop: Path) -> None:
    words = ("--baseline", "frozen", "--baseline", "tfidf", "--baseline", "majority")
    before = plan(bench_, *words)
    assert (before["trials"], before["todo"]) == (12, 12)
    assert not (workshop / "results").exists()
    assert before["seconds"] > 0
    base = next(s for s in before["targets"][0]["steps"] if s["what"] == "base")
    assert not base["cached"]
    run = bench_(*RUN, *words)
    assert run.exit_code == 0, run.stderr
    kept = record_files.read(workshop / "results" / "records" / "toy-target.jsonl")
    assert len(kept) == before["todo"]
    cells = {(c["baseline"], c["budget"]): c["trials"] for c in before["targets"][0]["cells"]}
    assert cells == {key: sum((r.baseline, r.budget) == key for r in kept) for key in cells}
    assert {c["n_train"] for c in before["targets"][0]["cells"]} == {r.n_train for r in kept}
    told = files(workshop / "results")
    after = plan(bench_, *words)
    assert (after["trials"], after["todo"], after["seconds"]) == (12, 0, 0)
    said = bench_(*RUN, *words, "--dry-run")
    assert "Nothing to do: all 12 trials are done." in said.stdout
    assert files(workshop / "results") == told


def test_more_seeds_are_estimated_from_the_records_and_the_kept_base_costs_nothing(
        bench_: Bench, workshop: Path) -> None:
    words = ("--baseline", "frozen", "--baseline", "tfidf")
    assert bench_(*RUN, *words).exit_code == 0
    kept = record_files.read(workshop / "results" / "records" / "toy-target.jsonl")
    more = plan(bench_, *words, "--seeds", "5", "--baseline", "scratch")
    cells = {(c["baseline"], c["budget"]): c for c in more["targets"][0]["cells"]}
    own = [sum(r.seconds[k] for k in ("load", "adapt", "predict")) for r in kept
           if (r.baseline, r.budget) == ("frozen", 8)]
    assert cells["frozen", 8]["from"] == "records"
    assert cells["frozen", 8]["seconds_each"] == pytest.approx(sum(own) / 2, abs=1e-3)
    assert (cells["frozen", 8]["done"], cells["frozen", 8]["todo"]) == (2, 3)
    assert (cells["scratch", 8]["done"], cells["scratch", 8]["todo"]) == (0, 5)
    assert all(s["cached"] for s in more["targets"][0]["steps"])
    said = bench_(*RUN, *words, "--seeds", "5", "--dry-run").stdout
    assert "base: cached" in said
    assert "median seconds of the same trials in your records" in said


def test_what_the_run_would_refuse_the_plan_refuses_too(bench_: Bench) -> None:
    for more, said in ((("--target", "amazn"), "did you mean 'amazon'?"),
                       (("--seeds", "0"), "--seeds 0"),
                       (("--baseline", "finetun"), "did you mean 'finetune'?"),
                       (("--target", "no.csv"), "no such file"),
                       (("--target", "amazon"), "no data for amazon"), (("--budgets", "5000"), "too few"),
                       (("--scheduler", "tcp://127.0.0.1:1"), "exclude each other")):
        at = RUN.index("--budgets")  # a repeated flag would add to the first
        words = (*RUN[:at], *RUN[at + 2:]) if more[0] == "--budgets" else RUN
        done = bench_(*words, *more, "--dry-run")
        assert done.exit_code == 2, (more, done.output)
        assert said in done.stderr
        assert len([line for line in done.stderr.splitlines() if line.startswith("bench: ")]) == 1


def test_without_any_data_the_plan_is_the_cards_and_nothing_is_fetched(bench_: Bench, cache: Path) -> None:
    done = bench_("run", "--dry-run", "--json", "--target", "amazon", "--target", "hotels", "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    amazon = made["targets"][0]
    assert amazon["target"] == "amazon@blitzer-2007"
    assert not amazon["data_read"]
    assert (amazon["trials"], amazon["todo"]) == (96, 96)
    assert {s["what"] for s in amazon["steps"]} == {"reading amazon", "reading imdb", "base", "features",
                                                    "source's linear model"}
    alone = json.loads(bench_("run", "--dry-run", "--json", "--target", "amazon", "--device", "cpu").stdout)
    twice = made["seconds"] - alone["seconds"]
    assert twice < alone["seconds"], "the base is trained once for both"
    assert [p for p in cache.rglob("*") if p.is_file() and p.suffix != ".lock"] == []


def test_a_dry_run_does_not_load_an_engine(workshop: Path) -> None:
    code = ("import sys; from bench.cli.app import entry; sys.argv = ['bench', *sys.argv[1:]]\n"
            "try: entry()\nexcept SystemExit as e: assert not e.code\n"
            "print('loaded:', *[m for m in ('torch', 'mxnet', 'sklearn', 'matplotlib') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code, *RUN, "--dry-run"], cwd=workshop, capture_output=True, text=True,
                          check=True, timeout=120)
    from bench.learning.networks.engines import version

    loaded = done.stdout.splitlines()[-1].split()[1:]
    assert loaded == [] or (loaded == ["torch"] and not version("torch").endswith("+cpu"))


def test_two_targets_and_several_bases_are_counted_as_the_run_counts_them(bench_: Bench, workshop: Path) -> None:
    words = ("--target", "toy-three", "--baseline", "frozen", "--baseline", "tfidf", "--base-seeds", "2",
             "--head-seeds", "2", "--seeds", "1")
    made = plan(bench_, *words)
    assert [t["target"] for t in made["targets"]] == ["toy-target@toy", "toy-three@toy"]
    assert bench_(*RUN, *words).exit_code == 0
    for target in made["targets"]:
        name = target["target"].split("@")[0]
        assert target["todo"] == len(record_files.read(workshop / "results" / "records" / f"{name}.jsonl"))
    assert plan(bench_, *words)["todo"] == 0


def test_costs_come_from_the_same_trials_then_from_the_tables_at_this_machines_pace() -> None:
    nothing = MeasuredCosts({})
    assert nothing.trial("finetune", 128) == costs.Cost(pytest.approx(1.34), "stated")  # type: ignore[arg-type]
    assert 1.34 < nothing.trial("finetune", 300).seconds < 2.5
    assert nothing.trial("finetune", 58_900).seconds == pytest.approx(70)
    assert nothing.trial("mine:fit", 128).basis == "unknown"
    slow = MeasuredCosts({("finetune", 128): 2.68})
    assert slow.trial("finetune", 128) == costs.Cost(2.68, "records")
    assert slow.trial("scratch", 128) == costs.Cost(pytest.approx(3.8), "scaled")  # type: ignore[arg-type]
    assert MeasuredCosts({("mine:fit", 100): 2.0}).trial("mine:fit", 128) == costs.Cost(2.0, "scaled")


def test_encoders_cost_less_on_a_gpu_where_auto_holds_one() -> None:
    cpu, gpu = MeasuredCosts({}), MeasuredCosts({}, "cuda")
    assert gpu.trial("setfit", 128).seconds == pytest.approx(cpu.trial("setfit", 128).seconds / costs.ON_A_GPU)
    assert gpu.trial("finetune", 128) == cpu.trial("finetune", 128)
    assert gpu.trial("auto", 128).seconds == pytest.approx(
        cpu.trial("auto", 128).seconds + gpu.trial("encoder-finetune", 128).seconds)


def test_records_of_another_net_engine_or_device_tell_nothing_of_this_one(tmp_path: Path) -> None:
    net = ARCHITECTURES["gru"]
    record = Record("t", "e", "0", "s@e", "tfidf", {}, str(net), "torch", "cpu", 32, 0, n_train=32,
                            seconds={"load": 1.0, "adapt": 2.0, "predict": 3.0, "pretrain": 100.0})
    made = [record, replace(record, engine="mxnet"), replace(record, device="cuda"), replace(record, net="x"),
            replace(record, status="failed", seconds={})]
    assert costs.measured_costs(made, tmp_path, net, "torch", "cpu").trials == {("tfidf", 32): 6.0}


def test_seconds_are_said_as_people_say_them() -> None:
    said = {0.2: "under 1 s", 12.4: "12 s", 89: "89 s", 200: "3 min", 4_800: "1 h 20 min", 3_600: "1 h",
            100_000: "1 day 4 h", 172_800: "2 days", 3_599: "1 h"}
    assert {seconds: costs.duration(seconds) for seconds in said} == said


def test_a_file_of_ones_own_is_planned_from_its_own_size(bench_: Bench, workshop: Path) -> None:
    toy.rows(240, seed=5).to_csv(workshop / "mine.csv", index=False)
    done = bench_("run", "--dry-run", "--json", "--target", "mine.csv", "--device", "cpu", "--budgets", "32,full,5000")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["targets"][0]
    assert {c["budget"] for c in found["cells"]} == {32, "full"}
    assert max(c["n_train"] for c in found["cells"]) < 240
