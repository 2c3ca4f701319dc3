"""Every file of the cache, the results and the data, damaged at random, then the same run again."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from commands import forget, outcomes, run
from conftest import Bench
from damage import damage, victims

from bench.results import record_files

CASES = 12  # `tests/stress` has more
CHOSEN = ["tfidf", "finetune"]


def survive(bench_: Bench, workshop: Path, cache: Path, cases: int, seed: int) -> Counter[str]:
    """Damage one file a case, run again, compare; the number of cases by kind of file and damage."""
    rng, seen = random.Random(seed), Counter[str]()
    arguments = run(baseline=CHOSEN)
    assert bench_(*arguments).exit_code == 0
    reference = outcomes(record_files.read(workshop / "results" / "records" / "toy-target.jsonl"))
    whole = workshop / "whole"
    for name, folder in (("cache", cache), ("results", workshop / "results")):
        shutil.copytree(folder, whole / name)
    for _ in range(cases):
        for name, folder in (("cache", cache), ("results", workshop / "results")):
            shutil.rmtree(folder)
            shutil.copytree(whole / name, folder)
        again = rng.random() < 0.7  # else the trials are done, and only the records are read
        if again:
            shutil.rmtree(workshop / "results")
        files = victims(cache, workshop / "results") if not again else victims(cache)
        path = rng.choice(files)
        kind = damage(path, files, rng)
        seen[f"{path.name if path.suffix != '.jsonl' else 'records'} {kind}"] += 1
        forget()
        what = f"{path.relative_to(workshop)}: {kind}"
        done = bench_(*arguments)
        assert done.exit_code == 0, (what, done.output, done.exception)
        found = record_files.read(workshop / "results" / "records" / "toy-target.jsonl", lambda text: None)
        last = {r.identity(): r for r in found}
        assert outcomes(list(last.values())) == reference, what
    return seen


def test_a_damaged_file_is_put_right_and_the_scores_are_the_same_to_the_bit(bench_: Bench, workshop: Path, cache: Path):
    assert sum(survive(bench_, workshop, cache, CASES, seed=0).values()) == CASES


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_data_file_is_refused_or_is_another_data_set(bench_: Bench, workshop: Path, seed: int):
    """A file without a hash in its card may change; its content hash in the records tells the old from the new."""
    assert bench_(*run(baseline="majority")).exit_code == 0
    before = {r.content_sha256 for r in record_files.read_all(workshop / "results")}
    path = workshop / "data" / "toy-target.csv"
    whole = path.read_bytes()
    damage(path, victims(workshop / "data"), random.Random(seed))
    forget()
    done = bench_(*run(baseline="majority"))
    assert done.exit_code in (0, 2), (done.output, done.exception)
    after = {r.content_sha256 for r in record_files.read_all(workshop / "results")}
    assert done.exit_code == 2 or path.read_bytes() == whole or after - before or _same_texts(path, whole)


def _same_texts(path: Path, whole: bytes) -> bool:
    """Whether a change left every text and label as it was, such as a blank more."""
    import io

    import pandas as pd

    from bench.data.text import clean

    old, new = pd.read_csv(io.BytesIO(whole)), pd.read_csv(path)
    texts = [sorted(map(clean, frame["text"])) for frame in (old, new)]
    return texts[0] == texts[1] and list(old["label"]) == list(new["label"])
