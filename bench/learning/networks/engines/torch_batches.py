"""What a step of the PyTorch engine reads: made on the host for a CPU, or gathered on a GPU that holds the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import Architecture
from bench.learning.networks.batches import Batches, pad


@dataclass(frozen=True)
class Batch:
    """Some texts side by side, and all that their loss depends on."""

    ids: Tensor  # [steps, n]
    lengths: Tensor  # [n], at least 1
    y: Tensor  # [n]
    keep: Tensor | None  # [n, features], the features that dropout leaves; None: all
    closed: Tensor | None  # [n, outputs], see Batches.closed

    def part(self, rows: NDArray[np.int64]) -> Batch:
        """Neighbouring ones of its texts; all of them is itself."""
        if len(rows) == len(self.y):
            return self
        at = slice(int(rows[0]), int(rows[-1]) + 1)
        return Batch(self.ids[:, at], self.lengths[at], self.y[at], None if self.keep is None else self.keep[at],
                     None if self.closed is None else self.closed[at])


def tensors(net: Architecture, x: Ragged, rows: NDArray[np.int64], device: str) -> tuple[Tensor, Tensor]:
    """Ids [steps, n] and lengths [n] of the texts `rows`, padded on the host."""
    ids, lengths = pad(x, rows, _steps(net, x, rows))
    return torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)


def on_host(net: Architecture, batches: Batches, rows: NDArray[np.int64], seed: int, shards: int, shard: int) -> Batch:
    """The texts that are one shard's part of the batch `rows`."""
    rows = rows[shard::shards]
    ids, lengths = tensors(net, batches.x, rows, "cpu")
    closed = batches.closed(rows)
    keep = torch.from_numpy(_keep(net, len(rows), seed, shard)) if net.dropout else None
    return Batch(ids, lengths, torch.from_numpy(batches.y[rows]), keep,
                 None if closed is None else torch.from_numpy(closed))


class Resident:
    """All texts on a device from the beginning, so that a step copies nothing to it and waits for nothing."""

    def __init__(self, net: Architecture, batches: Batches, device: str) -> None:
        self.net, self.batches, self.device = net, batches, device
        x = batches.x
        self._send(x)
        self.starts = torch.from_numpy(x.offsets[:-1].copy()).to(device)
        self.lengths = torch.from_numpy(x.lengths.copy()).to(device)
        self.y = torch.from_numpy(batches.y.copy()).to(device)
        closed = batches.closed(np.arange(len(x)))
        self.closed = None if closed is None else torch.from_numpy(closed).to(device)

    def _send(self, x: Ragged) -> None:
        self.sent = x
        # One more id, so that a place beyond the last text can be read before it is masked.
        self.ids = torch.from_numpy(np.append(x.ids, PADDING).astype(np.int64)).to(self.device)

    def begin(self, x: Ragged, epoch: Sequence[NDArray[np.int64]], seeds: Sequence[int]) -> None:
        """Send the order of an epoch, and what dropout leaves in it: the same draws as those of one shard on a CPU.

        `x` are the texts as this epoch reads them, sent again where they differ from the last epoch's.
        """
        if x is not self.sent:
            self._send(x)
        sizes = [len(rows) for rows in epoch]
        everything = torch.from_numpy(np.concatenate(epoch)).to(self.device)
        self.rows = torch.split(everything, sizes)
        self.steps = [_steps(self.net, self.batches.x, rows) for rows in epoch]
        self.keep: Sequence[Tensor] = ()
        if self.net.dropout:
            drawn = [_keep(self.net, n, seed, 0) for n, seed in zip(sizes, seeds, strict=True)]
            self.keep = torch.split(torch.from_numpy(np.concatenate(drawn)).to(self.device), sizes)

    def batch(self, number: int, shard: int = 0) -> Batch:
        """The batch `number` of the epoch, gathered where the texts lie; a device has one shard."""
        assert shard == 0
        rows = self.rows[number]
        lengths = self.lengths[rows]
        step = torch.arange(self.steps[number], device=self.device)[:, None]
        inside = step < lengths
        at = torch.where(inside, self.starts[rows] + step, len(self.ids) - 1)
        return Batch(self.ids[at], lengths.clamp(min=1), self.y[rows], self.keep[number] if self.net.dropout else None,
                     None if self.closed is None else self.closed[rows])


def _steps(net: Architecture, x: Ragged, rows: NDArray[np.int64]) -> int:
    """How long a batch is: its longest text, or what the net must have."""
    if net.kind == "dense" or net.pooling == "flatten":
        return net.most_tokens
    return max(int(x.lengths[rows].max(initial=1)), *net.widths, 1)  # a convolution needs at least its own width


def _keep(net: Architecture, n: int, seed: int, shard: int) -> NDArray[np.bool_]:
    return np.random.default_rng((seed, shard)).random((n, net.features), dtype=np.float32) >= net.dropout
