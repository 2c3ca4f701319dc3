"""The timing contract: intervals that hold what they say, and ratios that are refused where they mean nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy
from click.testing import Result
from typer.testing import CliRunner

from bench.cli.app import app
from bench.learning.networks import architectures
from bench.learning.networks.engines import engine
from bench.runs.options import Options
from bench.timing import rounds, timings
from bench.timing.ratios import gpu_savings, interval, ratio, ratios_between_runs, ratios_within_run
from bench.timing.timings import PHASES, Configuration, Timing

CPU, GPU = Configuration("torch", "cpu", 2), Configuration("torch", "cuda", 2)
WORK = {"content_sha256": "a", "net": {"kind": "gru"}, "steps": 40, "batch": 128, "precision": "float32",
        "tokens": 1000}
SECONDS = (1.0, 1.1, 0.9, 1.05, 0.95, 1.0)


def timing(
    configuration: Configuration = CPU, seconds: tuple[float, ...] = SECONDS, run: str = "one", **given: object
) -> Timing:
    versions = {"numpy": "2.0", configuration.engine: "2.1"}
    values = Timing(configuration, run, WORK, versions, {"cpu": "a", "cores": 2, "load": [0, 0]},
                    {phase: seconds for phase in PHASES}, 0.8, (0.25, 0.75))
    return replace(values, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [5, 6, 9, 20])
def test_an_interval_holds_the_true_median_as_often_as_it_says(count: int):
    draws = np.random.default_rng(count).exponential(size=(4_000, count))  # skewed, as times are
    intervals = [interval(list(row)) for row in draws]
    held = np.mean([i.low <= np.log(2.0) <= i.high for i in intervals])
    assert held == pytest.approx(intervals[0].coverage, abs=0.02)
    assert (intervals[0].coverage >= 0.95) == (count >= 6)


def test_an_interval_of_many_samples_is_narrower_than_all_of_them():
    of_twenty = interval(list(range(20)))
    assert (of_twenty.low, of_twenty.median, of_twenty.high) == (5, 9.5, 14)


def test_one_sample_is_sure_of_nothing():
    assert interval([3.0]).coverage == 0.0


@pytest.mark.parametrize(("change", "reason"), [
    ({"work": {**WORK, "content_sha256": "b"}}, "content sha256 differs: a and b"),
    ({"work": {**WORK, "net": {"kind": "cnn"}}}, "net differs"),
    ({"work": {**WORK, "steps": 41}}, "steps differs: 40 and 41"),
    ({"work": {**WORK, "batch": 64}}, "batch differs"),
    ({"work": {**WORK, "precision": "bf16"}}, "precision differs: float32 and bf16"),
    ({"versions": {"numpy": "2.0", "torch": "2.2"}}, "the version of torch differs: 2.1 and 2.2"),
    ({"versions": {"torch": "2.1"}}, "libraries differ: numpy"),
    ({"accuracy": 0.7}, "the scores differ: accuracy 0.8000 and 0.7000"),
    ({"probabilities": (0.35, 0.65)}, "the scores differ: probabilities by 0.100"),
    ({"probabilities": (0.25, float("nan"))}, "the scores differ"),
    ({"probabilities": (0.25,)}, "of different texts"),
])
def test_a_ratio_is_refused_and_says_why_where_the_work_is_not_the_same(change: dict[str, object], reason: str):
    refused = ratio(timing(), timing(GPU, **change))
    assert refused.times is None
    assert reason in refused.refused
    assert reason in str(refused)
    assert reason in gpu_savings([refused])[0]


def test_two_builds_of_one_version_are_the_same_library():
    other = timing(GPU, versions={"numpy": "2.0", "torch": "2.1+cu130"})
    assert ratio(timing(versions={"numpy": "2.0", "torch": "2.1+cpu"}), other).times is not None


def test_a_ratio_of_one_run_is_taken_round_by_round_so_that_busy_minutes_cancel():
    busy = (1.0, 2.0, 4.0, 1.0, 2.0, 4.0)
    faster = ratio(timing(seconds=busy), timing(GPU, tuple(s / 10 for s in busy)))
    assert faster.times is not None
    assert (faster.times.low, faster.times.high) == (pytest.approx(10.0), pytest.approx(10.0))
    assert gpu_savings([faster]) == ["GPU training takes 90% less time [90%, 90%] than torch cpu 2 threads"]


def test_a_ratio_of_two_runs_is_as_unsure_as_both_together():
    times = ratio(timing(), timing(seconds=tuple(s / 2 for s in SECONDS), run="two")).times
    assert times is not None
    assert (times.low, times.median, times.high) == pytest.approx((0.9 / 0.55, 2.0, 1.1 / 0.45))
    assert times.coverage < interval(SECONDS).coverage


def test_a_ratio_that_could_be_anything_is_refused():
    assert "too wide to mean anything" in ratio(timing(), timing(GPU, (0.1, 1.0, 0.5, 2.0, 0.2, 0.9))).refused


def test_one_round_makes_no_ratio():
    assert "one sample" in ratio(timing(seconds=(1.0,)), timing(GPU, (1.0,))).refused


def test_only_configurations_that_differ_in_one_thing_are_compared():
    configurations = [CPU, replace(CPU, threads=1), replace(CPU, engine="mxnet"), replace(GPU, threads=1)]
    ratios = ratios_within_run([timing(configuration) for configuration in configurations])
    assert {(r.reference, r.other) for r in ratios} == {
        ("torch cpu 2 threads", "torch cpu 1 thread"), ("torch cpu 2 threads", "mxnet cpu 2 threads"),
        ("torch cpu 2 threads", "torch cuda"), ("torch cpu 1 thread", "torch cuda")}


def test_two_machines_are_named_when_they_are_compared():
    ratios = ratios_between_runs([timing()], [timing(GPU, run="two", host={"gpu": "H200"})])
    assert {(r.reference, r.other) for r in ratios} == {("torch cpu 2 threads (a)", "torch cuda (H200)")}


def test_a_change_of_ours_may_be_timed_and_the_commits_are_named():
    before, after = (timing(run=c, versions={"numpy": "2.0", "torch": "2.1", "commit": c}) for c in ("abc", "def"))
    between = ratio(before, after)
    assert between.times is not None
    assert (between.reference, between.other) == ("torch cpu 2 threads (a, abc)", "torch cpu 2 threads (a, def)")


@pytest.fixture
def bench_time(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`bench time` of a small net on the toy source."""
    monkeypatch.setitem(architectures.ARCHITECTURES, Options.net, toy.NET)  # type: ignore[arg-type]
    monkeypatch.chdir(workshop)

    def call(*arguments: object) -> Result:
        given = ["--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--results-dir", "results",
                 "--offline", "--texts", 64, *arguments]
        return CliRunner().invoke(app, ["time", *map(str, given)])

    return call


def test_bench_time_takes_every_phase_in_processes_of_so_many_threads(bench_time: Callable[..., Result]):
    threads = sorted({1, rounds.cores()})
    result = bench_time("--devices", "cpu", "--threads", ",".join(map(str, threads)), "--steps", 3, "--repeats", 3,
                        "--json")
    assert result.exit_code == 0, result.stderr
    shown = json.loads(result.stdout)
    taken = timings.read(Path(shown["file"]))
    assert [(t.setting.engine, t.setting.threads, t.host["threads"]) for t in taken] == [
        (engine, n, n) for engine in ("torch", "torch-own") for n in threads]  # with our kernels and without
    for t in taken:
        assert t.work["steps"] == 3
        assert set(t.samples) == set(PHASES)
        assert all(len(s) == 3 and min(s) > 0 for s in t.samples.values())
        assert 0 < t.tokens_per_second < t.work["tokens"] / min(t.samples["train"]) + 1
    assert len(taken[0].probabilities) == taken[0].work["scored"]
    assert all(np.abs(np.subtract(t.probabilities, taken[0].probabilities)).max() < 1e-3 for t in taken)
    assert len(shown["ratios"]) == 3 * (4 if len(threads) == 2 else 1)


def test_the_timings_of_two_runs_are_compared_by_file(bench_time: Callable[..., Result], workshop: Path):
    assert bench_time("--devices", "cpu", "--engines", "torch", "--threads", 1, "--repeats", 2).exit_code == 0
    (first,) = (workshop / "results" / "timings").glob("*.json")
    later = json.loads(first.read_text())
    later["timings"][0]["versions"]["numpy"] = "0.1"
    (workshop / "later.json").write_text(json.dumps(later))
    result = CliRunner().invoke(app, ["time", "--compare", str(first), "later.json"])
    assert result.exit_code == 0
    assert result.stdout.count("no ratio, because the version of numpy differs: ") == 3
    later["timings"][0]["setting"]["threads"] = 7
    (workshop / "later.json").write_text(json.dumps(later))
    result = CliRunner().invoke(app, ["time", "--compare", str(first), "later.json"])
    assert result.exit_code == 2
    assert "the two files share no configuration (torch cpu 1 thread and torch cpu 7 threads)" in result.stderr


@pytest.mark.parametrize(("arguments", "message"), [
    (["--threads", "1000"], "--threads 1000 on a machine that lends"),
    (["--threads", "two"], "is no number"),
    (["--devices", "tpu"], "unknown device 'tpu'"),
    (["--devices", ","], "unknown device"),
    (["--engines", "touch"], "did you mean 'torch'"),
    (["--repeats", "0"], "--repeats 0 is not a number of rounds"),
    (["--devices", "cpu", "--precision", "bf16"], "precision bf16 on a CPU"),
    (["--compare", "absent.json", "absent.json"], "cannot read absent.json"),
    (["--compare", "data/toy-source.csv", "data/toy-source.csv"], "is not JSON"),
])
def test_wrong_input_is_one_line(bench_time: Callable[..., Result], arguments: list[str], message: str):
    result = bench_time(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert [line.startswith("bench: ") for line in result.stderr.strip().split("\n")][-1]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("text", ["[]", '{"form": 1}', '{"form": 1, "timings": [{"run": 1}]}', '{"form": 99}',
                                  '{"form": 1, "timings": 3}'])
def test_a_file_that_holds_no_timings_is_said(tmp_path: Path, text: str):
    (tmp_path / "broken.json").write_text(text)
    result = CliRunner().invoke(app, ["time", "--compare", *[str(tmp_path / "broken.json")] * 2])
    assert result.exit_code == 2
    assert "bench time writes such files" in result.stderr


def test_a_file_written_earlier_is_read(tmp_path: Path):
    path = timings.write(tmp_path, [timing(energy={"unavailable": "no meter"})])
    path.write_text(path.read_text().replace("unavailable", "not told"))
    assert timings.read(path) == [timing(energy={"unavailable": "no meter"})]


@pytest.mark.skipif("cuda" in engine("torch").devices(), reason="this machine has a GPU")
def test_without_a_gpu_one_line_says_what_to_do(bench_time: Callable[..., Result]):
    result = bench_time("--devices", "cpu,cuda")
    assert result.exit_code == 2
    assert result.stderr.startswith("bench: PyTorch finds no CUDA device (")
    assert "--devices auto" in result.stderr


def test_a_configuration_whose_process_dies_is_named(tmp_path: Path):
    worker = rounds.Worker(CPU, tmp_path)  # a folder without work
    with pytest.raises(Exception, match=r"the process that timed torch cpu 2 threads ended with 1 \(.*work.json"):
        worker.answer()
    worker.close()
