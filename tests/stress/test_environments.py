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


@pytest.mark.parametrize("name", ALL)
def test_the_commands_work_and_the_scores_are_the_same(name: str, tmp_path: Path, usual: Predictions):
    case = Case(tmp_path, ALL[name])
    if not case.possible():
        pytest.skip("this machine cannot make it")
    code = case.around.code
    mine, out, data = tmp_path / "mine.csv", tmp_path / "out", ("--data-dir", tmp_path, "--offline")
    commands: list[tuple[int, tuple[object, ...]]] = [
        (code, ("leaderboard", "--results-dir", case.results)),
        (code, ("leaderboard", "--results-dir", case.results, "--calibration", "--budget", "16")),
        (code, ("report", "--results-dir", case.results, "--out", out / "page.html")),
        (code, ("list", "tasks", "--data-dir", tmp_path)),
        (code, ("list", "baselines")),
        (code, ("task", "check", mine, "--source", tmp_path / "source.csv", *data)),
        (code, ("fit", "--target", mine, "--source", tmp_path / "source.csv", "-b", "tfidf", "--out", out / "model",
                *data)),
        (code, ("predict", out / "model", "zala zemi bako", "grum grek delu")),
        (code, ("map", "confusion", "--source", tmp_path / "source.csv", "--target", mine, "--labels", "16",
                "--epochs", "1", "--device", "cpu", "-o", out / "maps", *data)),
        (code, ("doctor", *data)),
        (code, ("data", "list", "--data-dir", tmp_path)),
    ]
    wrong = []
    done = case.run()
    if done.returncode != code:
        wrong.append(("run", done.returncode, done.stderr))
    for expected, command in commands:
        done = case.bench(*command)
        if done.returncode != expected:
            wrong.append((" ".join(map(str, command)), done.returncode, done.stdout[-500:], done.stderr[-1500:]))
    assert not wrong
    assert case.predictions() == (usual if case.around.scores else {})
