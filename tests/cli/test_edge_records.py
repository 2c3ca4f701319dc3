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
from click.testing import Result
from scipy.stats import binomtest
from test_leaderboard import BLANK, CURVES, FULL, TRUTH, answered, record
from typer.testing import CliRunner

from bench.cli.app import app
from bench.protocol.metrics import score
from bench.report import formats, tables
from bench.results import record_files, stored_predictions
from bench.results.record import Record

WAYS = (("--budget", "32"), ("--calibration",), ("--variance",), ("--label-cost", "0.1"), ("--compare", "edge,scratch"),
        ("--across",))


def board(folder: Path, records: Sequence[Record], *arguments: str) -> Result:
    """What the command says of these records."""
    if not (folder / "records").is_dir():
        for r in records:
            record_files.append(folder / "records" / f"{r.task}.jsonl", r)
    return CliRunner().invoke(app, ["leaderboard", "--results-dir", str(folder), *arguments])


def facts(folder: Path, records: Sequence[Record]) -> list[dict]:
    """The command's JSON, which its schema allows; every other format and question has an answer too."""
    jsonschema = pytest.importorskip("jsonschema")
    for way in ((), *WAYS):
        for form in ("md", "json") if way else formats.FORMATS:
            result = board(folder, records, *way, "--format", form)
            assert result.exit_code in (0, 2), (way, form, result.output, result.exception)
            assert "Traceback" not in result.output
            assert result.exit_code == 0 or result.stderr.splitlines()[-1].startswith("bench: ")
            rest = result.stdout.replace("NaN or infinite scores", "")
            assert not re.search(r"\b(nan|infinity)\b", rest, re.IGNORECASE), (way, form, result.stdout)
    read = json.loads(board(folder, records, "--format", "json").stdout)
    jsonschema.validate(read, json.loads((Path(tables.__file__).parent / "leaderboard.schema.json").read_text()))
    return read["leaderboards"]


def row(of_board: dict, baseline: str = "edge") -> dict:
    return next(r for r in of_board["standings"][0]["rows"] if r["baseline"] == baseline)


def predicted(p: np.ndarray, seeds: int = 3, truth: np.ndarray = TRUTH) -> list[Record]:
    """A baseline `edge` that gives the second class the probabilities `p`, beside scratch."""
    stored = stored_predictions.quantise(np.stack([1 - p, p], axis=1).astype(np.float32))
    scores = {**score(truth, stored_predictions.probabilities(stored)),
              "predictions": stored_predictions.pack(truth, stored)}
    rest = [replace(BLANK, seed=s, **answered(0.1, s, truth)) for s in range(seeds)]
    return [*rest, *(replace(BLANK, baseline="edge", seed=s, **scores) for s in range(seeds))]


def test_a_constant_predictor_has_its_class_share_and_half_the_area(tmp_path: Path):
    edge = row(facts(tmp_path, predicted(np.full(len(TRUTH), 0.2)))[0])
    zeros = int((TRUTH == 0).sum())
    assert edge["score"]["estimate"] == pytest.approx(zeros / len(TRUTH))
    assert edge["score"]["low"] < zeros / len(TRUTH) < edge["score"]["high"]
    assert [edge["auc"][k] for k in ("estimate", "low", "high")] == [0.5, 0.5, 0.5]


def test_a_perfect_predictor_has_wilsons_interval_and_is_significantly_ahead(tmp_path: Path):
    edge = row(facts(tmp_path, predicted(np.where(TRUTH == 1, 0.9, 0.1)))[0])
    n, rarest = len(TRUTH), int(np.bincount(TRUTH).min())
    for name, texts in (("score", n), ("auc", rarest)):
        low = binomtest(texts, texts).proportion_ci(method="wilson").low
        assert [edge[name][k] for k in ("estimate", "low", "high")] == pytest.approx([1.0, low, 1.0])
    assert (edge["rank"], edge["verdict"]) == (1, "helps")


def test_two_baselines_with_the_same_answers_are_tied_and_neutral(tmp_path: Path):
    alike = [replace(r, baseline="edge") for r in FULL[:3]]
    shown = facts(tmp_path, [*FULL[:3], *alike])[0]
    assert (row(shown)["rank"], row(shown, "scratch")["rank"], row(shown)["verdict"]) == (1, 1, "neutral")
    assert [row(shown)["gain"][k] for k in ("estimate", "low", "high")] == [0.0, 0.0, 0.0]
    assert "are right on the same texts" in board(tmp_path, [], "--compare", "edge,scratch").stdout


def test_a_test_set_that_lacks_a_class_has_no_area(tmp_path: Path):
    truth = np.zeros_like(TRUTH)
    p = np.random.default_rng(0).uniform(0.1, 0.7, len(truth))
    edge = row(facts(tmp_path, predicted(p, truth=truth))[0])
    assert edge["auc"] is None
    assert edge["score"]["estimate"] == pytest.approx((p < 0.5).mean())


def test_one_seed_has_the_interval_of_the_texts_and_the_advice_says_so(tmp_path: Path):
    records = [record("scratch", 0), record("edge", 0, 1.2)]
    edge = row(facts(tmp_path, records)[0])
    right = round(records[1].accuracy * len(TRUTH))
    wilson = binomtest(right, len(TRUTH)).proportion_ci(method="wilson")
    assert (edge["score"]["low"], edge["score"]["high"]) == pytest.approx((wilson.low, wilson.high))
    assert "only one seed, so the spread over seeds is unknown" in board(tmp_path, records).stdout


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_infinite_or_missing_scores_give_no_result(tmp_path: Path, value: float):
    broken = stored_predictions.pack(TRUTH, np.full((len(TRUTH), 1), value, np.float16))
    records = [replace(r, baseline="edge" if r.baseline == "finetune" else r.baseline) for r in FULL]
    records[-1] = replace(records[-1], predictions=broken)
    shown = facts(tmp_path, records)[0]
    assert [r["baseline"] for r in shown["standings"][0]["rows"]] == ["scratch"]
    assert "NaN or infinite scores" in " ".join(shown["left_out"])
    assert "NaN or infinite scores" in board(tmp_path, records).stdout


def test_records_of_another_schema_are_not_counted_and_their_lines_are_named(tmp_path: Path):
    newer = [replace(record("edge", s, 3.0), schema=2) for s in range(3)]
    shown = facts(tmp_path, [*FULL, *newer])[0]
    assert {r["baseline"] for r in shown["standings"][0]["rows"]} == {"scratch", "finetune"}
    messages = board(tmp_path, []).stderr
    assert all(f"toy.jsonl:{line}: schema 2 is not 1" in messages for line in (7, 8, 9))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX on this machine")
def test_every_latex_table_compiles(tmp_path: Path):
    evil = "a|b_$%&<script>{}#^~\\"
    records = [*CURVES, *(replace(r, task="other") for r in CURVES), *(replace(r, baseline=evil) for r in CURVES[:9])]
    for i, way in enumerate(((), ("--budget", "64"), *WAYS[1:4], ("--compare", "finetune,frozen"), ("--across",))):
        result = board(tmp_path, records, *way, "--format", "latex")
        assert result.exit_code == 0, result.output
        head = "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage{booktabs}\n"
        (tmp_path / f"{i}.tex").write_text(f"{head}\\begin{{document}}\n{result.stdout}\\end{{document}}\n")
        done = subprocess.run(["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{i}.tex"], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, errors="replace")
        assert done.returncode == 0, (way, done.stdout[-2000:])


def test_two_editions_are_two_leaderboards_and_are_never_compared(tmp_path: Path):
    before = [replace(r, baseline="edge" if r.baseline == "finetune" else r.baseline) for r in FULL]
    after = [replace(r, edition="two", content_sha256="cd" * 32, **answered(0.3, r.seed, 1 - TRUTH)) for r in before]
    shown = facts(tmp_path / "both", [*before, *after])
    assert [b["target"] for b in shown] == ["toy@one", "toy@two"]
    assert all(b["standings"][0]["seeds"] == 3 and b["standings"][0]["n_test"] == len(TRUTH) for b in shown)
    assert row(shown[0])["score"]["estimate"] != row(shown[1])["score"]["estimate"]
    other = replace(CURVES[0], task="other")
    across = board(tmp_path / "three", [*before, *after, replace(other, budget=32)], "--across", "--budget", "32")
    assert across.exit_code == 2
    assert "two editions of toy cannot be ranked together" in across.stderr
    for name, records in (("a", before), ("b", after)):
        board(tmp_path / name, records)
    gate = board(tmp_path / "both", [], "--compare", str(tmp_path / "a"), str(tmp_path / "b"), "--fail-if-worse", "1.0")
    assert gate.exit_code == 2
    assert "share no cell on the same test set" in gate.stderr
