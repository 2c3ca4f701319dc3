"""`bench baseline new` and `check`: what the first writes passes the second, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.library import made_up_texts, strategy_check
from bench.runs.options import Options

WRONG = '''
import numpy as np
from bench.api import class_probabilities
from sklearn.linear_model import LogisticRegression
NEEDS = {"counts"}

def fit(trial, resources):
    model = LogisticRegression().fit(resources.counts(trial.labelled), trial.labelled.labels)
    seed = np.random.SeedSequence().entropy
    def predict(examples):
        p = class_probabilities(model, resources.counts(examples), len(trial.labels))
        if %r == "narrow":
            return p[:, model.classes_]
        noise = np.random.default_rng(seed).uniform(0, 0.01, p.shape)
        return ((p + noise) / (p + noise).sum(axis=1, keepdims=True))[:, ::-1]
    return predict
'''


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(cache_dir=tmp_path / "cache", offline=True, jobs=1, device="cpu")


def failed(name: str, options: Options, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / f"{name}.py"
    path.write_text(WRONG % name, encoding="utf-8")
    return {finding.name: finding.text for finding in strategy_check.check(str(path), options)[1]
            if not finding.passed}


def test_what_new_writes_passes_the_check_and_never_replaces_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                    options: Options):
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["baseline", "new", "my-idea"])
    assert made.exit_code == 0, made.output
    text = (tmp_path / "my_idea.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 26
    strategy, findings = strategy_check.check("my_idea.py", options)
    assert strategy.name == "my_idea:fit"
    assert [finding for finding in findings if not finding.passed] == []
    assert len(findings) == 9
    again = CliRunner().invoke(app, ["baseline", "new", "my_idea.py"])
    assert (again.exit_code, text) == (2, (tmp_path / "my_idea.py").read_text(encoding="utf-8"))
    assert "exists already" in again.stderr
    assert CliRunner().invoke(app, ["baseline", "new", "../x"]).exit_code == 2


def test_a_class_too_few_other_columns_and_chance_are_named(tmp_path: Path, options: Options):
    assert list(failed("narrow", options, tmp_path)) == ["labels drawn at random, a class missing"]
    wrong = failed("flipped", options, tmp_path)
    assert "class i of trial.labels" in wrong["columns in the order of trial.labels"]
    assert "trial.seed" in wrong["the same seed gives the same predictions"]


def test_the_variants_of_the_made_up_texts_share_training_texts_and_half_of_the_test_texts(tmp_path: Path):
    first, other = ((made_up_texts.write(tmp_path / str(variant), variant) / "even.csv").read_text().splitlines()
                    for variant in (0, 1))
    assert len(first) == len(other) == 1 + made_up_texts.TRAINING + made_up_texts.TEST
    same = [a == b for a, b in zip(first, other, strict=True)]
    assert sum(same) == len(first) - made_up_texts.KEPT
