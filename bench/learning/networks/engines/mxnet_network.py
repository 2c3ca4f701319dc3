"""The network in MXNet: its encoder, and the arrays that the encoder reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import EMBEDDING, GRUS, HEAD, HEAD_BIAS, RECURRENT, Architecture, Params
from bench.learning.networks.batches import pad, padded_length
from bench.learning.networks.engines.mxnet_import import Array, HybridBlock, nd

LENGTH_MULTIPLE = 16  # steps that lengths are rounded up to: MXNet keeps memory for every shape that it has seen


class Encoder(HybridBlock):  # type: ignore[misc]
    """Embedding → encoder → pooling. The weights are arguments, in the order `names`, so that shards can share them."""

    def __init__(self, net: Architecture, params: Params) -> None:
        super().__init__()
        self.net = net
        self.names = [name for name in params if not name.startswith("head.")]
        self.rows = len(params[EMBEDDING])
        self.hybridize()

    def hybrid_forward(self, F: Any, ids: Array, *rest: Array) -> Array:
        """Features [n, net.features] of ids [steps, n]; `rest`: the other arrays of `encoder_inputs`, the weights."""
        count = len(rest) - len(self.names)
        inputs, weights = rest[:count], dict(zip(self.names, rest[count:], strict=True))
        net = self.net
        x = F.Embedding(ids, weights[EMBEDDING], input_dim=self.rows, output_dim=net.embedding)
        if net.kind == "dense":
            flat = F.flatten(F.transpose(x, axes=(1, 0, 2)))
            return F.relu(F.FullyConnected(flat, weights["hidden.weight"], weights["hidden.bias"],
                                           num_hidden=net.hidden))
        if net.widths:
            return self._convolved(F, F.transpose(x, axes=(1, 2, 0)), inputs, weights)
        return self._recurrent(F, x, inputs, weights)

    def _convolved(self, F: Any, x: Array, padding_masks: tuple[Array, ...], weights: dict[str, Array]) -> Array:
        maps = [F.Convolution(x, weights[f"conv{w}.weight"], weights[f"conv{w}.bias"], kernel=(w,),
                              num_filter=self.net.hidden) for w in self.net.widths]
        if self.net.pooling == "flatten":
            return F.flatten(F.relu(maps[0]))
        # MXNet's own max gives each of several equal values the whole gradient, and its pooling is 6 times slower.
        highest = [F.pick(m, F.argmax(F.broadcast_add(F.BlockGrad(m), mask), axis=2), axis=2)
                   for m, mask in zip(maps, padding_masks, strict=True)]
        return F.relu(F.concat(*highest, dim=1))

    def _recurrent(self, F: Any, x: Array, inputs: tuple[Array, ...], weights: dict[str, Array]) -> Array:
        begin, lengths = inputs[:2]
        ends = RECURRENT[self.net.kind]
        # Of two directions, the second half of the columns holds the same texts, last word first.
        sides = dict(zip(ends, [x] if len(ends) == 1 else F.split(x, 2, axis=1), strict=True))
        pooled: list[Array] = []
        for side, data in sides.items():
            states = _states(F, self.net, data, begin, side, weights)
            if self.net.pooling == "last":
                pooled.append(F.SequenceLast(states, lengths, use_sequence_length=True))
                continue
            inside = F.SequenceMask(states, lengths, use_sequence_length=True)
            # A product with ones: 10 times faster here than the sum over the first axis.
            total = F.reshape(F.dot(inputs[2], F.reshape(inside, (0, -1))), (-1, self.net.hidden))
            masked = F.SequenceMask(F.BlockGrad(states), lengths, use_sequence_length=True, value=-1e9)
            highest = F.pick(states, F.argmax(masked, axis=0), axis=0)
            pooled += [F.broadcast_div(total, F.expand_dims(lengths, 1)), highest]
        return pooled[0] if len(pooled) == 1 else F.concat(*pooled[0::2], *pooled[1::2], dim=1)


def _states(F: Any, net: Architecture, x: Array, begin: Array, side: str, weights: dict[str, Array]) -> Array:
    """States [steps, n, hidden] of one direction; the gates' order is torch.nn's (r, z, n and i, f, g, o)."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    flat = F.concat(*[F.reshape(weights[f"rnn.{kind}_l0{side}"], (-1,)) for kind in kinds], dim=0)
    is_gru = net.kind in GRUS
    return F.RNN(x, flat, state=begin, **({} if is_gru else {"state_cell": begin}), mode="gru" if is_gru else "lstm",
                 state_size=net.hidden, num_layers=1, p=0.0, state_outputs=False)


def encoder_inputs(net: Architecture, x: Ragged, rows: NDArray[np.int64], context: Any) -> list[Array]:
    """The arguments of `Encoder` before the weights, for the texts `rows`: ids [steps, n], then what the kind needs."""
    ids, lengths = pad(x, rows, padded_length(net, x, rows, LENGTH_MULTIPLE))
    if len(RECURRENT.get(net.kind, ())) == 2:
        back = lengths - 1 - np.arange(len(ids))[:, None]  # [steps, n], negative in the padding
        ids = np.concatenate([ids, np.where(back >= 0, np.take_along_axis(ids, back.clip(0), 0), PADDING)], axis=1)
    arguments = [nd.array(ids, context, np.int32)]
    if net.kind in RECURRENT:
        arguments += [nd.zeros((1, len(rows), net.hidden), context), nd.array(lengths, context, np.float32)]
        arguments += [nd.ones((1, len(ids)), context)] if net.pooling == "mean-max" else []
    elif net.pooling == "max":  # keeps windows of padding alone from being a text's maximum
        for width in net.widths:
            windows = np.maximum(lengths - width + 1, 1)
            beyond = np.arange(len(ids) - width + 1) >= windows[:, None]
            arguments.append(nd.array(np.where(beyond, -1e9, 0.0)[:, None], context, np.float32))  # [n, 1, windows]
    return arguments


@dataclass(frozen=True)
class Shard:
    """One part of each batch: the shared weights, with gradients of its own."""

    encoder: Encoder
    weights: dict[str, Array]

    def gradient(self, name: str) -> Array:
        """The gradient of one parameter, written by the last backward pass."""
        return self.weights[name].grad

    def pooled(self, inputs: list[Array]) -> Array:
        """Features [n, net.features]."""
        return self.encoder(*inputs, *[self.weights[name] for name in self.encoder.names])

    def logits(self, pooled: Array) -> Array:
        """Logits [n, net.classes] of features."""
        return nd.FullyConnected(pooled, self.weights[HEAD], self.weights[HEAD_BIAS],
                                 num_hidden=self.encoder.net.classes)
