"""Does mapping GloVe into the base's word space help for words that the source never showed? Run with -s."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import suite
from bench.base import pretrain
from bench.engines import engine
from bench.metrics import score
from bench.nets import HEAD
from bench.resources import Resources
from bench.text import UNKNOWN
from bench.trial import without_exam

BESIDE = Path(__file__).parents[3] / "shared" / "data"
DATA = Path(os.environ.get("BENCH_DATA", BESIDE))


@pytest.mark.skipif(not (DATA / "amazon.parquet").exists(), reason="needs the real corpora (BENCH_DATA)")
def test_words_that_the_source_never_showed(benchmark) -> None:
    options = suite.Options(data_dir=DATA)
    access = suite.access_for(options, print, progress=False)
    source = suite.load("imdb", options, access, print)
    vectors = suite.glove(access, print)
    net = suite.named(options.net)
    rows = []
    for name in ("amazon", "hotels"):
        target = suite.load(name, options, access, print)
        clean = without_exam(source.data, source.division, target.data, target.division.exam)
        order = suite.base_order(options, replace(source, division=clean), net, vectors)
        base = pretrain(order, options.cache_dir)
        exam = target.data.examples(target.division.exam)
        table = base.vocabulary.table(target.data.corpus.words)
        unknown = (table[exam.x.ids] == UNKNOWN).mean()
        for how, given in (("unknown", None), ("mapped GloVe", vectors)):
            resources = Resources(engine("torch"), net, "cpu", 0, base, given)
            logits = resources.features(exam) @ base.params[HEAD].T + base.params["head.bias"]
            p = np.exp(logits - logits.max(1, keepdims=True))
            found = score(exam.labels, p / p.sum(1, keepdims=True))
            rows.append((name, how, 100 * unknown, found["accuracy"], found["auc"]))
    print("\ntarget   words never shown   share of tokens   source-only accuracy   AUC")
    for name, how, share, accuracy, auc in rows:
        print(f"{name:<8} {how:<19} {share:>14.2f}%   {accuracy:>20.4f}   {auc:.4f}")
    benchmark.pedantic(lambda: resources.base_params(exam.corpus), rounds=3)
