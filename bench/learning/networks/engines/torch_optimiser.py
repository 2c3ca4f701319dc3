"""AdamW or plain gradient descent in PyTorch, and its state as NumPy arrays."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bench.learning.networks.architectures import Params
from bench.learning.networks.batches import Recipe


class Optimiser:
    """Updates parameters by a recipe; every parameter has a learning rate and an epsilon of its own."""

    def __init__(self, recipe: Recipe, parameters: dict[str, nn.Parameter], moments: Params) -> None:
        self.parameters = parameters
        self.rates = [recipe.rate_of(name) for name in parameters]
        self.inner: torch.optim.Optimizer
        if recipe.optimiser == "sgd":
            self.inner = torch.optim.SGD([{"params": [p]} for p in parameters.values()], lr=0.0)
        else:
            decay = 0.0 if recipe.anchored else recipe.weight_decay
            groups = [{"params": [p], "eps": recipe.epsilon_of(name)} for name, p in parameters.items()]
            self.inner = torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, fused=True)
        for key, value in moments.items():
            name, moment = key.rsplit("/", 1)
            p = parameters[name]
            self.inner.state[p][moment] = torch.from_numpy(np.array(value)).to(p.device)

    def step(self, learning_rate: float) -> None:
        """Update the parameters by their gradients."""
        for group, rate in zip(self.inner.param_groups, self.rates, strict=True):
            group["lr"] = learning_rate * rate
        self.inner.step()

    def moments(self) -> Params:
        """What the optimiser remembers, by parameter and moment; the constructor takes it back."""
        return {f"{name}/{moment}": value.detach().cpu().numpy().copy()
                for name, p in self.parameters.items() for moment, value in self.inner.state.get(p, {}).items()}
