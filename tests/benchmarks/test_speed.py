"""The hot paths on made-up reviews of real length: `pytest tests/benchmarks --benchmark-only`."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest
import toy
from pytest_benchmark.fixture import BenchmarkFixture

from bench.analysis import leaderboard, study
from bench.baselines import BASELINES
from bench.data import corpus
from bench.data.corpus import Dataset
from bench.data.text import SPECIALS, encode, frequent, tokens
from bench.learning.networks.architectures import ARCHITECTURES, initial_params
from bench.learning.networks.batches import Batches, Recipe, pad
from bench.learning.networks.engines import engine
from bench.learning.pretrain import RECIPE
from bench.protocol.metrics import score
from bench.results import record_files, stored_predictions
from bench.results.record import Record

TEXTS, WORDS = 2_000, 20_000
NET = ARCHITECTURES["gru"]
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
    spec = Recipe(1, RECIPE.batch, RECIPE.learning_rate, shards=RECIPE.shards)
    benchmark.extra_info["tokens"] = int(batches.x.lengths.sum())
    trained = benchmark.pedantic(lambda: TORCH.fit(NET, params, batches, spec, "cpu"), rounds=3, warmup_rounds=1)
    assert not np.array_equal(trained["head.weight"], params["head.weight"])


def test_feature_extraction(benchmark: BenchmarkFixture, data: Dataset):
    params = initial_params(NET, len(data.corpus.words) + SPECIALS, "speed")
    x = data.corpus.tokens.renumber(np.arange(len(data.corpus.words), dtype=np.int32) + SPECIALS)
    found = benchmark.pedantic(lambda: TORCH.features(NET, params, x, "cpu"), rounds=3, warmup_rounds=1)
    assert found.shape == (TEXTS, NET.features)


def test_padding_the_batches_of_an_epoch(benchmark: BenchmarkFixture, data: Dataset):
    batches, _ = _batches(data)
    found = benchmark(lambda: sum(pad(batches.x, rows)[1].sum() for rows in batches.epoch(0)))
    assert found == np.maximum(batches.x.lengths, 1).sum()


def test_scoring(benchmark: BenchmarkFixture, data: Dataset):
    batches, vocabulary = _batches(data)
    params = initial_params(NET, vocabulary, "speed")
    found = benchmark.pedantic(lambda: TORCH.scores(NET, params, batches.x, "cpu"), rounds=3, warmup_rounds=1)
    assert found.shape == (TEXTS, NET.classes)


def test_counting_words_and_pairs(benchmark: BenchmarkFixture, data: Dataset):
    from bench.learning.features import ngrams

    found = benchmark.pedantic(lambda: ngrams._count(data.corpus), rounds=3)
    assert found["data"].sum() == 2 * data.corpus.tokens.lengths.sum() - TEXTS


def test_counting_words_and_pairs_scikit_learns_way(benchmark: BenchmarkFixture, lines: list[tuple[str, ...]]):
    from sklearn.feature_extraction.text import CountVectorizer

    way = CountVectorizer(analyzer="word", ngram_range=(1, 2), tokenizer=tokens, lowercase=False, token_pattern=None)
    found = benchmark.pedantic(lambda: way.fit_transform(line[3] for line in lines), rounds=3)
    assert found.shape[0] == TEXTS


def _probabilities(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    p = rng.random(n, dtype=np.float32)
    return (rng.random(n) < p).astype(np.int64), np.column_stack([1 - p, p])


def test_the_scores_of_an_test_set(benchmark: BenchmarkFixture):
    truth, p = _probabilities(25_000)
    assert benchmark(lambda: score(truth, p))["auc"] == pytest.approx(5 / 6, abs=0.01)


def _records(seeds: int) -> list[Record]:
    truth, p = _probabilities(2_000)
    stored = stored_predictions.quantise(p)
    packed = stored_predictions.pack(truth, stored)
    return [Record("toy", "one", "ab" * 32, "imdb@x", name, {}, "gru-64-64", "torch", "cpu", budget, seed,
                           n_train=32, n_test=2_000, seconds={"adapt": 2.0, "pretrain": 50.0}, predictions=packed,
                           **score(truth, stored_predictions.probabilities(stored)))  # type: ignore[arg-type]
            for seed in range(seeds) for budget in (32, 128, 512, "full") for name in BASELINES]


def test_writing_records(benchmark: BenchmarkFixture, tmp_path: Path):
    one, path = _records(1)[0], tmp_path / "toy.jsonl"
    benchmark.pedantic(lambda: record_files.append(path, one), rounds=50)
    assert {r.identity() for r in record_files.read(path)} == {one.identity()}


def test_reading_records(benchmark: BenchmarkFixture, tmp_path: Path):
    path, made = tmp_path / "toy.jsonl", _records(5)
    for record in made:
        record_files.append(path, record)
    assert len(benchmark.pedantic(lambda: record_files.read(path), rounds=5)) == len(made)


def test_a_leaderboard_of_five_seeds(benchmark: BenchmarkFixture):
    made = _records(5)
    assert len(benchmark.pedantic(lambda: leaderboard.leaderboards(made), rounds=3)[0].rows) == len(BASELINES)


def _answered(targets: int, seeds: int) -> list[Record]:
    """Records of models that are right on other texts each, ten baselines at five budgets."""
    cells = [(name, budget) for name in sorted(BASELINES)[:10] for budget in (16, 32, 128, 512, "full")]
    out = []
    for target in range(targets):
        rng = np.random.default_rng(target)
        truth, hard = rng.integers(0, 2, 2_000), rng.normal(size=2_000)
        for place, (name, budget) in enumerate(cells):
            for seed in range(seeds):
                odds = (2 * truth - 1) * (0.02 * place + 0.1 * rng.normal() + hard + rng.normal(size=2_000))
                two = np.stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))], 1, dtype="f4")
                stored = stored_predictions.quantise(two)
                out.append(Record(
                    f"toy{target}", "one", "ab" * 32, "imdb@x", name, {}, "gru-64-64", "torch", "cpu", budget, seed,
                    n_train=5_000 if budget == "full" else int(budget), n_test=2_000, seconds={"adapt": 2.0},
                    predictions=stored_predictions.pack(truth, stored),
                    **score(truth, stored_predictions.probabilities(stored))))  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize(("targets", "seeds"), [(1, 100), (25, 4)])
def test_statistics_of_five_thousand_records(benchmark: BenchmarkFixture, targets: int, seeds: int):
    made = _answered(targets, seeds)
    assert len(made) == 5_000
    found = benchmark.pedantic(lambda: study.studies(made), rounds=1)
    assert len(found) == targets
    assert all(len(s.rankings) == 5 and not s.left_out for s in found)
    assert benchmark.stats["max"] < 20  # seconds, on two cores
