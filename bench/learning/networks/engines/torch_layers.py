"""Pooling over time: mean and maximum of the states of texts of different lengths."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def mean_max(states: Tensor, lengths: Tensor) -> Tensor:
    """Mean and maximum over time [n, 2h] of states [steps, n, h], of each text's first `lengths` [n] steps."""
    pooled: Tensor = _MeanMax.apply(states, lengths)  # type: ignore[no-untyped-call]
    return pooled


def masked_mean_max(states: Tensor, lengths: Tensor) -> Tensor:
    """The same as `mean_max`, for a GPU: nothing is read back from it, since each read waits until it is idle."""
    beyond = (torch.arange(len(states), device=states.device)[:, None] >= lengths).unsqueeze(-1)
    total = states.masked_fill(beyond, 0.0).sum(0)
    return torch.cat([total / lengths[:, None], states.masked_fill(beyond, -torch.inf).amax(0)], 1)


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
