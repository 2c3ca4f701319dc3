"""Toy texts of made-up words, and what is built from them, small enough for a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bench.data import corpus
from bench.data.cards import Edition, Route, Task
from bench.data.corpus import Dataset
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import Architecture
from bench.learning.networks.batches import Recipe
from bench.learning.pretrain import Base, BaseSpec, pretrain
from bench.protocol.domain import Domain
from bench.protocol.split import make_split

LABELS = ("negative", "positive")
FILLER = ("bako", "delu", "fimo", "gira", "hosu", "jabe", "kelo", "lumi", "mipa", "nuro", "oska", "pedu", "quil",
          "rano", "sefi", "tuba", "umbo", "vela", "wiro", "yuba")
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "negative": ("grum", "grek", "grol", "gris"),
    "positive": ("zala", "zemi", "zofu", "zuni"),
    "neutral": ("mmoa", "mmea", "mmia", "mmua"),
}
NET = Architecture("gru", embedding=8, hidden=8, most_tokens=16, dropout=0.1)
RECIPE = Recipe(epochs=3, batch=32, learning_rate=2e-2)


def rows(n: int = 400, labels: tuple[str, ...] = LABELS, seed: int = 0, words: slice = slice(0, 3)) -> pd.DataFrame:
    """`n` texts in turns of the labels: six to twelve filler words and two of the label's signal words."""
    rng = np.random.default_rng(seed)
    texts, names = [], []
    for i in range(n):
        label = labels[i % len(labels)]
        signals = SIGNALS[label][words]
        chosen = [*rng.choice(FILLER, rng.integers(6, 13)), *rng.choice(signals, 2)]
        texts.append(" ".join(rng.permutation(chosen)))
        names.append(label)
    return pd.DataFrame({"text": texts, "label": names})


def dataset(root: Path, frame: pd.DataFrame, labels: tuple[str, ...] = LABELS) -> Dataset:
    """The rows as a data set in the cache `root`."""
    lines, sha256 = corpus.normalised_rows(frame, labels, "toy")
    return corpus.build(root, lines, labels, sha256)


def loaded(root: Path, name: str, frame: pd.DataFrame, labels: tuple[str, ...] = LABELS) -> Domain:
    """The rows as a task's data, a seeded quarter of them the test set."""
    data = dataset(root, frame, labels)
    edition = Edition("toy", (Route("directory", {"file": f"{name}.csv"}, "csv"),))
    task = Task(name, name, labels, (edition,))
    return Domain(task, edition, data, "memory", make_split(data, "quarter", "", f"{name}@toy"))


def vectors(folder: Path) -> WordVectors:
    """A GloVe of the toy words: random, and for a signal word in the direction of its label."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    words = [*FILLER, *(w for group in SIGNALS.values() for w in group), "do", "n't"]
    matrix = rng.normal(0.0, 0.3, (len(words), 50)).astype(np.float32)
    for axis, group in enumerate(SIGNALS.values()):
        matrix[[words.index(w) for w in group], axis] += 3.0
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "glove_6B_50d_emb.npy", matrix)
    pq.write_table(pa.table({"word": words}), folder / "glove_6B_index.parquet")
    return WordVectors(folder / "glove_6B_50d_emb.npy", folder / "glove_6B_index.parquet", "toy")


def base_spec(source: Domain, glove: WordVectors | None = None) -> BaseSpec:
    """What small base to train on a source."""
    return BaseSpec(source.name, source.data, source.split, NET, "torch", "cpu", glove, RECIPE)


def base(source: Domain, root: Path, glove: WordVectors | None = None) -> Base:
    """A small base trained on a source."""
    return pretrain(base_spec(source, glove), root)


def card(name: str, file: str, labels: tuple[str, ...] = LABELS, reader: str = "csv") -> str:
    """The text of a task card for one file of the data folder."""
    return f"""
name = "{name}"
title = "Toy {name}"
labels = {list(labels)}

[[editions]]
name = "toy"

[[editions.routes]]
from = "directory"
file = "{file}"
reader = "{reader}"
"""


def flip(path: Path, at: int | None = None) -> None:
    """Change one byte of a file, in its middle where `at` is not given."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 0x20
    path.write_bytes(bytes(data))
