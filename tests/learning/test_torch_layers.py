"""The layers whose backward pass we wrote give PyTorch's own states and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bench.learning.networks.engines import torch_layers
from bench.learning.networks.engines.torch_layers import BLOCK, gru, mean_max


def gradients(out: Tensor, *of: Tensor) -> list[Tensor]:
    """Of a loss that weighs every number of `out` differently."""
    weights = torch.linspace(-1.0, 2.0, out.numel()).view(out.shape)
    return list(torch.autograd.grad((out**2 * weights).sum(), of))


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest difference, relative to the largest number of each tensor."""
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6))
               for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("steps", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
@pytest.mark.parametrize(("inputs", "units", "n"), [(64, 64, 8), (5, 7, 1)])
def test_the_gru_is_torchs(steps: int, inputs: int, units: int, n: int):
    torch.manual_seed(steps)
    layer = nn.GRU(inputs, units)
    x = torch.randn(steps, n, inputs, requires_grad=True)
    weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
    theirs, ours = layer(x)[0], gru(x, *weights)
    assert float((ours - theirs).detach().abs().max()) < 2e-6
    assert apart(gradients(ours, x, *weights), gradients(theirs, x, *weights)) < 1e-5


def test_the_gru_where_gates_saturate():
    torch.manual_seed(0)
    layer = nn.GRU(8, 8)
    x = (100 * torch.randn(20, 4, 8)).requires_grad_()
    weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
    theirs, ours = layer(x)[0], gru(x, *weights)
    assert float((ours - theirs).detach().abs().max()) < 1e-5
    assert all(torch.isfinite(g).all() for g in gradients(ours, x, *weights))


def test_compiled_loops_give_the_bits_of_uncompiled_ones(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    layer, x = nn.GRU(16, 16), torch.randn(BLOCK + 9, 6, 16, requires_grad=True)
    weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]

    def states_and_gradients() -> list[Tensor]:
        out = gru(x, *weights)
        return [out.detach(), *gradients(out, x, *weights)]

    compiled = [states_and_gradients() for _ in range(3)][-1]  # TorchScript rewrites a loop after it ran twice
    assert all(isinstance(loop, torch.jit.ScriptFunction) for loop in torch_layers._scripts.values())
    assert len(torch_layers._scripts) == 2
    monkeypatch.setattr(torch_layers, "_scripts", {})
    monkeypatch.setattr(torch.jit, "script", refused)
    assert all(torch.equal(a, b) for a, b in zip(compiled, states_and_gradients(), strict=True))
    assert not any(isinstance(loop, torch.jit.ScriptFunction) for loop in torch_layers._scripts.values())


def refused(loop: object) -> None:
    raise RuntimeError("torch.jit.script is not supported in this Python")


def test_without_onednn_the_product_is_the_same(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(50, 6), torch.randn(9, 6), torch.randn(9)
    before = torch_layers._linear(x, weight, bias)
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    assert torch.allclose(torch_layers._linear(x, weight, bias), before, atol=1e-5)


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
