"""An epoch of the base beside the tutorials' loop on the same reviews, in the same minute.

The tutorials pad every review to 500 words, take batches of 64 in shuffled order and give them to a
batch-first GRU on all threads. Both begin each round from fresh weights: in a padded net that was trained for longer,
denormal floats make an epoch several times slower still. Run with `-s` to see the times: they are printed, and
nothing is asserted of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from torch import nn

from bench.base import RECIPE
from bench.batches import Batches
from bench.data import obtain
from bench.engines import engine
from bench.errors import BenchError
from bench.nets import NETS, Params, initial_params
from bench.sources import Access
from bench.task import all_tasks
from bench.text import Encoded, frequent

TEXTS, LONGEST, BATCH, ROUNDS = 5_000, 500, 64, 3
SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("BENCH_DATA", SHARED))  # read now: a fixture takes the variable away from the tests


class Padded(nn.Module):
    """The tutorials' network: embedding 64, GRU 64, its last state, a dense layer."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 64)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.head = nn.Linear(64, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of padded texts [n, LONGEST]."""
        return self.head(self.gru(self.embedding(ids))[0][:, -1])


def padded_epoch(words: int, ids: torch.Tensor, y: torch.Tensor) -> None:
    """One pass in shuffled batches over a fresh network."""
    model = Padded(words)
    optimiser = torch.optim.Adam(model.parameters())
    for rows in torch.randperm(len(ids)).split(BATCH):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(ids[rows]), y[rows]).backward()
        optimiser.step()


def cut_and_padded(x: Encoded) -> torch.Tensor:
    """[n, LONGEST], cut at the end and zero-padded there."""
    ids = np.zeros((len(x), LONGEST), np.int64)
    for i in range(len(x)):
        ids[i, : len(x[i][:LONGEST])] = x[i][:LONGEST]
    return torch.from_numpy(ids)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoded, np.ndarray, int]:
    """5,000 of IMDB's training reviews, their labels, and the size of their vocabulary."""
    root = tmp_path_factory.mktemp("imdb")
    access = Access(FOLDER if FOLDER.is_dir() else None, root / "raw", offline=True)
    try:
        found = obtain(all_tasks()["imdb"], access, root)
    except BenchError as error:
        pytest.skip(f"no IMDB reviews on this machine: {error}")
    rows = np.random.default_rng(0).choice(found.division.pool, TEXTS, replace=False)
    vocabulary = frequent(found.data.corpus.tokens.take(found.division.pool), found.data.corpus.words)
    x = found.data.corpus.tokens.take(rows).renumber(vocabulary.table(found.data.corpus.words))
    return x, found.data.y[rows], len(vocabulary)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_our_epoch_beside_the_tutorials(reviews: tuple[Encoded, np.ndarray, int]):
    x, y, words = reviews
    net = NETS["gru"]
    batches = Batches(x.clip(net.most_tokens), y, RECIPE.batch, ("epoch",))
    params: Params = initial_params(net, words, "epoch")
    spec = replace(RECIPE, epochs=1)
    ids, truth = cut_and_padded(x), torch.from_numpy(y)
    ways: Mapping[str, Callable[[], object]] = {
        "tutorials": lambda: padded_epoch(words, ids, truth),
        "ours": lambda: engine("torch").fit(net, params, batches, spec, "cpu"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    padded_epoch(words, ids[:BATCH], truth[:BATCH])  # the first step sets libraries up
    for _ in range(ROUNDS):  # turn about, so that a busy machine is busy for both
        for name, work in ways.items():
            seconds[name].append(timed(work))
    ratio = median(seconds["tutorials"]) / median(seconds["ours"])
    shown = "; ".join(f"{name} {', '.join(f'{s:.2f}' for s in found)} s" for name, found in seconds.items())
    print(f"\none epoch of {len(x):,} reviews on {torch.get_num_threads()} threads: {shown}; "
          f"ratio of medians {ratio:.2f}")
