"""A target of 200,000 rows and a results folder of 20,000 records: time and memory grow no faster than the data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import toy

from bench.results import record_files
from bench.results.record import Record
from bench.results.stored_predictions import pack

MEASURED = """
import json, resource, runpy, sys, time
began = time.monotonic()
sys.argv = ["bench", *sys.argv[1:]]
try:
    runpy.run_module("bench.cli", run_name="__main__")
except SystemExit as done:
    code = done.code or 0
facts = {"code": code, "seconds": time.monotonic() - began, "cpu": time.process_time(),
         "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}
print(json.dumps(facts), file=sys.stderr)
"""


def measured(folder: Path, *arguments: str) -> dict[str, float]:
    """Exit code, seconds, processor seconds and peak MB of a command."""
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], cwd=folder, capture_output=True, text=True,
                          timeout=3600, check=False, env=dict(os.environ))
    found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    assert found["code"] == 0, done.stderr[-3000:]
    return found


def reviews(n: int, seed: int) -> pd.DataFrame:
    """`n` texts of 20 to 120 words out of 50,000, drawn as words are (Zipf), one in fifty a near copy."""
    rng = np.random.default_rng(seed)
    frame = toy.rows(n, seed=seed)
    counts = rng.integers(20, 121, n)
    flat = np.minimum(rng.zipf(1.3, int(counts.sum())), 50_000)
    ends = np.cumsum(counts)
    texts = [" ".join(f"w{w}" for w in flat[e - c : e]) for e, c in zip(ends, counts, strict=True)]
    for i in range(50, n, 50):
        texts[i] = texts[i - 7] + " more"
    return frame.assign(text=[f"{a} {b}" for a, b in zip(frame["text"], texts, strict=True)])


def run_on(folder: Path, n: int) -> dict[str, float]:
    reviews(n, 1).to_csv(folder / f"big{n}.csv", index=False)
    arguments = (f"run --target big{n}.csv --source toy-source --tasks cards --data-dir . --budgets 32,512 --seeds 1 "
                 "--epochs 1 --jobs 1 --offline --device cpu --preset tutorial --baseline majority --baseline tfidf "
                 f"--baseline source-only --cache-dir cache --results-dir results{n}")
    return measured(folder, *arguments.split())


def test_a_target_of_two_hundred_thousand_rows_takes_time_in_proportion(tmp_path: Path):
    (tmp_path / "cards").mkdir()
    toy.rows(400, seed=3).to_csv(tmp_path / "source.csv", index=False)
    (tmp_path / "cards" / "toy-source.toml").write_text(toy.card("toy-source", "source.csv"))
    found = {n: run_on(tmp_path, n) for n in (50_000, 200_000)}
    sys.stdout.write(f"rows: {found}\n")
    assert found[200_000]["cpu"] < 4 * 1.5 * found[50_000]["cpu"]
    assert found[200_000]["mb"] < 6_000


def a_folder(folder: Path, count: int) -> Path:
    """`count` records of 20 tasks, with the predictions of 500 test texts each."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    one = Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {"penalty": 10.0}, "gru", "torch", "cpu", 32, 0,
                 n_train=32, n_test=500, macro_f1=0.5, auc=0.5, log_loss=0.7, seconds={"adapt": 1.0, "predict": 0.1})
    (folder / "records").mkdir(parents=True)
    for task in range(20):
        lines = []
        for i in range(count // 20):
            scores = rng.normal(0.0, 1.0, (500, 1)).astype(np.float16)
            accuracy = float(((scores[:, 0] > 0) == truth).mean())
            record = replace(one, task=f"task{task}", baseline=f"b{i % 10}", seed=i // 40,
                             budget=(32, 128, 512, "full")[i // 10 % 4], accuracy=accuracy,
                             balanced_accuracy=accuracy, predictions=pack(truth, scores))
            lines.append(record_files.json_line(record) + "\n")
        (folder / "records" / f"task{task}.jsonl").write_text("".join(lines))
    return folder


def test_a_results_folder_of_twenty_thousand_records_takes_time_in_proportion(tmp_path: Path):
    found = {}
    for count in (5_000, 20_000):
        folder = a_folder(tmp_path / str(count), count)
        size = sum(p.stat().st_size for p in folder.rglob("*.jsonl"))
        shown = measured(tmp_path, "leaderboard", "--results-dir", str(folder), "--format", "csv")
        found[count] = {**shown, "size": size}
    sys.stdout.write(f"records: {found}\n")
    assert found[20_000]["cpu"] < 4 * 1.5 * found[5_000]["cpu"]
    assert found[20_000]["mb"] < 3_000
