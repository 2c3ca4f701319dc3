"""The network as a PyTorch module."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import EMBEDDING, GRUS, RECURRENT, Architecture, Params
from bench.learning.networks.engines import torch_rnn
from bench.learning.networks.engines.torch_batches import Padded, Rows
from bench.learning.networks.engines.torch_layers import masked_mean_max, mean_max

RNN_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Classifier(nn.Module):
    """Embedding → encoder → pooling → linear head; parameters are named as in `architectures.py`.

    The embedding's gradient is `sparse` where the optimiser steps rows.
    """

    def __init__(self, net: Architecture, params: Params, sparse: bool = False) -> None:
        super().__init__()
        self.net = net
        # Copies: the caller's arrays may be read-only and are never written to.
        weights = {name: torch.from_numpy(np.array(value)) for name, value in params.items()}
        # The small layers draw weights that are replaced at once: on the "meta" device, which draws none, the first
        # layer of a process takes two seconds.
        self.embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
            weights[EMBEDDING], freeze=False, padding_idx=0, sparse=sparse)
        if net.kind in RECURRENT:
            rnn = nn.GRU if net.kind in GRUS else nn.LSTM
            self.rnn = rnn(net.embedding, net.hidden, bidirectional=len(RECURRENT[net.kind]) == 2)
        elif net.kind == "dense":
            self.hidden = nn.Linear(net.most_tokens * net.embedding, net.hidden)
        for width in net.widths:
            setattr(self, f"conv{width}", nn.Conv1d(net.embedding, net.hidden, width))
        self.head = nn.Linear(net.features, net.classes)
        self.load_state_dict(weights, assign=True)

    def pooled(self, texts: Padded | Rows, step: Tensor | None = None) -> Tensor:
        """Features [n, net.features], where a step of the word vectors may be added to them, see `worst_step`."""
        if isinstance(texts, Rows):
            x, rows, sides = texts.x, texts.rows, self._sides()
            if texts.inputs is not None:
                return torch_rnn.scored(x, rows, self.net.pooling, texts.inputs, sides)
            return torch_rnn.pooled(x, rows, self.net.pooling, self.embedding.weight, sides, step)
        lengths = texts.lengths
        x = self.embedding(texts.ids)  # [steps, n, embedding]
        if step is not None:
            x = x + F.embedding(texts.ids, step)
        if self.net.kind == "dense":
            return F.relu(self.hidden(x.transpose(0, 1).flatten(1)))
        if self.net.widths:
            return self._convolved(x.permute(1, 2, 0), lengths)
        states = self._both_directions(x, lengths) if self.rnn.bidirectional else self.rnn(x)[0]
        return self._pooled_over_time(states, lengths)

    def worst_step(self, length: float) -> Tensor:
        """The step of the word vectors of this length along their gradient.

        Dense as the embedding; where the compiled kernels read the texts, of its distinct words alone.
        """
        gradient = self.embedding.weight.grad
        assert gradient is not None, "no loss depends on the word vectors"
        if gradient.is_sparse and self.net.kind in RECURRENT:
            gradient = gradient._values()
        elif gradient.is_sparse:
            gradient = gradient.to_dense()
        step: Tensor = gradient * (length / gradient.norm().clamp_min(1e-12))
        return step

    def with_inputs(self, x: Ragged) -> Rows:
        """All texts for scoring: the products of the compiled kernels with their words are computed here, once."""
        there = np.bincount(x.ids, minlength=1) > 0
        there[PADDING] = True  # what a text without words reads
        words = torch.from_numpy(np.flatnonzero(there))
        inputs = tuple(torch_rnn.input_products(self.embedding.weight[words], side) for side in self._sides())
        return Rows(x.renumber(np.cumsum(there, dtype=np.int32) - np.int32(1)), np.arange(len(x)), inputs)

    def _sides(self) -> list[torch_rnn.Weights]:
        return [self._rnn_weights(side) for side in RECURRENT[self.net.kind]]

    def _rnn_weights(self, side: str = "") -> torch_rnn.Weights:
        a, b, c, d = (self.rnn.get_parameter(f"{name}_l0{side}") for name in RNN_WEIGHTS)
        return a, b, c, d

    def _convolved(self, x: Tensor, lengths: Tensor) -> Tensor:
        if self.net.pooling == "flatten":
            return F.relu(getattr(self, f"conv{self.net.widths[0]}")(x)).flatten(1)
        maps = [F.relu(getattr(self, f"conv{width}")(x)) for width in self.net.widths]
        return torch.cat([_max_over_windows(m, lengths - width + 1)
                          for m, width in zip(maps, self.net.widths, strict=True)], 1)

    def _both_directions(self, x: Tensor, lengths: Tensor) -> Tensor:
        # A packed layer of two directions trains ten times as slowly on a CPU (an LSTM was measured) as two of one
        # direction, one of them on the reversed texts (their padding stays at the end).
        steps = torch.arange(len(x), device=x.device)[:, None]
        reverse = torch.where(steps < lengths, lengths - 1 - steps, steps)[:, :, None]
        forward, backward = self._states(x, ""), self._states(x.gather(0, reverse.expand_as(x)), "_reverse")
        return torch.cat([forward, backward.gather(0, reverse.expand_as(backward))], 2)

    def _states(self, x: Tensor, side: str) -> Tensor:
        start, weights = x.new_zeros(1, x.shape[1], self.net.hidden), self._rnn_weights(side)
        states: Tensor = (torch.gru(x, start, weights, True, 1, 0.0, self.training, False, False)
                          if isinstance(self.rnn, nn.GRU) else
                          torch.lstm(x, (start, start), weights, True, 1, 0.0, self.training, False, False))[0]
        return states

    def _pooled_over_time(self, states: Tensor, lengths: Tensor) -> Tensor:
        if self.net.pooling == "last":
            half = self.net.hidden
            last = states[lengths - 1, torch.arange(len(lengths), device=states.device)]
            return torch.cat([last[:, :half], states[0, :, half:]], 1) if self.rnn.bidirectional else last
        return masked_mean_max(states, lengths) if states.is_cuda else mean_max(states, lengths)


def _max_over_windows(x: Tensor, windows: Tensor) -> Tensor:
    """Each filter's maximum [n, filters] over a text's `windows` [n] of x [n, filters, steps], not over its padding."""
    beyond = torch.arange(x.shape[2], device=x.device) >= windows.clamp(min=1)[:, None]
    return x.masked_fill(beyond[:, None], 0.0).amax(2)  # after the ReLU nothing is below 0
