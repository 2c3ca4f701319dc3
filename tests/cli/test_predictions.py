"""What `bench predict` reads and writes: every text comes back as it was, row for row, and it says what it took."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import tables
import toy
from commands import refused
from conftest import Bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv as pa_csv

from bench.cli.predictions import SHAPES
from bench.data.table_files import open_table

LABELS = ("negative", "very good, indeed")
AWKWARD = ["Lovely soup\nand kind staff", "Cold soup\n\nrude staff\n", "a\rlone return", "ends in one\r", "\r\n", "",
           'say "x", "y"', ";\t|,", "plain", "=1+1", "NA", "\u2028 and \x85", "'"]


@pytest.fixture
def model(bench_: Bench) -> str:
    arguments = ["--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                 "--budget", "32", "--device", "cpu", "--baseline", "tfidf", "--epochs", "1", "--offline"]
    assert bench_("fit", "--out", "model", *arguments).exit_code == 0
    return "model"


def predicted(texts: list[str], format: str, seed: int = 0) -> tuple[str, list[str]]:
    """What is written for some texts, and the label of each."""
    p = np.random.default_rng(seed).random((len(texts), len(LABELS))).astype(np.float32)
    head, shape = SHAPES[format](LABELS)
    lines = [head, *shape(texts, p)] if head else shape(texts, p)
    return "\n".join(lines) + "\n", [LABELS[i] for i in p.argmax(axis=1)]


def readings(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Texts and labels as five programs read them."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    arrow = pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                            convert_options=pa_csv.ConvertOptions(column_types={"text": "string", "label": "string"}))
    options = "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"'"
    duck = duckdb.sql(f"SELECT text, label FROM read_csv('{path}', {options})").fetchall()
    own = open_table(path).read(["text", "label"]).cells
    return {"csv": ([r["text"] for r in rows], [r["label"] for r in rows]),
            "pandas": (list(frame["text"]), list(frame["label"])),
            "pyarrow": (arrow["text"].to_pylist(), arrow["label"].to_pylist()),
            "duckdb": ([text or "" for text, _ in duck], [label for _, label in duck]),
            "bench": ([text or "" for text in own["text"]], [label or "" for label in own["label"]])}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_the_csv_reads_back_row_for_row(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    texts = ["".join(rng.choices(tables.ALPHABET, k=rng.randint(0, 8))) for _ in range(rng.choice([1, 2, 30]))]
    content, labels = predicted(texts, "csv", seed)
    (tmp_path / "o.csv").write_bytes(content.encode())
    for program, found in readings(tmp_path / "o.csv").items():
        assert found == (texts, labels), program


def test_the_json_lines_read_back_row_for_row(tmp_path: Path):
    content, labels = predicted(AWKWARD, "jsonl")
    (tmp_path / "o.jsonl").write_bytes(content.encode())
    assert [json.loads(line)["text"] for line in content.split("\n")[:-1]] == AWKWARD
    frame = pd.read_json(tmp_path / "o.jsonl", lines=True, dtype=False)
    assert (list(frame["text"]), list(frame["label"])) == (AWKWARD, labels)
    assert open_table(tmp_path / "o.jsonl").read(["text"]).cells["text"] == AWKWARD


def test_texts_of_many_lines_and_lone_returns_come_out_as_they_went_in(bench_: Bench, model: str, workshop: Path):
    frame = pd.DataFrame({"text": AWKWARD})
    frame.to_csv("in.csv", index=False, quoting=csv.QUOTE_ALL)
    command = [sys.executable, "-m", "bench.cli", "predict", model, "--file"]
    with Path("o.csv").open("wb") as out:
        subprocess.run([*command, "in.csv"], check=True, stdout=out)
    with Path("again.csv").open("wb") as out:  # its own output
        subprocess.run([*command, "o.csv"], check=True, stdout=out)
    for name in ("o.csv", "again.csv"):
        for program, (texts, _) in readings(Path(name)).items():
            assert texts == AWKWARD, program
    assert Path("o.csv").read_bytes() == Path("again.csv").read_bytes()


def test_row_numbers_without_a_name_are_not_the_texts(bench_: Bench, model: str, workshop: Path):
    frame = pd.DataFrame({"text": ["zala zemi", "grum grek"], "label": ["good", "bad"]})
    frame.to_csv("a.csv")
    result = bench_("predict", model, "--file", "a.csv")
    assert result.exit_code == 0, result.output
    assert [row["text"] for row in csv.DictReader(io.StringIO(result.stdout))] == list(frame["text"])
    assert "a.csv: texts from the column 'text'; the first column has no name (row numbers?) and is not read" in \
        result.stderr
    refused(bench_("predict", model, "--file", "a.csv", "--text-column", ""), "no column ''")


def test_the_column_that_was_taken_is_always_said(bench_: Bench, model: str, workshop: Path):
    frame = pd.DataFrame({"id": [1, 2], "review": ["zala zemi", "grum grek"]})
    frame.to_csv("a.csv", index=False, sep=";", encoding="utf-16")
    said = bench_("predict", model, "--file", "a.csv").stderr
    assert "a.csv: texts from the column 'review'; the file is UTF-16; the columns are separated by semicolons" in said
    frame.to_parquet("a.parquet")
    assert "texts from the column 'id'" in bench_("predict", model, "--file", "a.parquet", "--text-column",
                                                 "id").stderr
    Path("a.txt").write_text("zala\n\ngrum\n")
    result = bench_("predict", model, "--file", "a.txt")
    assert "a.txt: one text per line" in result.stderr
    assert [row["text"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["zala", "", "grum"]


def test_a_file_that_could_be_wrong_texts_is_refused_before_anything_is_written(
        bench_: Bench, model: str, workshop: Path):
    cases = {"numbers.csv": ("text\n1\n2\n", "no text column"), "ids.csv": ("id\n1\n2\n", "no text column"),
             "headless.csv": ("this is the first text of a file without names\nand the second\n",
                              "put a row of names above it"),
             "short.csv": ("id,text\n1,zala\nzemi\n", "line 3 has 1 cell"),
             "list.jsonl": ('{"text": "zala"}\n{"text": ["a", "b"]}\n', "line 2 has 2 values in 'text'"),
             "nul.txt": ("zala\nze\0mi\n", "line 2 holds a NUL")}
    for name, (content, words) in cases.items():
        Path(name).write_text(content)
        result = bench_("predict", model, "--file", name)
        refused(result, words)
        assert result.stdout == "" or name == "list.jsonl"


def test_a_hundred_thousand_texts_need_no_more_memory_than_a_thousand(bench_: Bench, model: str, workshop: Path):
    code = ("import resource, sys; from bench.cli.app import entry; sys.argv = ['bench', *sys.argv[1:]]\n"
            "try: entry()\nexcept SystemExit as e: assert not e.code\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)")
    used = []
    for count in (1_000, 100_000):
        with Path("many.csv").open("w") as out:
            out.write("text\n" + "".join(f'"{toy.FILLER[0]} some words, number {i}"\n' for i in range(count)))
        done = subprocess.run([sys.executable, "-c", code, "predict", model, "--file", "many.csv"], check=True,
                              capture_output=True, text=True)
        assert len(done.stdout.splitlines()) == count + 1
        used.append(int(done.stderr.split()[-1]))
    assert used[1] < used[0] + 40, used
