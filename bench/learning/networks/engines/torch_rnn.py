"""The GRU and the LSTM of the compiled kernels, pooled over time, as an operation that PyTorch can differentiate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.text import PADDING, Ragged

Weights = tuple[Tensor, Tensor, Tensor, Tensor]  # of a layer of torch.nn, with g gates: [gh, e], [gh, h], [gh], [gh]
Sides = Sequence[Weights]  # of one direction, or of two: the second reads the texts from their last word to the first
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Ordered:
    """Texts side by side in the order of their lengths, see `compiled/texts.py`."""

    order: NDArray[np.int64]  # [n]
    starts: NDArray[np.int64]  # [steps + 1]
    words: NDArray[np.int32]  # [tokens]
    lengths: NDArray[np.int64]  # [n], at least 1, in this order

    @staticmethod
    def of(x: Ragged, rows: NDArray[np.int64]) -> Ordered:
        """The texts `rows` of `x`."""
        from bench.learning.networks.engines.compiled import texts

        order, starts, words = texts.side_by_side(x.ids, x.offsets, np.ascontiguousarray(rows))
        return Ordered(order, starts, words, np.maximum(x.lengths[rows[order]], 1))

    def as_read(self, side: int) -> NDArray[np.int32]:
        """The words as the first or the second direction reads them, [tokens]."""
        from bench.learning.networks.engines.compiled import texts

        return texts.backwards(self.words, self.starts, self.lengths) if side else self.words


def pooled(x: Ragged, rows: NDArray[np.int64], pooling: str, embedding: Tensor, sides: Sides,
           step: Tensor | None = None) -> Tensor:
    """The pooled states of the texts `rows` [n, any]: the last ones, or mean and maximum (`pooling`).

    The states of two directions, h units each, lie side by side: [n, h or 2h], or [n, 2h or 4h] for mean and maximum.
    The gradient of the embedding is sparse: it has the rows of the texts' words. That of the padding's row is zero. A
    `step` [words, e] is added to these rows, in the same order.
    """
    weights = [weight for side in sides for weight in side]
    states: Tensor = _PooledStates.apply(x, rows, pooling, step, embedding, *weights)  # type: ignore[no-untyped-call]
    return states


def input_products(rows: Tensor, weights: Weights) -> Tensor:
    """The inputs' share of the gates [D, gh] of embedding rows [D, e], with the biases that do not depend on a gate."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    free = (2 if _is_gru(weight_hh) else 4) * weight_hh.shape[1]
    bias = bias_ih.clone()
    bias[:free] += bias_hh[:free]
    return torch.addmm(bias, rows, weight_ih.t())


def scored(x: Ragged, rows: NDArray[np.int64], pooling: str, inputs: Sequence[Tensor], sides: Sides) -> Tensor:
    """The same as `pooled`, of texts whose ids are rows of each side's `inputs`; nothing is kept for a gradient."""
    from bench.learning.networks.engines.compiled import gru, lstm

    texts, pools = Ordered.of(x, rows), []
    for side, (products, (_, weight_hh, _, bias_hh)) in enumerate(zip(inputs, sides, strict=True)):
        h, pool = weight_hh.shape[1], _Pools.of(len(rows), weight_hh.shape[1])
        read = texts.as_read(side), texts.starts, products.numpy(), weight_hh.t().contiguous().numpy()
        if _is_gru(weight_hh):
            gru.score(*read, bias_hh[2 * h :].numpy(), pool.total, pool.highest, pool.last)
        else:
            lstm.score(*read, pool.total, pool.highest, pool.last)
        pools.append(pool)
    return _in_own_order(texts, pooling, pools)


def _is_gru(weight_hh: Tensor) -> bool:
    """Whether the recurrent weights [gh, h] are those of a GRU; else of an LSTM."""
    return weight_hh.shape[0] == 3 * weight_hh.shape[1]


@dataclass(frozen=True)
class _Pools:
    total: Floats  # [n, h], as all of these
    highest: Floats
    last: Floats

    @staticmethod
    def of(n: int, h: int) -> _Pools:
        return _Pools(np.zeros((n, h), np.float32), np.full((n, h), -np.inf, np.float32), np.zeros((n, h), np.float32))


def _in_own_order(texts: Ordered, pooling: str, pools: Sequence[_Pools]) -> Tensor:
    lengths = texts.lengths[:, None].astype(np.float32)
    parts = ([pool.last for pool in pools] if pooling == "last" else
             [*(pool.total / lengths for pool in pools), *(pool.highest for pool in pools)])
    h = parts[0].shape[1]
    states = np.empty((len(texts.order), len(parts) * h), np.float32)
    for number, part in enumerate(parts):
        states[texts.order, number * h : (number + 1) * h] = part
    return torch.from_numpy(states)


@dataclass(frozen=True)
class _Run:
    """What the forward pass of one direction keeps for the backward pass."""

    words: NDArray[np.int32]  # [tokens], numbers of distinct words
    before: Floats  # [tokens, h]
    gates: Floats  # [tokens, gh]
    more: Floats  # [tokens, h]: `own` of the GRU, the LSTM's `cells`
    at: NDArray[np.int32]  # [n, h]

    @staticmethod
    def through(ordered: Ordered, words: NDArray[np.int32], given: Tensor, weights: Weights) -> tuple[_Run, _Pools]:
        from bench.learning.networks.engines.compiled import gru, lstm

        _, weight_hh, _, bias_hh = weights
        n, (width, h) = len(ordered.order), weight_hh.shape
        before, gates, more = (np.empty((len(words), w), np.float32) for w in (h, width, h))
        before[:n] = 0.0
        run, pool = _Run(words, before, gates, more, np.zeros((n, h), np.int32)), _Pools.of(n, h)
        read = words, ordered.starts, input_products(given, weights).numpy(), weight_hh.t().contiguous().numpy()
        if _is_gru(weight_hh):
            gru.forward(*read, bias_hh[2 * h :].numpy(), before, gates, more, pool.total, pool.highest, run.at,
                        pool.last)
        else:
            lstm.forward(*read, before, gates, more, pool.total, pool.highest, run.at, pool.last)
        return run, pool

    def gradients(self, ordered: Ordered, given: Tensor, weight_ih: Tensor, weight_hh: Tensor, each: Floats,
                  at_one: Floats, needs_given: bool) -> tuple[Tensor | None, list[Tensor]]:
        """Of the distinct words' rows, where it is needed, and of the weights; `gates` becomes something else."""
        from bench.learning.networks.engines.compiled import gru, lstm

        width, h = weight_hh.shape
        d_inputs, d_bias = np.zeros((len(given), width), np.float32), np.zeros(h, np.float32)
        read = self.words, ordered.starts, weight_hh.detach().numpy()
        if _is_gru(weight_hh):
            gru.backward(*read, self.before, self.gates, self.more, each, at_one, self.at, d_inputs, d_bias)
        else:
            lstm.backward(*read, self.gates, self.more, each, at_one, self.at, d_inputs)
        of_inputs = torch.from_numpy(d_inputs)
        d_weight_hh = torch.from_numpy(self.gates).t() @ torch.from_numpy(self.before)
        d_bias_ih = of_inputs.sum(0)
        d_bias_hh = torch.cat([d_bias_ih[: 2 * h], torch.from_numpy(d_bias)]) if _is_gru(weight_hh) else d_bias_ih
        return (of_inputs @ weight_ih if needs_given else None,
                [of_inputs.t() @ given, d_weight_hh, d_bias_ih, d_bias_hh])


class _PooledStates(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Ragged, rows: NDArray[np.int64], pooling: str, step: Tensor | None, embedding: Tensor,
                *weights: Tensor) -> Tensor:
        from bench.learning.networks.engines.compiled import texts

        ordered = Ordered.of(x, rows)
        distinct = torch.from_numpy(texts.number_distinct(ordered.words, len(embedding)))  # words: now their numbers
        given = embedding.index_select(0, distinct)
        if step is not None:
            given += step
        runs, pools = zip(*(_Run.through(ordered, ordered.as_read(side), given, of_side)
                            for side, of_side in enumerate(_sides(weights))), strict=True)
        if pooling == "last":
            for run in runs:
                run.at[:] = (ordered.lengths - 1)[:, None]
        ctx.save_for_backward(embedding, *weights)
        ctx.kept = (ordered, distinct, given, runs, pooling)
        return _in_own_order(ordered, pooling, pools)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        embedding, *weights = ctx.saved_tensors
        ordered, distinct, given, runs, pooling = ctx.kept
        ctx.kept = None
        parts = np.split(grad.numpy()[ordered.order], len(runs) * (1 if pooling == "last" else 2), axis=1)
        d_given, of_weights = None, []
        for side, (run, (weight_ih, weight_hh, *_)) in enumerate(zip(runs, _sides(weights), strict=True)):
            if pooling == "last":
                each, at_one = np.zeros_like(run.before[: len(parts[0])]), np.ascontiguousarray(parts[side])
            else:
                each = parts[side] / ordered.lengths[:, None].astype(np.float32)
                at_one = np.ascontiguousarray(parts[len(runs) + side])
            of_side, gradients = run.gradients(ordered, given, weight_ih, weight_hh, each, at_one,
                                               ctx.needs_input_grad[4])
            of_weights += gradients
            d_given = of_side if d_given is None else d_given.add_(of_side)
        d_embedding = None
        if d_given is not None:
            d_given[distinct == PADDING] = 0.0
            d_embedding = torch.sparse_coo_tensor(distinct[None], d_given, embedding.shape, check_invariants=False)
        return (None, None, None, None, d_embedding, *of_weights)


def _sides(weights: Sequence[Tensor]) -> list[Weights]:
    """The flat weights of one or two directions, by direction."""
    return [(weights[i], weights[i + 1], weights[i + 2], weights[i + 3]) for i in range(0, len(weights), 4)]
