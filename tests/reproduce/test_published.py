"""Published trials run again: bit for bit the same here, and what is said where a record was made elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import made
import pytest
from conftest import Bench

from bench.core import recipes
from bench.core.errors import BenchError, MissingExtra
from bench.learning.features import encoders
from bench.reproduce import published as rerun
from bench.reproduce.published import OFF, SAME, WITHIN, Rerun
from bench.results import record_files, stored_predictions
from bench.results.record import Record

TOYS = ("--data-dir", "data", "--tasks", "cards", "--jobs", "1", "--offline")
RUN = ("run", *TOYS, "--target", "toy-target", "--source", "toy-source")
AGAIN = ("reproduce", *TOYS, "--published", "--published-dir", "published")


@pytest.fixture
def published(workshop: Path, bench_: Bench) -> Path:
    """Eight trials of the toys, packed away as published ones are."""
    done = bench_(*RUN, "--baseline", "tfidf", "--baseline", "frozen", "--budgets", "32,64", "--seeds", "2")
    assert done.exit_code == 0, done.output
    path = workshop / "published" / "records" / "toy-target.jsonl.gz"
    record_files.write_packed(path, record_files.read_all(workshop / "results" / "runs"))
    return path


def rewritten(path: Path, change: Callable[[Record], Record]) -> None:
    record_files.write_packed(path, [change(r) for r in record_files.read(path)])


def test_every_published_trial_is_the_same_here_and_is_kept_for_a_second_look(published: Path, bench_: Bench):
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 0, done.output
    assert "8 published trials: 8 same" in done.output
    kept = sorted(Path("results/runs/published-again").rglob("*.jsonl"))
    before = [p.stat().st_mtime_ns for p in kept]
    assert "8 same" in bench_(*AGAIN, "--all").output
    assert [p.stat().st_mtime_ns for p in kept] == before


def test_a_trial_of_a_device_that_is_not_here_is_not_run_and_leaves_that_of_the_other_alone(
        published: Path, bench_: Bench, monkeypatch: pytest.MonkeyPatch):
    there = record_files.read(published)
    record_files.write_packed(published, [*there, *(replace(r, device="cuda", accuracy=0.0) for r in there[:3])])
    monkeypatch.setattr(rerun, "devices", lambda engine: ["cpu"])
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 0, done.output
    assert "11 published trials: 8 same, 3 not run" in done.output
    assert "it was computed on cuda, which torch does not find here" in done.output


def test_a_sample_is_drawn_by_its_seed(published: Path, bench_: Bench):
    first, second = (bench_(*AGAIN, "--share", "25", "--sample-seed", "3").output for _ in range(2))
    assert "2 of 8 published trials (--sample-seed 3)" in first
    assert first.splitlines()[-3:] == second.splitlines()[-3:]
    every = rerun.published_in(Path("published"))
    assert [len(rerun.sample(every, share, 0)) for share in (1e-9, 0.5, 1.0)] == [1, 4, 8]
    assert rerun.sample(every, 1.0, 5) == every
    assert len({tuple(r.identity() for r in rerun.sample(every, 0.25, seed)) for seed in range(10)}) > 3


def test_a_score_that_cannot_be_had_again_is_off_with_a_guess_and_exit_1(published: Path, bench_: Bench):
    truth, p = stored_predictions.unpack(record_files.read(published)[0].predictions)
    wrong = stored_predictions.pack(truth, stored_predictions.quantise(p[:, ::-1]))

    def other(r: Record) -> Record:
        if (r.baseline, r.budget, r.seed) != ("tfidf", 32, 1):
            return r
        return replace(r, predictions=wrong, accuracy=0.1, versions={**r.versions, "numpy": "1.0", "commit": "ff"},
                       host={**r.host, "cpu": "Z80"})

    rewritten(published, other)
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 1
    line = next(line for line in done.output.splitlines() if " off " in line)
    assert "tfidf" in line
    assert "0.1000" in line
    assert line.index("numpy 1.0 -> ") < line.index("commit ff -> ") < line.index("processor Z80 -> ")
    assert "7 same, 1 off" in done.output


def test_what_cannot_be_run_here_is_said_and_is_not_off(published: Path, bench_: Bench):
    rewritten(published, lambda r: replace(r, net="gru-1-1", base="x") if r.seed else r)
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 0
    assert "4 same, 4 not run" in done.output
    assert "no network here is called 'gru-1-1'" in done.output


def test_a_trial_of_an_earlier_recipe_cannot_be_run_again_and_is_not_off(
        published: Path, bench_: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recipes, "EARLIER", {"tfidf": ("single words",)})
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 0, done.output
    assert "4 same, 4 not run" in done.output
    assert "its recipe has changed since: published with recipe 1 (single words), here 2" in done.output


def test_a_strategy_that_cannot_run_here_does_not_keep_the_others_from_it(
        published: Path, bench_: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders, "missing", lambda model: MissingExtra("the sentence encoder", "sentence"))
    names = {("frozen", 0): "sentence-embedding", ("frozen", 1): "no-such-strategy"}
    rewritten(published, lambda r: replace(r, baseline=names.get((r.baseline, r.seed), r.baseline)))
    done = bench_(*AGAIN, "--all")
    assert done.exit_code == 0, done.output
    assert "4 same, 4 not run" in done.output
    assert "transferbench[sentence]" in done.output
    assert "no-such-strategy" in done.output


def test_a_baseline_that_fails_here_is_off():
    old = made.record("alpha", "imdb@official", "tfidf", 32, 0, 1.0)
    again = Rerun(old, replace(old, status="failed", error="boom", accuracy=None, predictions={}), 1.0, "boom")
    assert again.verdict == OFF
    assert rerun.rows([again])[0] | {"here": "", "points": "", "cause": "boom"} == rerun.rows([again])[0]


@pytest.mark.parametrize(("points", "verdict"), [(0.0, WITHIN), (1.0, WITHIN), (-1.0, WITHIN), (1.01, OFF),
                                                 (-1.01, OFF)])
def test_the_tolerance_is_in_points_both_ways(points: float, verdict: str):
    old = replace(made.record("alpha", "imdb@official", "tfidf", 32, 0, 1.0), accuracy=0.5)
    assert Rerun(old, old, 1.0).verdict == SAME
    new = replace(made.record("alpha", "imdb@official", "tfidf", 32, 0, 1.1), accuracy=0.5 + points / 100)
    assert Rerun(old, new, 1.0).verdict == verdict


def test_tolerance_is_twice_the_spread_of_the_other_seeds_where_that_is_more():
    seeds = [replace(made.record("alpha", "imdb@official", "tfidf", 32, seed, 1.0), accuracy=a)
             for seed, a in enumerate((0.10, 0.50, 0.54))]
    assert rerun._tolerance(seeds[0], seeds) == pytest.approx(2 * 2.828, abs=1e-3)
    assert rerun._tolerance(seeds[0], seeds[:2]) == 1.0
    assert rerun._tolerance(seeds[0], [seeds[0], seeds[1], replace(seeds[1], seed=7)]) == 1.0


@pytest.mark.parametrize(("options", "said"), [
    (("--share", "0"), "--share 0 is not a percentage"), (("--share", "101"), "--share 101 is not a percentage"),
    (("--claim", "B1"), "about the claims"), (("--published-dir", "nowhere"), "no published records in nowhere")])
def test_wrong_options_are_one_line(workshop: Path, bench_: Bench, options: tuple[str, ...], said: str):
    done = bench_(*AGAIN, *options)
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_packed_records_are_read_beside_growing_ones_and_not_run_again(published: Path, bench_: Bench):
    folder = published.parent
    done = bench_(*RUN, "--baseline", "tfidf", "--budgets", "32,64", "--seeds", "3", "--results-dir", "published")
    assert done.exit_code == 0, done.output
    assert "4 of 6 trials are done already" in done.output
    assert len(record_files.read(folder / "toy-target.jsonl")) == 2
    assert len(record_files.read_all(folder.parent)) == 10


def test_packing_gives_the_same_bytes_and_damage_is_one_line(tmp_path: Path):
    path = tmp_path / "records" / "alpha.jsonl.gz"
    record_files.write_packed(path, made.results())
    first = path.read_bytes()
    record_files.write_packed(path, made.results())
    assert path.read_bytes() == first
    assert record_files.read(path) == made.results()
    path.write_bytes(first[:-20])
    with pytest.raises(BenchError, match="the file is damaged"):
        record_files.read(path)
    path.write_bytes(gzip.compress(b"{}\n") + b"no gzip")
    with pytest.raises(BenchError, match="cannot read"):
        record_files.read(path)
