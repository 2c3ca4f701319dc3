"""The pooling whose backward pass we wrote gives PyTorch's own numbers and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bench.learning.networks.engines.torch_layers import mean_max


def gradients(out: Tensor, *of: Tensor) -> list[Tensor]:
    """Of a loss that weighs every number of `out` differently."""
    weights = torch.linspace(-1.0, 2.0, out.numel()).view(out.shape)
    return list(torch.autograd.grad((out**2 * weights).sum(), of))


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest difference, relative to the largest number of each tensor."""
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6))
               for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("lengths", [[6, 6, 6], [1, 4, 6], [1, 1, 1]])
def test_pooling_is_torchs(lengths: list[int]):
    torch.manual_seed(1)
    states = torch.randn(6, 3, 4)
    states[2, 1] = states[3, 1] = 9.0  # equal maxima share their gradient
    states.requires_grad_()
    n = torch.tensor(lengths)
    here = (torch.arange(6)[:, None] < n).unsqueeze(-1)
    theirs = torch.cat([(states * here).sum(0) / n[:, None], states.masked_fill(~here, -1e9).amax(0)], 1)
    ours = mean_max(states, n)
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert apart(gradients(ours, states), gradients(theirs, states)) < 1e-5
