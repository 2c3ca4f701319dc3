"""What a training run reads: the recipe, the examples, and the order of the batches; the same for every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.data.text import PADDING, UNKNOWN, Ragged
from bench.learning.networks.architectures import Architecture, Params

CHUNK = 40  # batches; so many are shuffled together and then cut by length


@dataclass(frozen=True)
class Recipe:
    """A training recipe: Adam with a linear warm-up and decay.

    Its field names are part of a base's key and of saved timings, so they stay as they are.
    """

    epochs: int
    batch: int = 256  # texts
    learning_rate: float = 3e-3  # at the end of the warm-up
    warmup: float = 0.1  # share of the steps
    rates: tuple[tuple[str, float], ...] = ()  # (prefix of a parameter's name, multiple of the rate); the last match
    weight_decay: float = 0.0  # decoupled; towards the initial weights when `anchored`
    anchored: bool = False
    frozen: tuple[str, ...] = ()  # prefixes of the names of parameters that are not trained
    shards: int = 2  # parts of a batch that are computed side by side on a CPU
    optimiser: str = "adam"  # or "sgd" (parity tests)
    precision: str = "float32"  # of products on a GPU: float32, tf32 or bf16; CPUs and MXNet have float32 alone
    epsilons: tuple[tuple[str, float], ...] = ()  # (prefix of a name, Adam's epsilon); the last match, else 1e-8
    word_dropout: float = 0.0  # share of the words that are read as unknown, drawn anew each epoch
    adversarial: float = 0.0  # length of a step of the word vectors against which a batch is learned too; PyTorch alone
    adversarial_every: int = 1  # each so many batches there is such a step

    def rate_of(self, name: str) -> float:
        """A parameter's learning rate as a multiple of the recipe's."""
        return _last_match(self.rates, name, 1.0)

    def epsilon_of(self, name: str) -> float:
        """What Adam adds to the root of a parameter's mean squared gradient.

        Adam moves the row of a rare word as far for one text as that of a common word for hundreds. With an epsilon of
        the order of a common word's gradient it moves each word by what its texts say.
        """
        return _last_match(self.epsilons, name, 1e-8)


def _last_match(values: tuple[tuple[str, float], ...], name: str, default: float) -> float:
    return next((value for prefix, value in reversed(values) if name.startswith(prefix)), default)


@dataclass(frozen=True)
class Batches:
    """Examples, and which of them make up the batches of each epoch."""

    x: Ragged  # rows of the embedding, already clipped to the network's length
    y: NDArray[np.int64]  # [n]
    size: int  # texts per batch
    seed_names: tuple[object, ...]  # what the random draws depend on
    heads: tuple[int, ...] = ()  # with several heads: the classes of each; outputs lie side by side, y counts through
    epoch_rows: tuple[NDArray[np.int64], ...] = ()  # rows that each epoch reads, equally many; empty: all rows
    class_weights: NDArray[np.float32] | None = None  # weight of each class in the loss, [outputs]; None: all 1

    def epoch(self, number: int) -> list[NDArray[np.int64]]:
        """The rows of each batch: shuffled, cut into batches of similar length, shuffled again."""
        rng = generator_for("batches", *self.seed_names, number)
        rows = rng.permutation(self.epoch_rows[number] if self.epoch_rows else len(self.x))
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(rows), self.size * CHUNK):
            chunk = rows[start : start + self.size * CHUNK]
            chunk = chunk[np.argsort(self.x.lengths[chunk], kind="stable")]
            batches += [chunk[i : i + self.size] for i in range(0, len(chunk), self.size)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def with_word_dropout(self, epoch: int, share: float) -> Batches:
        """The batches as an epoch reads them: a random `share` of the words is unknown."""
        if not share:
            return self
        dropped = generator_for("words", *self.seed_names, epoch).random(len(self.x.ids), dtype=np.float32) < share
        return replace(self, x=Ragged(np.where(dropped, np.int32(UNKNOWN), self.x.ids), self.x.offsets))

    def steps(self) -> int:
        """Batches per epoch."""
        full, rest = divmod(len(self.epoch_rows[0]) if self.epoch_rows else len(self.x), self.size * CHUNK)
        return full * CHUNK + -(-rest // self.size)

    def head_mask(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """What to add to the logits of `rows` so that each text trains its own head alone, [n, outputs].

        A text of one task says nothing about the other task's classes, so those outputs get no share and no gradient.
        None where there is one head.
        """
        if not self.heads:
            return None
        head = np.repeat(np.arange(len(self.heads)), self.heads)  # of each output
        return np.where(head == head[self.y[rows]][:, None], np.float32(0.0), np.float32(-1e9))


@dataclass(frozen=True)
class TrainingState:
    """A training run after some epochs: enough to resume it and get the same bits."""

    epoch: int  # epochs done
    params: Params
    moments: Params  # of the optimiser, by parameter and moment, such as "head.weight/exp_avg"
    history: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True)
class Hooks:
    """Callbacks of a training run."""

    # step(steps done, steps in all, loss, tokens of the batch)
    step: Callable[[int, int, float, int], None] = lambda done, total, loss, tokens: None
    epoch: Callable[[TrainingState], dict[str, float]] = field(default=lambda state: {})  # returns a row of the history


def learning_rate_factor(step: int, total: int, warmup: float) -> float:
    """The factor of the learning rate at `step` (from 0) of `total`: linear up, then linear down to a fiftieth."""
    done = (step + 1) / total
    return min(1.0, done / warmup if warmup else 1.0) * max(0.02, 1.0 - done + 0.02)


def padded_length(net: Architecture, x: Ragged, rows: NDArray[np.int64], multiple: int = 1) -> int:
    """How many steps a batch has: what the network requires, or its longest text rounded up to a multiple."""
    if net.kind == "dense" or net.pooling == "flatten":
        return net.most_tokens
    longest = max(int(x.lengths[rows].max(initial=1)), *net.widths, 1)  # a convolution needs at least its own width
    return -(-longest // multiple) * multiple


def pad(x: Ragged, rows: NDArray[np.int64], length: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Texts side by side, time first: ids [longest, n] padded with PADDING, and lengths [n] of at least 1."""
    lengths = x.lengths[rows]
    steps = length or max(1, int(lengths.max(initial=1)))
    ids = np.full((len(rows), steps), PADDING, dtype=np.int64)
    part = x.take(rows)
    ids[np.arange(steps) < lengths[:, None]] = part.ids
    return np.ascontiguousarray(ids.T), np.maximum(lengths, 1)


def dropout_mask(net: Architecture, n: int, seed: int, shard: int) -> NDArray[np.bool_]:
    """Which features of `n` texts dropout keeps, [n, features]; the same in every engine."""
    return np.random.default_rng((seed, shard)).random((n, net.features), dtype=np.float32) >= net.dropout


def scoring_batches(x: Ragged, size: int) -> list[NDArray[np.int64]]:
    """Rows in batches of similar length; the longest first, so that later batches fit into the memory they free."""
    order = np.argsort(-x.lengths, kind="stable")
    return [order[i : i + size] for i in range(0, len(order), size)]
