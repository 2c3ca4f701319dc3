"""Unusual records through `bench leaderboard`: the right value or a clear message, never a plausible wrong number."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from board_records import BLANK, CURVES, FULL, TRUTH, answered, record
from click.testing import Result
from scipy.stats import binomtest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.protocol.metrics import score
from bench.report import formats, leaderboard_json
from bench.results import record_files, stored_predictions
from bench.results.record import Record

WAYS = (("--budget", "32"), ("--calibration",), ("--variance",), ("--label-cost", "0.1"), ("--compare", "edge,scratch"),
        ("--across",))


def board(folder: Path, made: Sequence[Record], *arguments: str) -> Result:
    """What the command says of these records."""
    if not (folder / "records").is_dir():
        for r in made:
            record_files.append(folder / "records" / f"{r.task}.jsonl", r)
    return CliRunner().invoke(app, ["leaderboard", "--results-dir", str(folder), *arguments])


def facts(folder: Path, made: Sequence[Record]) -> list[dict]:
    """The command's JSON, which its schema allows; every other format and question has an answer too."""
    jsonschema = pytest.importorskip("jsonschema")
    for way in ((), *WAYS):
        for form in ("md", "json") if way else formats.FORMATS:
            said = board(folder, made, *way, "--format", form)
            assert said.exit_code in (0, 2), (way, form, said.output, said.exception)
            assert "Traceback" not in said.output
            assert said.exit_code == 0 or said.stderr.splitlines()[-1].startswith("bench: ")
            rest = said.stdout.replace("NaN or infinite scores", "")
            assert not re.search(r"\b(nan|infinity)\b", rest, re.IGNORECASE), (way, form, said.stdout)
    read = json.loads(board(folder, made, "--format", "json").stdout)
    jsonschema.validate(read, leaderboard_json.json_schema())
    return read["leaderboards"]


def row(found: dict, baseline: str = "edge") -> dict:
    return next(r for r in found["standings"][0]["rows"] if r["baseline"] == baseline)


def predicted(p: np.ndarray, seeds: int = 3, truth: np.ndarray = TRUTH) -> list[Record]:
    """A baseline `edge` that gives the second class the probabilities `p`, beside scratch."""
    stored = stored_predictions.quantise(np.stack([1 - p, p], axis=1).astype(np.float32))
    own = {**score(truth, stored_predictions.probabilities(stored)),
            "predictions": stored_predictions.pack(truth, stored)}
    rest = [replace(BLANK, seed=s, **answered(0.1, s, truth)) for s in range(seeds)]
    return [*rest, *(replace(BLANK, baseline="edge", seed=s, **own) for s in range(seeds))]


def test_a_constant_predictor_has_its_class_share_and_half_the_area(tmp_path: Path):
    found = row(facts(tmp_path, predicted(np.full(len(TRUTH), 0.2)))[0])
    zeros = int((TRUTH == 0).sum())
    assert found["score"]["estimate"] == pytest.approx(zeros / len(TRUTH))
    assert found["score"]["low"] < zeros / len(TRUTH) < found["score"]["high"]
    assert [found["auc"][k] for k in ("estimate", "low", "high")] == [0.5, 0.5, 0.5]


def test_a_perfect_predictor_has_wilsons_interval_and_is_significantly_ahead(tmp_path: Path):
    found = row(facts(tmp_path, predicted(np.where(TRUTH == 1, 0.9, 0.1)))[0])
    n, rarest = len(TRUTH), int(np.bincount(TRUTH).min())
    for name, texts in (("score", n), ("auc", rarest)):
        low = binomtest(texts, texts).proportion_ci(method="wilson").low
        assert [found[name][k] for k in ("estimate", "low", "high")] == pytest.approx([1.0, low, 1.0])
    assert (found["rank"], found["verdict"]) == (1, "helps")


def test_two_baselines_with_the_same_answers_are_tied_and_level(tmp_path: Path):
    alike = [replace(r, baseline="edge") for r in FULL[:3]]
    found = facts(tmp_path, [*FULL[:3], *alike])[0]
    assert (row(found)["rank"], row(found, "scratch")["rank"], row(found)["verdict"]) == (1, 1, "level")
    assert [row(found)["gain"][k] for k in ("estimate", "low", "high")] == [0.0, 0.0, 0.0]
    assert "are right on the same texts" in board(tmp_path, [], "--compare", "edge,scratch").stdout


def test_a_test_set_that_lacks_a_class_has_no_area(tmp_path: Path):
    truth = np.zeros_like(TRUTH)
    p = np.random.default_rng(0).uniform(0.1, 0.7, len(truth))
    found = row(facts(tmp_path, predicted(p, truth=truth))[0])
    assert found["auc"] is None
    assert found["score"]["estimate"] == pytest.approx((p < 0.5).mean())


def test_one_seed_has_the_interval_of_the_texts_and_the_advice_says_so(tmp_path: Path):
    made = [record("scratch", 0), record("edge", 0, 1.2)]
    found = row(facts(tmp_path, made)[0])
    right = round(made[1].accuracy * len(TRUTH))
    wilson = binomtest(right, len(TRUTH)).proportion_ci(method="wilson")
    assert (found["score"]["low"], found["score"]["high"]) == pytest.approx((wilson.low, wilson.high))
    assert "Only one seed, so the spread over seeds is unknown" in board(tmp_path, made).stdout


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_infinite_or_missing_scores_give_no_result(tmp_path: Path, value: float):
    broken = stored_predictions.pack(TRUTH, np.full((len(TRUTH), 1), value, np.float16))
    made = [replace(r, baseline="edge" if r.baseline == "finetune" else r.baseline) for r in FULL]
    made[-1] = replace(made[-1], predictions=broken)
    found = facts(tmp_path, made)[0]
    assert [r["baseline"] for r in found["standings"][0]["rows"]] == ["scratch"]
    assert "NaN or infinite scores" in " ".join(found["left_out"])
    assert "NaN or infinite scores" in board(tmp_path, made).stdout


def test_records_of_another_schema_are_not_counted_and_their_lines_are_named(tmp_path: Path):
    newer = [replace(record("edge", s, 3.0), schema=2) for s in range(3)]
    found = facts(tmp_path, [*FULL, *newer])[0]
    assert {r["baseline"] for r in found["standings"][0]["rows"]} == {"scratch", "finetune"}
    said = board(tmp_path, []).stderr
    assert all(f"toy.jsonl:{line}: schema 2 is not 1" in said for line in (7, 8, 9))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX on this machine")
def test_every_latex_table_compiles(tmp_path: Path):
    evil = "a|b_$%&<script>{}#^~\\"
    made = [*CURVES, *(replace(r, task="other") for r in CURVES), *(replace(r, baseline=evil) for r in CURVES[:9])]
    for i, way in enumerate(((), ("--budget", "64"), *WAYS[1:4], ("--compare", "finetune,frozen"), ("--across",))):
        said = board(tmp_path, made, *way, "--format", "latex")
        assert said.exit_code == 0, said.output
        head = "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage{booktabs,graphicx}\n"
        (tmp_path / f"{i}.tex").write_text(f"{head}\\begin{{document}}\n{said.stdout}\\end{{document}}\n")
        done = subprocess.run(["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{i}.tex"], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, errors="replace")
        assert done.returncode == 0, (way, done.stdout[-2000:])
        assert "Overfull" not in done.stdout, way


def test_two_editions_are_two_leaderboards_and_are_never_compared(tmp_path: Path):
    before = [replace(r, baseline="edge" if r.baseline == "finetune" else r.baseline) for r in FULL]
    after = [replace(r, edition="two", content_sha256="cd" * 32, **answered(0.3, r.seed, 1 - TRUTH)) for r in before]
    found = facts(tmp_path / "both", [*before, *after])
    assert [b["target"] for b in found] == ["toy@one", "toy@two"]
    assert all(b["standings"][0]["seeds"] == 3 and b["standings"][0]["n_test"] == len(TRUTH) for b in found)
    assert row(found[0])["score"]["estimate"] != row(found[1])["score"]["estimate"]
    other = replace(CURVES[0], task="other")
    across = board(tmp_path / "three", [*before, *after, replace(other, budget=32)], "--across", "--budget", "32")
    assert across.exit_code == 2
    assert "two editions of toy cannot be ranked together" in across.stderr
    for name, made in (("a", before), ("b", after)):
        board(tmp_path / name, made)
    gate = board(tmp_path / "both", [], "--compare", str(tmp_path / "a"), str(tmp_path / "b"), "--fail-if-worse", "1.0")
    assert gate.exit_code == 1
    assert "edge at 32 labels: missing in the later run" in gate.stderr


def test_a_leaderboard_without_the_budget_is_named_and_the_others_are_shown(tmp_path: Path):
    made = [*CURVES, *(replace(r, device="cuda") for r in CURVES if r.budget != 16)]
    for way in ((), ("--columns", "score"), ("--calibration",), ("--variance",), ("--label-cost", "0.1")):
        said = board(tmp_path, made, "--budget", "16", *way)
        assert said.exit_code == 0, (way, said.stderr, said.exception)
        assert "torch on cpu" in said.stdout, way
        assert "torch on cuda" not in said.stdout, way
        assert "torch on cuda: no trials at 16 labels; there are: 64, 256" in " ".join(said.stderr.split()), way
    for way in ((), ("--columns", "score"), ("--calibration",), ("--variance",), ("--across",)):
        said = board(tmp_path, made, "--budget", "999", *way)
        assert said.exit_code == 2, (way, said.exception)
        assert "no trials at 999 labels (there are: 16, 64, 256)" in " ".join(said.stderr.split()), way


def test_chosen_columns_are_chosen_in_the_terminal_too(tmp_path: Path):
    said = board(tmp_path, CURVES, "--columns", "score", "--budget", "64,256")
    assert said.exit_code == 0, said.stderr
    head = next(line.split() for line in said.stdout.splitlines() if line.startswith("baseline"))
    assert head == ["baseline", "acc", "acc"]


def test_targets_are_ranked_for_each_device_that_has_several(tmp_path: Path):
    made = [replace(r, task=task, device=device) for task in ("one", "two") for device in ("cpu", "cuda") for r in FULL]
    said = board(tmp_path, [*made, *(replace(r, engine="mxnet") for r in FULL)], "--across")
    assert said.exit_code == 0, said.stderr
    assert [line.split("labels · ")[1].split(" · ")[1] for line in said.stdout.splitlines() if "targets from" in line] \
        == ["torch on cpu", "torch on cuda"]
