"""Every environment of `surroundings.py`, and in each of them the commands that people use most."""

from __future__ import annotations

from pathlib import Path

import pytest
from surroundings import ALL, Case, Surroundings

Predictions = dict[tuple[object, ...], object]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    case = Case(tmp_path_factory.mktemp("usual"), Surroundings())
    done = case.run()
    assert done.returncode == 0, done.stderr
    assert len(case.predictions()) == 4
    return case.predictions()


def commands(case: Case) -> list[tuple[object, ...]]:
    """The command lines, after a run whose results they read."""
    mine, source, out = case.root / "mine.csv", case.root / "source.csv", case.root / "out"
    data = ("--data-dir", case.root, "--offline")
    return [
        ("leaderboard", "--results-dir", case.results),
        ("leaderboard", "--results-dir", case.results, "--calibration", "--budget", "16"),
        ("report", "--results-dir", case.results, "--out", out / "page.html"),
        ("list", "tasks", "--data-dir", case.root),
        ("list", "baselines"),
        ("task", "check", mine, "--source", source, *data),
        ("fit", "--target", mine, "--source", source, "-b", "tfidf", "--out", out / "model", *data),
        ("predict", out / "model", "zala zemi bako", "grum grek delu"),
        ("map", "confusion", "--source", source, "--target", mine, "--labels", "16", "--epochs", "1", "--device", "cpu",
         "-o", out / "maps", *data),
        ("doctor", *data),
        ("data", "list", "--data-dir", case.root),
    ]


@pytest.mark.parametrize("name", ALL)
def test_the_commands_work_and_the_scores_are_the_same(name: str, tmp_path: Path, usual: Predictions):
    case = Case(tmp_path, ALL[name])
    if not case.possible():
        pytest.skip("this machine cannot make it")
    wrong = []
    done = case.run()
    if done.returncode != case.around.code:
        wrong.append(("run", done.returncode, done.stderr))
    for command in commands(case):
        done = case.bench(*command)
        if done.returncode != (2 if command[0] == case.around.refused else case.around.code):
            wrong.append((" ".join(map(str, command)), done.returncode, done.stdout[-500:], done.stderr[-1500:]))
    assert not wrong
    assert case.predictions() == (usual if case.around.scores else {})
