"""`bench fit` and `bench predict` as a user meets them: every strategy, every kind of input, wrong input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy
from commands import refused
from conftest import Bench

from bench.baselines import BASELINES
from bench.runs.registry import strategies_named

TEXTS = ["bako zala zemi delu", "grum grek, bako", "", 'a "quoted", text\nof zofu', "=zuni"]


def fit(out: str = "model", **options: object) -> list[str]:
    given = {"target": "toy-target", "source": "toy-source", "tasks": "cards", "data_dir": "data", "epochs": 1,
             "budget": "32", "device": "cpu", "baseline": "tfidf", **options}
    arguments = ["fit", "--out", out, "--offline"]
    for name, value in given.items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    return arguments


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests: one of them reads the toys and trains their base."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def shared(cache: Path, one_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFERBENCH_CACHE", str(one_cache))


@pytest.fixture
def model(bench_: Bench) -> str:
    assert bench_(*fit()).exit_code == 0
    return "model"


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_strategy_is_fitted_kept_and_predicts(bench_: Bench, baseline: str, workshop: Path):
    if missing := strategies_named((baseline,), BASELINES)[0].missing():
        pytest.skip(str(missing))
    result = bench_(*fit(baseline=baseline))
    assert result.exit_code == 0, result.output
    assert "Written: model (card.json, weights.safetensors, words.txt" in result.stdout
    assert f"{baseline} on toy-target@toy, 32 labels, seed 0: accuracy" in result.stdout
    assert {p.name for p in (workshop / "model").iterdir()} == {"card.json", "weights.safetensors", "words.txt"}
    card = json.loads((workshop / "model" / "card.json").read_text())
    assert (card["baseline"], card["budget"], card["labels"]) == (baseline, 32, ["negative", "positive"])
    assert 0 < card["accuracy"] <= 1
    assert set(card["files"]) == {"weights.safetensors", "words.txt"}
    shown = bench_("predict", "model", *TEXTS[:2])
    assert shown.exit_code == 0, shown.output
    head, *rows = shown.stdout.splitlines()
    assert head.split() == ["label", "negative", "positive", "text"]
    assert [row.split()[0] in toy.LABELS for row in rows] == [True, True]
    assert rows[1].endswith("grum grek, bako")


def test_the_score_in_the_card_is_that_of_bench_run(bench_: Bench, model: str, workshop: Path):
    run = ["run", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
           "--offline", "--epochs", "1", "--budgets", "32", "--seeds", "1", "--jobs", "1", "--baseline", "tfidf",
           "--results-dir", "results", "--device", "cpu"]
    assert bench_(*run).exit_code == 0
    record = json.loads((workshop / "results" / "records" / "toy-target.jsonl").read_text())
    card = json.loads((workshop / model / "card.json").read_text())
    for name in ("accuracy", "auc", "macro_f1", "log_loss", "content_sha256", "settings", "n_train", "n_test"):
        assert card[name] == record[name], name


def test_a_file_of_every_kind_gives_the_same_lines(bench_: Bench, model: str, workshop: Path):
    frame = pd.DataFrame({"id": range(5), "Review": TEXTS})
    one_line = frame.assign(Review=[t.replace("\n", " ") for t in TEXTS])
    frame.to_csv("a.csv", index=False)
    frame.to_csv("a.tsv", sep="\t", index=False)
    frame.to_csv("a.csv.gz", index=False)
    frame.to_json("a.jsonl", orient="records", lines=True)
    frame.to_parquet("a.parquet")
    Path("a.txt").write_text("\n".join(one_line["Review"]) + "\n")
    Path("b.txt.gz").write_bytes(gzip.compress("\r\n".join(one_line["Review"]).encode()))
    expected = None
    for name in ("a.csv", "a.tsv", "a.csv.gz", "a.jsonl", "a.parquet", "a.txt", "b.txt.gz"):
        result = bench_("predict", model, "--file", name)
        assert result.exit_code == 0, result.output
        assert "5 texts in" in result.stderr
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        assert [r["text"].replace("\n", " ") for r in rows] == list(one_line["Review"]), name
        numbers = [(r["label"], r["p_negative"], r["p_positive"]) for r in rows]
        expected = expected or numbers
        assert numbers == expected, name
    named = bench_("predict", model, "--file", "a.csv", "--text-column", "Review", "--format", "jsonl")
    objects = [json.loads(line) for line in named.stdout.splitlines()]
    assert [o["text"] for o in objects] == TEXTS
    assert [o["label"] for o in objects] == [label for label, _, _ in expected or []]
    assert all(sum(o["probabilities"].values()) == pytest.approx(1.0, abs=1e-5) for o in objects)


def test_standard_input_is_read_a_text_a_line(workshop: Path, bench_: Bench, model: str):
    done = subprocess.run([sys.executable, "-m", "bench.cli", "predict", model], input="zala zemi\ngrum grek\n\xff\n",
                          capture_output=True, encoding="latin-1", cwd=workshop, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split(",") for line in done.stdout.splitlines()]
    assert [row[1] for row in rows[:3]] == ["label", "positive", "negative"]
    assert len(rows) == 4, "a line that is not UTF-8 is a text too"


def test_a_linear_model_imports_no_framework_and_no_table(workshop: Path, bench_: Bench, model: str):
    code = ("import sys; from bench.cli.app import entry; sys.argv = ['bench', 'predict', 'model', 'zala']\n"
            "try: entry()\nexcept SystemExit as e: assert not e.code\n"
            "print('loaded:', *[m for m in ('torch', 'mxnet', 'sklearn', 'pandas', 'pyarrow') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=workshop)
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]


def test_a_file_with_a_broken_row_is_refused_before_a_line_is_written(bench_: Bench, model: str, workshop: Path):
    rows = [f"zala number{i}" for i in range(1500)]
    Path("long.jsonl").write_text("\n".join([*(json.dumps({"text": r}) for r in rows), "{broken"]) + "\n")
    result = bench_("predict", model, "--file", "long.jsonl")
    refused(result, "long.jsonl: line 1501 is not JSON")
    assert result.stdout == ""


def test_many_classes_show_the_most_probable_three(bench_: Bench, workshop: Path):
    names = [f"class{i}" for i in range(6)]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame([(f"{rng.choice(toy.FILLER)} word{i % 6} {rng.choice(toy.FILLER)} n{i}", names[i % 6])
                          for i in range(240)], columns=["text", "label"])
    frame.to_csv("six.csv", index=False)
    assert bench_(*fit(target="six.csv", budget="full")).exit_code == 0
    shown = bench_("predict", "model", "word4")
    assert shown.stdout.splitlines()[1].split()[0] == "class4"
    assert len(shown.stdout.splitlines()[1].split()) == 7
    line = bench_("predict", "model", "word4", "--format", "csv").stdout.splitlines()
    assert line[0] == "text,label," + ",".join(f"p_{n}" for n in names)


def test_an_existing_folder_is_kept_unless_force_is_given(bench_: Bench, model: str, workshop: Path):
    before = (workshop / model / "card.json").read_bytes()
    refused(bench_(*fit()), "model exists", "--force")
    assert (workshop / model / "card.json").read_bytes() == before
    assert bench_(*fit(baseline="majority"), "--force").exit_code == 0
    assert json.loads((workshop / model / "card.json").read_text())["kind"] == "constant"
    refused(bench_(*fit("data"), "--force"), "data exists and is not a model")
    assert (workshop / "data" / "toy-source.csv").exists()


def test_a_baseline_without_a_model_or_without_the_labels_is_refused(
        bench_: Bench, plugin: str, workshop: Path):
    refused(bench_(*fit(baseline=f"{plugin}:slow")), "returns a predictor without a model", "adding-a-baseline.md")
    result = bench_(*fit(baseline="source-only", target="toy-three"))
    refused(result, "nothing to fit on toy-three")
    assert "source-only is not applicable" in result.stderr
    refused(bench_(*fit(baseline="nothing")), "unknown baseline 'nothing'")
    refused(bench_(*fit(budget="8,16")), "more than one")
    refused(bench_(*fit(budget="100000")), "too few for any budget")
    assert not (workshop / "model").exists()


def test_wrong_input_to_predict_is_one_line(bench_: Bench, model: str, workshop: Path):
    Path("two.csv").write_text("a,b\n1,2\n")
    Path("open.csv").write_text('text,b\n"never closed,2\n')
    Path("wide.csv").write_text("text,b\nx,y,z\n")
    Path("empty.csv").write_text("")
    Path("mixed.txt").write_bytes(b"caf\xe9 caf\xc3\xa9\n")
    Path("cut.txt.gz").write_bytes(gzip.compress(b"zala\n" * 1000)[:-12])
    Path("number.jsonl").write_text('{"text": 3}\n')
    Path("card.toml").write_text("")
    Path("list.jsonl").write_text("[1]\n")
    Path("bad.parquet").write_bytes(b"PAR1xxxxPAR1")
    cases = {"nowhere.csv": "no such file: nowhere.csv", "data": "data is a folder", "card.toml": "card.toml is empty",
             "two.csv": "its columns: a, b", "open.csv": "line 2", "wide.csv": "line 2 has 3 cells, the header 2",
             "empty.csv": "empty.csv is empty", "mixed.txt": "not UTF-8", "cut.txt.gz": "damaged or cut short",
             "number.jsonl": "no text column", "list.jsonl": "line 1 is not a JSON object",
             "bad.parquet": "bad.parquet is damaged"}
    for name, message in cases.items():
        refused(bench_("predict", model, "--file", name), message)
    refused(bench_("predict", model, "--file", "two.csv", "--text-column", "c"), "no column 'c'")
    refused(bench_("predict", "nowhere", "x"), "no model at nowhere: no such folder")
    refused(bench_("predict", "two.csv", "x"), "no model at two.csv: not a folder")
    refused(bench_("predict", "data", "x"), "it has no card.json")
    refused(bench_("predict", model, "x", "--file", "two.csv"), "give one or the other")
    refused(bench_("predict", model, "two.csv"), "'two.csv' is a file, and would be labelled as a text of one word",
            "--file two.csv")
    assert bench_("predict", model, "none.csv", "a" * 5000 + ".csv").exit_code == 0
    refused(bench_("predict", model, "x", "--format", "xml"), "unknown format 'xml'")
    refused(bench_("predict", model), "no texts")
    toy.flip(workshop / model / "weights.safetensors")
    refused(bench_("predict", model, "x"), "weights.safetensors is damaged")
