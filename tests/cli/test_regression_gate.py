"""`bench leaderboard --compare … --fail-if-worse`: what was scored before must be as good now, or the gate fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from board_records import CURVES, STRENGTH, TRUTH, answered, record
from click.testing import Result
from commands import refused
from typer.testing import CliRunner

from bench.cli.app import app
from bench.results import record_files
from bench.results.record import Record

BEFORE = [r for r in CURVES if r.baseline in ("scratch", "finetune", "tfidf")]
Change = Callable[[Record], Record | None]


def write(folder: Path, records: list[Record]) -> Path:
    (folder / "records").mkdir(parents=True)
    for r in records:
        record_files.append(folder / "records" / f"{r.task}.jsonl", r)
    return folder


def leaderboard(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["leaderboard", *map(str, arguments)])


def failed(r: Record, error: str = "CUDA out of memory") -> Record:
    return replace(r, status="failed", error=error, accuracy=None, balanced_accuracy=None, macro_f1=None, auc=None,
                   log_loss=None, predictions={})


def on(change: Change, *, baseline: str = "tfidf", budget: int | None = None, seed: int | None = None) -> Change:
    """The change, made to these trials alone."""

    def changed(r: Record) -> Record | None:
        here = r.baseline == baseline and budget in (None, r.budget) and seed in (None, r.seed)
        return change(r) if here else r

    return changed


def gone(r: Record) -> None:
    return None


WITHOUT_PREDICTIONS: Change = lambda r: replace(r, predictions={})  # noqa: E731
ON_OTHER_TEXTS: Change = lambda r: replace(r, **answered(STRENGTH[r.baseline], r.seed, 1 - TRUTH))  # noqa: E731
REGRESSIONS: dict[str, tuple[Change, str]] = {
    "every trial failed": (on(failed), "tfidf at 16, 64, 256 labels: failed with seeds 0, 1, 2: CUDA out of memory"),
    "one seed failed": (on(failed, budget=64, seed=1), "tfidf at 64 labels: failed with seed 1: CUDA out of memory"),
    "one budget failed": (on(failed, budget=16), "tfidf at 16 labels: failed with seeds 0, 1, 2"),
    "the strategy is missing": (on(gone), "tfidf at 16, 64, 256 labels: missing"),
    "one budget is missing": (on(gone, budget=256), "tfidf at 256 labels: missing"),
    "one seed is missing": (on(gone, budget=64, seed=2), "tfidf at 64 labels: seed 2 missing"),
    "a seed is missing everywhere": (lambda r: r if r.seed else None, "tfidf at 16, 64, 256 labels: seed 0 missing"),
    "the base is another": (on(lambda r: replace(r, base="new")), "another base: none before, new now"),
    "no predictions are stored": (on(WITHOUT_PREDICTIONS, budget=16), "no predictions are stored"),
    "the target's texts are others": (lambda r: replace(r, content_sha256="cd" * 32),
                                      "tfidf at 16, 64, 256 labels: other texts or labels in the target's data"),
    "the test set is another": (ON_OTHER_TEXTS, "tfidf at 16, 64, 256 labels: another test set"),
    "the source is another": (lambda r: replace(r, source="yelp@x"), "tfidf at 16, 64, 256 labels: missing in"),
    "the scores are worse": (on(lambda r: replace(r, **answered(-0.9, r.seed))), "tfidf after is worse than tfidf"),
}


@pytest.mark.parametrize("kind", REGRESSIONS)
def test_the_gate_names_what_got_lost_or_worse(tmp_path: Path, kind: str):
    change, said = REGRESSIONS[kind]
    before = write(tmp_path / "before", BEFORE)
    after = write(tmp_path / "after", [r for old in BEFORE if (r := change(old)) is not None])
    gate = leaderboard("--compare", before, after, "--fail-if-worse", "1.0")
    assert gate.exit_code == 1, gate.output
    assert said in gate.stderr
    assert "Traceback" not in gate.output


def test_the_gate_passes_what_is_the_same_or_more(tmp_path: Path):
    before = write(tmp_path / "before", BEFORE)
    more = [*BEFORE, *(replace(r, baseline="new") for r in BEFORE[:9]), failed(replace(BEFORE[0], baseline="next")),
            *(record(name, 3, budget=b, n_train=b) for name in ("scratch", "finetune", "tfidf") for b in (16, 64, 256))]
    for name, now in (("same", BEFORE), ("more", more)):
        after = write(tmp_path / name, now)
        gate = leaderboard("--compare", before, "--results-dir", after, "--fail-if-worse", "1.0")
        assert gate.exit_code == 0, gate.output
        assert "tfidf after" in gate.stdout
        assert leaderboard("--compare", before, after, "--fail-if-worse", "1.0").stdout == gate.stdout


def test_what_failed_before_is_no_regression(tmp_path: Path):
    broken = [on(failed, budget=64)(r) for r in BEFORE]
    before = write(tmp_path / "before", [r for r in broken if r])
    for name, now in (("again", broken), ("mended", BEFORE)):
        gate = leaderboard("--compare", before, write(tmp_path / name, [r for r in now if r]), "--fail-if-worse", "0")
        assert gate.exit_code == 0, gate.output


def test_a_trial_that_failed_when_it_ran_last_has_failed(tmp_path: Path):
    before = write(tmp_path / "before", BEFORE)
    after = tmp_path / "after"
    shutil.copytree(before, after)
    record_files.append(after / "records" / "toy.jsonl", failed(BEFORE[-1], "boom"))
    gate = leaderboard("--compare", before, after, "--fail-if-worse", "1")
    assert gate.exit_code == 1
    assert "failed with seed 2: boom" in gate.stderr


def test_the_gate_between_two_strategies_names_what_cannot_be_compared(tmp_path: Path):
    kinds: dict[str, Change] = {"whole": lambda r: r, "half": on(failed, budget=16, seed=0), "none": on(failed)}
    whole, half, none = (write(tmp_path / name, [r for old in BEFORE if (r := change(old)) is not None])
                         for name, change in kinds.items())
    gate = ("--compare", "finetune,tfidf", "--fail-if-worse", "5")
    assert leaderboard("--results-dir", whole, *gate).exit_code == 0
    for folder, said in ((half, "tfidf at 16 labels: failed with seed 0: CUDA"), (none, "tfidf at 16, 64, 256 labels")):
        found = leaderboard("--results-dir", folder, *gate)
        assert found.exit_code == 1, found.output
        assert said in found.stderr
    assert leaderboard("--results-dir", half, *gate, "--budget", "64").exit_code == 0, "that budget is whole"
    told = leaderboard("--results-dir", half, *gate[:2])
    assert (told.exit_code, "not compared" in told.stderr) == (0, True)
    refused(leaderboard("--results-dir", whole, "--compare", "finetune,nobody", "--fail-if-worse", "1"), "'nobody'")


def test_budgets_narrow_the_gate_between_runs(tmp_path: Path):
    before = write(tmp_path / "before", BEFORE)
    after = write(tmp_path / "after", [r for old in BEFORE if (r := on(failed, budget=16)(old))])
    gate = ("--compare", before, after, "--fail-if-worse", "1")
    assert leaderboard(*gate, "--budget", "64,256").exit_code == 0
    assert leaderboard(*gate, "--budget", "16").exit_code == 1
    refused(leaderboard(*gate, "--budget", "32"), "no scored trial to compare with")
    facts = json.loads(leaderboard(*gate, "--format", "json").stdout)
    assert facts[0]["lost"] == ["tfidf at 16 labels: failed with seeds 0, 1, 2: CUDA out of memory"]


def test_nothing_to_compare_is_an_error_with_or_without_the_gate(tmp_path: Path):
    before = write(tmp_path / "before", BEFORE)
    empty, broken = write(tmp_path / "empty", []), write(tmp_path / "broken", [failed(r) for r in BEFORE])
    refused(leaderboard("--compare", before, empty, "--fail-if-worse", "1"), "no such records")
    refused(leaderboard("--compare", before, tmp_path / "absent", "--fail-if-worse", "1"), "no records in")
    refused(leaderboard("--compare", broken, before, "--fail-if-worse", "1"), "no scored trial to compare with")
    refused(leaderboard("--compare", before, broken), "nothing can be compared", "CUDA out of memory")
    assert leaderboard("--compare", before, broken, "--fail-if-worse", "1").exit_code == 1


@pytest.mark.parametrize("points", ["-1", "nan", "inf", "-0.5"])
def test_a_gate_that_could_never_fail_is_refused(tmp_path: Path, points: str):
    before = write(tmp_path / "before", BEFORE)
    refused(leaderboard("--compare", before, before, f"--fail-if-worse={points}"), "is not a number of points")
    refused(leaderboard("--results-dir", before, "--fail-if-worse=1"), "it needs --compare")
