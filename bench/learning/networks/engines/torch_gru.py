"""The GRU of the compiled kernels, pooled over time, as an operation that PyTorch can differentiate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.text import PADDING, Ragged

Weights = tuple[Tensor, Tensor, Tensor, Tensor]  # of torch.nn.GRU: [3h, e], [3h, h], [3h], [3h]


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


def pooled(x: Ragged, rows: NDArray[np.int64], pooling: str, embedding: Tensor, weights: Weights,
           step: Tensor | None = None) -> Tensor:
    """The pooled states of the texts `rows` [n, h or 2h]: their last one, or mean and maximum (`pooling`).

    The gradient of the embedding is sparse: it has the rows of the texts' words. That of the padding's row is zero. A
    `step` [words, e] is added to these rows, in the same order.
    """
    states: Tensor = _PooledGru.apply(x, rows, pooling, step, embedding, *weights)  # type: ignore[no-untyped-call]
    return states


def input_products(rows: Tensor, weights: Weights) -> Tensor:
    """The inputs' share of the gates [D, 3h] of embedding rows [D, e], with the biases that do not depend on a gate."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    bias = bias_ih.clone()
    bias[: 2 * weight_hh.shape[1]] += bias_hh[: 2 * weight_hh.shape[1]]
    return torch.addmm(bias, rows, weight_ih.t())


def scored(x: Ragged, rows: NDArray[np.int64], pooling: str, inputs: Tensor, weights: Weights) -> Tensor:
    """The same as `pooled`, of texts whose ids are rows of `inputs`; nothing is kept for a gradient."""
    from bench.learning.networks.engines.compiled import gru

    texts, weight_hh, n, h = Ordered.of(x, rows), weights[1], len(rows), weights[1].shape[1]
    total, highest, last = _pools(n, h)
    gru.score(texts.words, texts.starts, inputs.numpy(), weight_hh.t().contiguous().numpy(),
              weights[3][2 * h :].numpy(), total, highest, last)
    return _in_own_order(texts, pooling, total, highest, last)


def _pools(n: int, h: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    return np.zeros((n, h), np.float32), np.full((n, h), -np.inf, np.float32), np.zeros((n, h), np.float32)


def _in_own_order(texts: Ordered, pooling: str, total: NDArray[np.float32], highest: NDArray[np.float32],
                  last: NDArray[np.float32]) -> Tensor:
    n, h = total.shape
    if pooling == "last":
        states = np.empty((n, h), np.float32)
        states[texts.order] = last
    else:
        states = np.empty((n, 2 * h), np.float32)
        states[texts.order, :h] = total / texts.lengths[:, None].astype(np.float32)
        states[texts.order, h:] = highest
    return torch.from_numpy(states)


class _PooledGru(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Ragged, rows: NDArray[np.int64], pooling: str, step: Tensor | None, embedding: Tensor,
                *weights: Tensor) -> Tensor:
        from bench.learning.networks.engines.compiled import gru, texts

        assert len(weights) == 4
        ordered = Ordered.of(x, rows)
        n, tokens, h = len(rows), len(ordered.words), weights[1].shape[1]
        words = ordered.words
        distinct = torch.from_numpy(texts.number_distinct(words, len(embedding)))
        given = embedding.index_select(0, distinct)
        if step is not None:
            given += step
        before, gates, own = (np.empty((tokens, width), np.float32) for width in (h, 3 * h, h))
        before[:n] = 0.0
        total, highest, last = _pools(n, h)
        at = np.zeros((n, h), np.int32)
        gru.forward(words, ordered.starts, input_products(given, weights).numpy(),
                    weights[1].t().contiguous().numpy(), weights[3][2 * h :].numpy(), before, gates, own, total,
                    highest, at, last)
        if pooling == "last":
            at[:] = (ordered.lengths - 1)[:, None]
        ctx.save_for_backward(embedding, *weights)
        ctx.kept = (ordered, distinct, given, before, gates, own, at, pooling)
        return _in_own_order(ordered, pooling, total, highest, last)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        from bench.learning.networks.engines.compiled import gru

        embedding, weight_ih, weight_hh, _, _ = ctx.saved_tensors
        ordered, distinct, given, before, gates, own, at, pooling = ctx.kept
        ctx.kept = None
        h = weight_hh.shape[1]
        of_pooled = grad.numpy()[ordered.order]
        if pooling == "last":
            each, at_one = np.zeros_like(of_pooled), of_pooled
        else:
            each = of_pooled[:, :h] / ordered.lengths[:, None].astype(np.float32)
            at_one = np.ascontiguousarray(of_pooled[:, h:])
        d_inputs, d_bias = np.zeros((len(given), 3 * h), np.float32), np.zeros(h, np.float32)
        gru.backward(ordered.words, ordered.starts, weight_hh.detach().numpy(), before, gates, own, each, at_one, at,
                     d_inputs, d_bias)
        of_inputs = torch.from_numpy(d_inputs)
        d_embedding = None
        if ctx.needs_input_grad[4]:
            d_given = of_inputs @ weight_ih
            d_given[distinct == PADDING] = 0.0
            d_embedding = torch.sparse_coo_tensor(distinct[None], d_given, embedding.shape, check_invariants=False)
        d_weight_hh = torch.from_numpy(gates).t() @ torch.from_numpy(before)
        d_bias_ih = of_inputs.sum(0)
        d_bias_hh = torch.cat([d_bias_ih[: 2 * h], torch.from_numpy(d_bias)])
        return (None, None, None, None, d_embedding, of_inputs.t() @ given, d_weight_hh, d_bias_ih, d_bias_hh)
