"""What a training run reads: the examples, the order of the batches, and the recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.data.text import PADDING, UNKNOWN, Ragged
from bench.learning.networks.architectures import Params

CHUNK = 40  # batches of like length are cut from this many batches' worth of shuffled texts


@dataclass(frozen=True)
class Recipe:
    """A training recipe: Adam with a linear warm-up and decay."""

    epochs: int
    batch: int = 256  # texts
    learning_rate: float = 3e-3
    warmup: float = 0.1  # share of the steps
    rates: tuple[tuple[str, float], ...] = ()  # (beginning of a name, learning rate as a multiple); the last that fits
    weight_decay: float = 0.0  # decoupled, towards the initial weights when `anchored`
    anchored: bool = False
    frozen: tuple[str, ...] = ()  # parameters whose names begin so are left alone
    shards: int = 2  # a batch is split in so many parts, computed side by side on a CPU
    optimiser: str = "adam"  # or "sgd" (parity tests)
    precision: str = "float32"  # of a GPU's products: float32, tf32 or bf16; a CPU and MXNet know float32
    epsilons: tuple[tuple[str, float], ...] = ()  # (beginning of a name, Adam's epsilon); the last that fits, else 1e-8
    word_dropout: float = 0.0  # share of the words that an epoch reads as unknown, drawn anew for each

    def rate_of(self, name: str) -> float:
        """A parameter's learning rate as a multiple of the recipe's."""
        return _last(self.rates, name, 1.0)

    def epsilon_of(self, name: str) -> float:
        """What Adam adds to the root of a parameter's mean squared gradient.

        Adam moves the row of a rare word as far for one text as that of a common word for hundreds; with an epsilon of
        the order of a common word's gradient it moves each word by what its texts say.
        """
        return _last(self.epsilons, name, 1e-8)


def _last(named: tuple[tuple[str, float], ...], name: str, otherwise: float) -> float:
    return next((value for start, value in reversed(named) if name.startswith(start)), otherwise)


@dataclass(frozen=True)
class Batches:
    """Examples, and which of them make the batches of each epoch; the same for every engine."""

    x: Ragged  # already clipped to the net's length
    y: NDArray[np.int64]  # [n]
    size: int
    names: tuple[object, ...]  # of the seed
    heads: tuple[int, ...] = ()  # classes of each of several heads; their outputs lie side by side, y counts through
    members: tuple[NDArray[np.int64], ...] = ()  # rows of each epoch, as many in each; empty: all rows
    class_weights: NDArray[np.float32] | None = None  # of each class's texts in the loss, [outputs]; None: all 1

    def epoch(self, number: int) -> list[NDArray[np.int64]]:
        """Rows of each batch: shuffled, cut into batches of like length, shuffled again."""
        rng = generator_for("batches", *self.names, number)
        rows = rng.permutation(self.members[number] if self.members else len(self.x))
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(rows), self.size * CHUNK):
            chunk = rows[start : start + self.size * CHUNK]
            chunk = chunk[np.argsort(self.x.lengths[chunk], kind="stable")]
            batches += [chunk[i : i + self.size] for i in range(0, len(chunk), self.size)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def thinned(self, number: int, share: float) -> Batches:
        """The same batches with that share of the words unknown, drawn anew for each epoch."""
        if not share:
            return self
        gone = generator_for("words", *self.names, number).random(len(self.x.ids), dtype=np.float32) < share
        return replace(self, x=Ragged(np.where(gone, np.int32(UNKNOWN), self.x.ids), self.x.offsets))

    def steps(self) -> int:
        """Batches an epoch."""
        full, rest = divmod(len(self.members[0]) if self.members else len(self.x), self.size * CHUNK)
        return full * CHUNK + -(-rest // self.size)

    def closed(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """What is added to the logits of `rows`, [n, outputs], so that a text's loss sees its own head; None: one head.

        A text of one task says nothing about the other task's classes, so those outputs get no share and no gradient.
        """
        if not self.heads:
            return None
        head = np.repeat(np.arange(len(self.heads)), self.heads)  # of each output
        return np.where(head == head[self.y[rows]][:, None], np.float32(0.0), np.float32(-1e9))


@dataclass(frozen=True)
class TrainingState:
    """A training run after some epochs: enough to go on to the same bits."""

    epoch: int  # epochs done
    params: Params
    moments: Params  # the optimiser's, by parameter name and moment
    history: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True)
class Hooks:
    """What the caller wants to hear while a network trains."""

    step: Callable[[int, int, float, int], None] = lambda done, total, loss, tokens: None
    epoch: Callable[[TrainingState], dict[str, float]] = field(default=lambda state: {})


def learning_rate_at(step: int, total: int, warmup: float) -> float:
    """The learning rate's factor at `step` of `total` (from 0): linear up, then linear down to a fiftieth."""
    done = (step + 1) / total
    return min(1.0, done / warmup if warmup else 1.0) * max(0.02, 1.0 - done + 0.02)


def pad(x: Ragged, rows: NDArray[np.int64], length: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Texts side by side, time first: ids [longest, n] padded with PADDING, and lengths [n] of at least 1."""
    lengths = x.lengths[rows]
    steps = length or max(1, int(lengths.max(initial=1)))
    ids = np.full((len(rows), steps), PADDING, dtype=np.int64)
    part = x.take(rows)
    ids[np.arange(steps) < lengths[:, None]] = part.ids
    return np.ascontiguousarray(ids.T), np.maximum(lengths, 1)


def by_length(x: Ragged, size: int) -> list[NDArray[np.int64]]:
    """Rows in batches of like length, for scoring; the longest first, so that what one frees holds the next."""
    order = np.argsort(-x.lengths, kind="stable")
    return [order[i : i + size] for i in range(0, len(order), size)]
