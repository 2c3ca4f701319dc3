"""A GRU layer and a pooling for a CPU: the same as PyTorch's, with the backward pass written out.

PyTorch records every operation of every step and differentiates each alone; with 64 units that bookkeeping is a third
of the time. Here a step is a few operations forward and three backward. All that needs no order (the product with the
inputs, the gates' derivatives, the gradients of the weights) is computed for a block of steps while it is in the
processor's cache. States and gradients equal those of torch.nn.GRU up to rounding.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

BLOCK = 32  # steps


def gru(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """States [steps, n, h] of inputs x [steps, n, e], starting from zeros.

    The weights have the layout of torch.nn.GRU: [3h, e], [3h, h], [3h], [3h]; gates reset, update, candidate.
    """
    states: Tensor = _Gru.apply(x, weight_ih, weight_hh, bias_ih, bias_hh)  # type: ignore[no-untyped-call]
    return states


def mean_max(states: Tensor, lengths: Tensor) -> Tensor:
    """Mean and maximum over time [n, 2h] of states [steps, n, h], of each text's first `lengths` [n] steps."""
    pooled: Tensor = _MeanMax.apply(states, lengths)  # type: ignore[no-untyped-call]
    return pooled


def masked_mean_max(states: Tensor, lengths: Tensor) -> Tensor:
    """The same as `mean_max`, for a GPU: nothing is read back from it, since each read waits until it is idle."""
    beyond = (torch.arange(len(states), device=states.device)[:, None] >= lengths).unsqueeze(-1)
    total = states.masked_fill(beyond, 0.0).sum(0)
    return torch.cat([total / lengths[:, None], states.masked_fill(beyond, -torch.inf).amax(0)], 1)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x @ weight.T + bias` by oneDNN where this build of PyTorch offers it.

    PyTorch gives float32 products to MKL, which on AMD processors reaches half of oneDNN's speed. torch.compile uses
    the same operation; it is undocumented, so its absence is no error.
    """
    onednn = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if onednn is None or not torch._C._has_mkldnn:
        return torch.nn.functional.linear(x, weight, bias)
    product: Tensor = onednn(x, weight, bias, "none", [], "")
    return product


def _onwards(states: Tensor, gates: Tensor, inner: Tensor, to_gates: Tensor, to_candidate: Tensor,
             shift: Tensor) -> None:
    """The steps of a GRU in order; writes into `states` [steps + 1, n, h], `gates` [steps, n, 3h] and `inner`."""
    h = states.shape[2]
    for i in range(gates.shape[0]):
        before, step, own = states[i], gates[i], inner[i]
        candidate = step[:, 2 * h :]
        step[:, : 2 * h].addmm_(before, to_gates).sigmoid_()
        torch.addmm(shift, before, to_candidate, out=own)
        candidate.addcmul_(step[:, :h], own).sigmoid_()
        torch.lerp(candidate, before, step[:, h : 2 * h], out=states[i + 1])


def _backwards(grad: Tensor, products: Tensor, d_state: Tensor, weight_hh: Tensor) -> None:
    """A block's steps from last to first; updates `products` [steps, n, 5, h] and `d_state` [n, h]."""
    h = d_state.shape[1]
    for j in range(grad.shape[0]):
        i = grad.shape[0] - 1 - j
        d_state.add_(grad[i])
        flat = products[i].mul_(d_state.unsqueeze(1)).view(-1, 5 * h)
        torch.addmm(flat[:, 4 * h :], flat[:, : 3 * h], weight_hh, out=d_state)


_scripts: dict[Callable[..., None], Callable[..., None]] = {}
_scripting = threading.Lock()


def _compiled(loop: Callable[..., None]) -> Callable[..., None]:
    """`loop` as TorchScript, whose steps do not wait for Python code of other threads; itself without TorchScript."""
    with _scripting:
        if loop not in _scripts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # newer versions warn that it will be removed
                try:
                    _scripts[loop] = torch.jit.script(loop)
                except (RuntimeError, OSError):  # no TorchScript for this Python, or no source to compile
                    _scripts[loop] = loop
    return _scripts[loop]


class _Gru(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
        steps, n, _ = x.shape
        h = weight_hh.shape[1]
        # tanh(a) = 2 sigmoid(2a) - 1, and the sigmoid is six times as fast. So the candidate's inputs are doubled,
        # and the loop works on u = (state + 1) / 2, which mixes as the state does: u' = (1 - z) sigmoid(2a) + z u.
        twice = torch.ones(3 * h)
        twice[2 * h :] = 2.0
        weight = weight_hh.t() * (2.0 * twice)
        shift = bias_hh * twice - 0.5 * weight.sum(0)
        bias = bias_ih * twice
        bias[: 2 * h] += shift[: 2 * h]
        gates = _linear(x.reshape(steps * n, -1), weight_ih * twice[:, None], bias).view(steps, n, 3 * h)
        to_gates, to_candidate, shift = weight[:, : 2 * h].contiguous(), weight[:, 2 * h :].contiguous(), shift[2 * h :]
        states = x.new_full((steps + 1, n, h), 0.5)
        inner = x.new_empty(steps, n, h)  # twice the candidate's share of the last state, before the reset gate
        _compiled(_onwards)(states, gates, inner, to_gates, to_candidate, shift)
        states.mul_(2.0).sub_(1.0)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, inner, states)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        x, weight_ih, weight_hh, gates, inner, states = ctx.saved_tensors
        steps, n, e = x.shape
        h = weight_hh.shape[1]
        d_x = torch.empty_like(x)
        d_ih, d_hh = torch.zeros_like(weight_ih), torch.zeros_like(weight_hh)
        d_bias_ih, d_bias_hh = x.new_zeros(3 * h), x.new_zeros(3 * h)
        d_state = x.new_zeros(n, h)
        to_input = weight_ih.t().contiguous()
        most = min(BLOCK, steps)
        # The factors of d_state: for reset, update, inner, candidate, and the state before. The products overwrite
        # them, so that the first three become the gradient of the recurrent product.
        room, scratch, d_gates = x.new_empty(most, n, 5, h), x.new_empty(most, n, h), x.new_empty(most, n, 3 * h)
        for start in reversed(range(0, steps, BLOCK)):
            block = slice(start, min(steps, start + BLOCK))
            m = block.stop - start
            products, own, d_in, before = room[:m], scratch[:m], d_gates[:m], states[block]
            reset, update, candidate = gates[block].split(h, -1)
            to_reset, to_update, to_inner, to_candidate, to_before = products.unbind(2)
            torch.addcmul(candidate, candidate, candidate, value=-1.0, out=own).mul_(4.0)  # tanh's derivative
            torch.addcmul(own, own, update, value=-1.0, out=to_candidate)
            torch.mul(to_candidate, reset, out=to_inner)
            torch.addcmul(reset, reset, reset, value=-1.0, out=own).mul_(inner[block]).mul_(0.5)
            torch.mul(to_candidate, own, out=to_reset)
            torch.addcmul(update, update, update, value=-1.0, out=own)
            torch.add(before, candidate, alpha=-2.0, out=to_update).add_(1.0).mul_(own)
            to_before.copy_(update)
            flat = products.view(m, n, 5 * h)
            _compiled(_backwards)(grad[block], products, d_state, weight_hh)
            d_in[..., : 2 * h], d_in[..., 2 * h :] = flat[..., : 2 * h], to_candidate
            inputs, recurrences = d_in.view(m * n, 3 * h), flat.view(m * n, 5 * h)[:, : 3 * h]
            d_hh.addmm_(recurrences.t(), before.reshape(m * n, h))
            d_ih.addmm_(inputs.t(), x[block].reshape(m * n, e))
            d_x[block] = _linear(inputs, to_input).view(m, n, e)
            d_bias_ih += inputs.sum(0)
            d_bias_hh[2 * h :] += recurrences[:, 2 * h :].sum(0)
        d_bias_hh[: 2 * h] = d_bias_ih[: 2 * h]
        return d_x, d_ih, d_hh, d_bias_ih, d_bias_hh


class _MeanMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, lengths: Tensor) -> Tensor:
        shared = int(lengths.min())  # steps that every text has; only later steps have padding to leave out
        beyond = (torch.arange(shared, len(states), device=states.device)[:, None] >= lengths).unsqueeze(-1)
        total, highest = states[:shared].sum(0), states[:shared].amax(0)
        if len(beyond):
            total += states[shared:].masked_fill(beyond, 0.0).sum(0)
            highest = torch.maximum(highest, states[shared:].masked_fill(beyond, -torch.inf).amax(0))
        ctx.save_for_backward(states, highest, beyond, lengths)
        return torch.cat([total / lengths[:, None], highest], 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        states, highest, beyond, lengths = ctx.saved_tensors
        to_mean, to_highest = grad.chunk(2, 1)
        there = states == highest  # several steps where states are equal: they share, as in torch.amax
        there[len(states) - len(beyond) :].logical_and_(~beyond)
        every = there.to(grad.dtype).mul_(to_highest / there.sum(0)).add_(to_mean / lengths[:, None])
        every[len(states) - len(beyond) :].masked_fill_(beyond, 0.0)
        return every, None
