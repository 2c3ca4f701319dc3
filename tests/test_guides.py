"""What the two guides tell a stranger to do works, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import toy
from conftest import Bench

DOCS = Path(__file__).parents[1] / "docs"


def block(guide: str, language: str) -> str:
    """The first code block of a language in a guide."""
    found = re.search(rf"```{language}\n(.*?)```", (DOCS / guide).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_guides_card_is_checked_and_run_with_its_file_beside_it(bench_: Bench, workshop: Path) -> None:
    folder = workshop / "my-tasks"
    folder.mkdir()
    frame = toy.rows(240).rename(columns={"text": "body", "label": "mood"})
    frame["mood"] = frame["mood"].map({"negative": "angry", "positive": "calm"})
    frame.to_csv(folder / "mine.csv", index=False)
    (folder / "support-posts.toml").write_text(block("adding-a-task.md", "toml"), encoding="utf-8")
    checked = bench_("task", "check", "support-posts", "--tasks", "my-tasks", "--offline")
    assert checked.exit_code == 0, checked.stderr
    assert "240" in checked.stdout
    done = bench_("run", "--target", "support-posts", "--tasks", "my-tasks", "--tasks", "cards", "--data-dir", "data",
                  "--source", "toy-source", "--baseline", "tfidf", "--budgets", "16", "--seeds", "1", "--offline")
    assert done.exit_code == 0, done.stderr
    assert "support-posts@v1" in done.stdout


def test_a_card_made_from_a_file_is_a_task_with_the_same_content(bench_: Bench, workshop: Path) -> None:
    data = workshop / "data" / "toy-target.csv"
    made = bench_("task", "new", data, "--name", "mine")
    assert made.exit_code == 0, made.stderr
    folder = workshop / "data"
    (folder / "mine.toml").write_text(made.stdout, encoding="utf-8")
    done = bench_("run", "--target", "mine", "--tasks", "data", "--tasks", "cards", "--data-dir", "data",
                  "--source", "toy-source", "--baseline", "tfidf", "--budgets", "16", "--seeds", "1", "--offline")
    assert done.exit_code == 0, done.stderr
    data.write_text(data.read_text().replace("bako", "changed"))
    again = bench_("run", "--target", "mine", "--tasks", "data", "--tasks", "cards", "--data-dir", "data",
                  "--source", "toy-source", "--baseline", "tfidf", "--budgets", "16", "--seeds", "1", "--offline")
    assert again.exit_code == 2
    assert "is not what the card" in again.stderr


def test_the_guides_baseline_runs_beside_the_others(bench_: Bench, workshop: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(workshop))
    (workshop / "nearest.py").write_text(block("adding-a-baseline.md", "python"), encoding="utf-8")
    done = bench_("run", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                  "--baseline", "nearest:fit", "--baseline", "majority", "--budgets", "32", "--seeds", "1", "--offline")
    assert done.exit_code == 0, done.stderr
    assert "nearest:fit" in done.stdout


def test_the_guides_baseline_with_a_model_predicts_what_its_model_predicts(context, prepare, tmp_path: Path) -> None:
    from bench.runs.fit_model import fit
    from bench.runs.registry import Strategy
    from bench.runs.trials import TrialSpec

    text = (DOCS / "adding-a-baseline.md").read_text(encoding="utf-8")
    path = tmp_path / "head.py"
    path.write_text(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[1], encoding="utf-8")
    prepare(context, "features", "base")
    spec = TrialSpec(context, Strategy("head:fit", "", file=path), 32, 0)
    assert fit(spec, tmp_path / "model", force=False).difference < 1e-5  # it raises where they differ


def test_two_sources_give_a_transfer_matrix(bench_: Bench, workshop: Path) -> None:
    done = bench_("run", "--target", "toy-target", "--target", "toy-source", "--source", "all", "--tasks", "cards",
                  "--data-dir", "data", "--baseline", "source-only", "--budgets", "16", "--seeds", "1", "--offline",
                  "--epochs", "1")
    assert done.exit_code == 0, done.stderr
    assert "source / target" in done.stdout
    assert (workshop / "results/runs/leaderboards/matrix-source-only-16.md").exists()


def test_the_audit_command_names_a_planted_leak(bench_: Bench, workshop: Path) -> None:
    import json

    import pandas as pd

    source = pd.read_csv(workshop / "data" / "toy-source.csv")
    target = pd.read_csv(workshop / "data" / "toy-target.csv")
    pd.concat([source, target.iloc[:100]]).to_csv(workshop / "data" / "toy-source.csv", index=False)
    done = bench_("data", "audit", "toy-source", "toy-target", "--tasks", "cards", "--data-dir", "data", "--offline",
                  "--json")
    assert done.exit_code == 0, done.stderr
    found = {p["source"].split("@")[0]: p["exact"] for p in json.loads(done.stdout)["between"]}
    assert 5 < found["toy-source"] < 60


@pytest.mark.parametrize("command", [("data", "list"), ("data", "verify", "toy-target"),
                                     ("data", "pull", "toy-target")])
def test_data_commands_work_without_a_network(bench_: Bench, command: tuple[str, ...]) -> None:
    extra = ["--offline"] if command[1] == "pull" else []
    done = bench_(*command, "--tasks", "cards", "--data-dir", "data", *extra)
    assert done.exit_code == 0, done.stderr
    assert "toy-target" in done.stdout
    assert np.all(["Traceback" not in text for text in (done.stdout, done.stderr)])
