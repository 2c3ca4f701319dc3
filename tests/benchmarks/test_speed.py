"""The hot paths on made-up reviews of real length: `pytest tests/benchmarks --benchmark-only`."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
import toy
from pytest_benchmark.fixture import BenchmarkFixture

from bench import corpus
from bench.base import RECIPE
from bench.batches import Batches, Spec
from bench.corpus import Dataset
from bench.engines import engine
from bench.nets import NETS, initial_params
from bench.text import SPECIALS, encode, frequent, tokens

TEXTS, WORDS = 2_000, 20_000
NET = NETS["gru"]
TORCH = engine("torch")


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, ...]]:
    """Rows of about 230 words each, with the word frequencies of natural language (Zipf)."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(WORDS)])
    texts = [" ".join(words[np.minimum(rng.zipf(1.2, n), WORDS) - 1]) for n in rng.integers(60, 400, TEXTS)]
    return [("", toy.LABELS[i % 2], "", text) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def data(lines: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return corpus.build(tmp_path_factory.mktemp("speed"), lines, toy.LABELS, "0" * 64)


def _batches(data: Dataset) -> tuple[Batches, int]:
    vocabulary = frequent(data.corpus.tokens, data.corpus.words)
    x = data.corpus.tokens.renumber(vocabulary.table(data.corpus.words)).clip(NET.most_tokens)
    return Batches(x, data.y, RECIPE.batch, ("speed",)), len(vocabulary)


def test_tokenising(benchmark: BenchmarkFixture, lines: list[tuple[str, ...]]):
    texts = [line[3] for line in lines]
    found = benchmark(lambda: sum(len(tokens(text)) for text in texts))
    benchmark.extra_info["tokens"] = found
    assert found == encode(texts)[0].lengths.sum()


def test_encoding_a_corpus(benchmark: BenchmarkFixture, lines: list[tuple[str, ...]], tmp_path: Path):
    number = count()
    data = benchmark.pedantic(lambda: corpus.build(tmp_path / str(next(number)), lines, toy.LABELS, "0" * 64), rounds=3)
    assert len(data.corpus) == TEXTS


def test_one_training_epoch_of_the_base(benchmark: BenchmarkFixture, data: Dataset):
    batches, vocabulary = _batches(data)
    params = initial_params(NET, vocabulary, "speed")
    spec = Spec(1, RECIPE.batch, RECIPE.learning_rate, shards=RECIPE.shards)
    benchmark.extra_info["tokens"] = int(batches.x.lengths.sum())
    trained = benchmark.pedantic(lambda: TORCH.fit(NET, params, batches, spec, "cpu"), rounds=3, warmup_rounds=1)
    assert not np.array_equal(trained["head.weight"], params["head.weight"])


def test_feature_extraction(benchmark: BenchmarkFixture, data: Dataset):
    params = initial_params(NET, len(data.corpus.words) + SPECIALS, "speed")
    x = data.corpus.tokens.renumber(np.arange(len(data.corpus.words), dtype=np.int32) + SPECIALS)
    found = benchmark.pedantic(lambda: TORCH.features(NET, params, x, "cpu"), rounds=3, warmup_rounds=1)
    assert found.shape == (TEXTS, NET.features)
