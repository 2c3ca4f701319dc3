"""AdamW or plain gradient descent in MXNet, to the same numbers as torch.optim."""

from __future__ import annotations

import numpy as np

from bench.data.text import PADDING
from bench.learning.networks.architectures import EMBEDDING, Params
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines.mxnet_import import Array, nd
from bench.learning.networks.engines.mxnet_network import Shard

BETAS = (0.9, 0.999)  # of Adam, as torch.optim.AdamW has them


class Optimiser:
    """Updates weights by a recipe; every weight has a learning rate and an epsilon of its own."""

    def __init__(self, recipe: Recipe, weights: dict[str, Array], moments: Params) -> None:
        self.recipe, self.weights = recipe, weights
        self.steps = 0
        self.mean: dict[str, Array] = {}
        self.square: dict[str, Array] = {}
        if recipe.optimiser == "sgd":
            return
        for name, weight in weights.items():
            zeros = np.zeros(weight.shape, np.float32)
            self.mean[name] = nd.array(moments.get(f"{name}/exp_avg", zeros), weight.context)
            self.square[name] = nd.array(moments.get(f"{name}/exp_avg_sq", zeros), weight.context)
            self.steps = int(moments.get(f"{name}/step", 0))

    def step(self, learning_rate: float, shard: Shard) -> None:
        """Update the weights by the shard's gradients."""
        self.steps += 1
        for name, weight in self.weights.items():
            rate = learning_rate * self.recipe.rate_of(name)
            gradient = shard.gradient(name)
            if name == EMBEDDING:
                gradient[PADDING] = 0.0
            if self.recipe.optimiser == "sgd":
                nd.sgd_update(weight, gradient, lr=rate, wd=0.0, out=weight)
                continue
            # MXNet's AdamW has no bias correction: torch's is put into the rate and into epsilon.
            first, second = (1.0 - beta**self.steps for beta in BETAS)
            root = float(np.sqrt(second))
            decay = 0.0 if self.recipe.anchored else self.recipe.weight_decay
            nd.contrib.adamw_update(weight, gradient, self.mean[name], self.square[name], rescale_grad=1.0,
                                    lr=rate * root / first, eta=1.0, beta1=BETAS[0], beta2=BETAS[1],
                                    epsilon=self.recipe.epsilon_of(name) * root, wd=rate * decay, out=weight)

    def moments(self) -> Params:
        """What Adam remembers, named as torch.optim does; the constructor takes it back."""
        steps = {f"{name}/step": np.array(self.steps, np.float32) for name in self.mean}
        return {**steps, **{f"{name}/exp_avg": array.asnumpy() for name, array in self.mean.items()},
                **{f"{name}/exp_avg_sq": array.asnumpy() for name, array in self.square.items()}}
