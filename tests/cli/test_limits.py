"""`bench run --limit` and `--time-limit`: some trials now, the others by a later run."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import kept, refused, run
from conftest import Bench

from bench.core.errors import BenchError
from bench.runs.limits import parse_duration

TRIALS = {"baseline": ["tfidf", "majority"], "budgets": "8,16"}


def test_a_limit_takes_each_strategy_at_the_smallest_budget_and_a_later_run_the_rest(bench_: Bench) -> None:
    first = bench_(*run(**TRIALS, limit=2))
    assert first.exit_code == 0, first.output
    assert {(r.baseline, r.budget, r.seed) for r in kept(Path("results"))} == {("tfidf", 8, 0), ("majority", 8, 0)}
    assert "2 of 8 trials now" in first.stderr
    assert "left for a run without the limit: tfidf at 16 (2), majority at 16 (2)" in first.stderr
    assert bench_(*run(**TRIALS)).exit_code == 0
    assert len({r.identity() for r in kept(Path("results"))}) == len(kept(Path("results"))) == 8


def test_a_time_limit_leaves_out_what_needs_the_base_first(bench_: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.runs.costs.EPOCH", 10_000.0)  # milliseconds a text: the base would take most of an hour
    planned = bench_(*run(baseline=["tfidf", "source-only"], time_limit="10m"), "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "2 of 4 trials now" in planned.stderr
    assert "source-only at 8 (2)" in planned.stderr
    assert "To do: 2 of 2 trials" in planned.stdout
    refused(bench_(*run(baseline="source-only", time_limit="10m")), "no trial fits into 10 min")
    refused(bench_(*run(limit=0)), "--limit 0")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5 h", 5400),
                                               ("2 min", 120)])
def test_a_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "x", "10x", "-5", "1d", "nan"])
def test_no_time(text: str) -> None:
    with pytest.raises(BenchError, match="is no time"):
        parse_duration(text)
