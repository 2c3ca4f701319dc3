"""What a training step of the PyTorch engine reads: made on the host for a CPU, gathered on the device for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import Architecture
from bench.learning.networks.batches import Batches, dropout_mask, pad, padded_length


@dataclass(frozen=True)
class Padded:
    """Texts side by side with padding behind them, as PyTorch's layers read them."""

    ids: Tensor  # [steps, n]
    lengths: Tensor  # [n], at least 1

    def __len__(self) -> int:
        """How many texts."""
        return len(self.lengths)

    def part(self, at: slice) -> Padded:
        """Some of the texts."""
        return Padded(self.ids[:, at], self.lengths[at])


@dataclass(frozen=True)
class Rows:
    """Texts as the compiled kernels read them."""

    x: Ragged
    rows: NDArray[np.int64]  # [n]
    inputs: tuple[Tensor, ...] | None = None  # for scoring: of each direction, the inputs' share of the gates by id

    def __len__(self) -> int:
        """How many texts."""
        return len(self.rows)

    def part(self, at: slice) -> Rows:
        """Some of the texts."""
        return Rows(self.x, self.rows[at], self.inputs)


@dataclass(frozen=True)
class Batch:
    """Some texts, and all that their loss depends on."""

    texts: Padded | Rows
    y: Tensor  # [n]
    dropout_mask: Tensor | None  # [n, features], the features that dropout keeps; None: all
    head_mask: Tensor | None  # [n, outputs], see Batches.head_mask

    def part(self, rows: NDArray[np.int64]) -> Batch:
        """The consecutive texts `rows` of the batch."""
        if len(rows) == len(self.y):
            return self
        at = slice(int(rows[0]), int(rows[-1]) + 1)
        return Batch(self.texts.part(at), self.y[at],
                     None if self.dropout_mask is None else self.dropout_mask[at],
                     None if self.head_mask is None else self.head_mask[at])


def padded(net: Architecture, x: Ragged, rows: NDArray[np.int64], device: str) -> Padded:
    """The texts `rows`, padded on the host."""
    ids, lengths = pad(x, rows, padded_length(net, x, rows))
    return Padded(torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device))


def host_batch(net: Architecture, batches: Batches, rows: NDArray[np.int64], seed: int, shards: int, compiled: bool,
               shard: int) -> Batch:
    """One shard's part of the batch `rows`, on the host; `compiled`: for the compiled recurrent layers."""
    rows = rows[shard::shards]
    texts = Rows(batches.x, rows) if compiled else padded(net, batches.x, rows, "cpu")
    head_mask = batches.head_mask(rows)
    kept = torch.from_numpy(dropout_mask(net, len(rows), seed, shard)) if net.dropout else None
    return Batch(texts, torch.from_numpy(batches.y[rows]), kept,
                 None if head_mask is None else torch.from_numpy(head_mask))


class DeviceBatches:
    """All texts on a device from the start, so that a step copies nothing to it and waits for nothing."""

    def __init__(self, net: Architecture, batches: Batches, device: str) -> None:
        self.net, self.batches, self.device = net, batches, device
        x = batches.x
        self._send(x)
        self.starts = torch.from_numpy(x.offsets[:-1].copy()).to(device)
        self.lengths = torch.from_numpy(x.lengths.copy()).to(device)
        self.y = torch.from_numpy(batches.y.copy()).to(device)
        head_mask = batches.head_mask(np.arange(len(x)))
        self.head_mask = None if head_mask is None else torch.from_numpy(head_mask).to(device)

    def _send(self, x: Ragged) -> None:
        self.sent = x
        # One more id, so that a position beyond the last text can be read before it is masked.
        self.ids = torch.from_numpy(np.append(x.ids, PADDING).astype(np.int64)).to(self.device)

    def start_epoch(self, x: Ragged, order: Sequence[NDArray[np.int64]], seeds: Sequence[int]) -> None:
        """Send an epoch's order of rows and its dropout masks: the same draws as those of one shard on a CPU.

        `x` are the texts as this epoch reads them, sent again where they differ from the last epoch's.
        """
        if x is not self.sent:
            self._send(x)
        sizes = [len(rows) for rows in order]
        self.rows = torch.split(torch.from_numpy(np.concatenate(order)).to(self.device), sizes)
        self.steps = [padded_length(self.net, self.batches.x, rows) for rows in order]
        self.dropout_masks: Sequence[Tensor] = ()
        if self.net.dropout:
            masks = [dropout_mask(self.net, n, seed, 0) for n, seed in zip(sizes, seeds, strict=True)]
            self.dropout_masks = torch.split(torch.from_numpy(np.concatenate(masks)).to(self.device), sizes)

    def batch(self, number: int, shard: int = 0) -> Batch:
        """The batch `number` of the epoch, gathered on the device; a device has one shard."""
        assert shard == 0
        rows = self.rows[number]
        lengths = self.lengths[rows]
        step = torch.arange(self.steps[number], device=self.device)[:, None]
        at = torch.where(step < lengths, self.starts[rows] + step, len(self.ids) - 1)
        return Batch(Padded(self.ids[at], lengths.clamp(min=1)), self.y[rows],
                     self.dropout_masks[number] if self.net.dropout else None,
                     None if self.head_mask is None else self.head_mask[rows])
