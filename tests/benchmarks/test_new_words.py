"""Does mapping GloVe into the base's word space help for words that the source never showed? Run with -s."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bench.baselines import finetune
from bench.data.text import UNKNOWN
from bench.learning.networks.architectures import HEAD
from bench.learning.networks.engines import engine
from bench.learning.pretrain import pretrain
from bench.learning.resources import Resources
from bench.protocol.metrics import score, softmax
from bench.protocol.trial import make_trial
from bench.runs import inputs
from bench.runs import options as suite

BESIDE = Path(__file__).parents[3] / "shared" / "data"
DATA = Path(os.environ.get("BENCH_DATA", BESIDE))


LABELS, SEEDS = 128, 3


@pytest.mark.skipif(not (DATA / "amazon.parquet").exists(), reason="needs the real corpora (BENCH_DATA)")
def test_words_that_the_source_never_showed(benchmark) -> None:
    options = suite.Options(data_dir=DATA)
    access = inputs.access_for(options, print, progress=False)
    source = inputs.load("imdb", options, access, print)
    vectors = inputs.find_vectors(access, print)
    rows = []
    for name in ("amazon", "hotels", "newsgroups-atheism-space", "newsgroups-four"):
        target = inputs.load(name, options, access, print)
        pair = inputs.for_pair(options, source, target, vectors)
        base = pretrain(pair.base_spec, options.cache_dir)
        test_rows = target.data.examples(target.split.test)
        same = target.data.labels == source.data.labels
        table = base.vocabulary.table(target.data.corpus.words)
        unknown = (table[test_rows.x.ids] == UNKNOWN).mean()
        for how, given in (("unknown", None), ("mapped GloVe", vectors)):
            resources = Resources(engine("torch"), pair.architecture, "cpu", 0, base, given, same_labels=same)
            alone = None
            if same:
                logits = resources.features(test_rows) @ base.params[HEAD].T + base.params["head.bias"]
                alone = score(test_rows.labels, softmax(logits))["accuracy"]
            tuned = []
            for seed in range(SEEDS):
                trial = make_trial(target.data, target.split, source.name, target.name, LABELS, seed)
                tuned.append(score(test_rows.labels, finetune.fit(trial, resources)(test_rows))["accuracy"])
            rows.append((name, how, 100 * unknown, alone, np.mean(tuned)))
    print(f"\n{'target':<25} {'words never shown':<18} {'share of tokens':>16} {'source-only':>12} "
          f"{f'finetune at {LABELS}':>16}")
    for name, how, share, alone, tuned in rows:
        print(f"{name:<25} {how:<18} {share:>15.2f}% {'–' if alone is None else f'{alone:.4f}':>12} {tuned:>16.4f}")
    benchmark.pedantic(lambda: resources.base_params(test_rows.corpus), rounds=3)
