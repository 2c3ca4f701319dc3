"""AdamW or plain gradient descent, and its state as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bench.data.text import Ragged
from bench.learning.networks.architectures import EMBEDDING, Params
from bench.learning.networks.batches import Recipe

MEAN_KEPT, SQUARE_KEPT = 0.9, 0.999  # Adam's β₁ and β₂


class Optimiser:
    """PyTorch's own; every parameter has a learning rate and an epsilon of its own."""

    def __init__(self, recipe: Recipe, parameters: dict[str, nn.Parameter], moments: Params,
                 pool: ThreadPoolExecutor) -> None:
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

    def prepare(self, x: Ragged, rows: NDArray[np.int64]) -> None:
        """Before a batch of texts is read, and `finish` before all is: nothing is left undone here."""

    def finish(self) -> None:
        """See `prepare`."""

    def moments(self) -> Params:
        """What the optimiser remembers, by parameter and moment; the constructor takes it back."""
        return {f"{name}/{moment}": value.detach().cpu().numpy().copy()
                for name, p in self.parameters.items() for moment, value in self.inner.state.get(p, {}).items()}


class RowOptimiser:
    """The same steps by the compiled kernels, which step only those rows of the embedding that have a gradient.

    The other rows' steps are made up for: call `prepare` before a batch is read, `finish` before all rows are.
    """

    def __init__(self, recipe: Recipe, parameters: dict[str, nn.Parameter], moments: Params,
                 pool: ThreadPoolExecutor) -> None:
        # (a thread for each shard; the result does not depend on how many there are)
        self.pool, self.shares = pool, recipe.shards
        self.descends = recipe.optimiser == "sgd"
        self.parts = [_Adam(name, p, recipe, moments) for name, p in parameters.items()]

    def step(self, learning_rate: float) -> None:
        """Update the parameters by their gradients; one without a gradient stays as it is."""
        for part in self.parts:
            gradient = part.parameter.grad
            if gradient is None:
                continue
            if self.descends:
                part.parameter.data.add_(gradient, alpha=-learning_rate * part.rate)
                continue
            part.begin_step(learning_rate)
            if gradient.is_sparse:
                rows, values = gradient._indices()[0].numpy(), gradient._values().numpy()
                self._share(part.step_rows, rows, values)
            else:
                part.step_array(gradient.contiguous().numpy())

    def prepare(self, x: Ragged, rows: NDArray[np.int64]) -> None:
        """Bring the rows of the words of these texts up to the last step."""
        for part in self.parts:
            if part.name == EMBEDDING and part.steps > part.before and not self.descends:
                self._share(part.bring_up, x, np.ascontiguousarray(rows))

    def finish(self) -> None:
        """Bring every row up to the last step."""
        if not self.descends:
            for part in self.parts:
                self._share(part.finish_rows)

    def _share(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do the work of all shares, each in a thread."""
        if self.shares == 1:
            work(*arguments, 0, 1)
        else:
            list(self.pool.map(lambda share: work(*arguments, share, self.shares), range(self.shares)))

    def moments(self) -> Params:
        """What the optimiser remembers, by parameter and moment; the constructor takes it back."""
        return {} if self.descends else {key: value for part in self.parts for key, value in part.moments().items()}


class _Adam:
    """Adam's state of one parameter."""

    def __init__(self, name: str, parameter: nn.Parameter, recipe: Recipe, moments: Params) -> None:
        self.name, self.parameter, self.rate = name, parameter, recipe.rate_of(name)
        self.epsilon, self.decay = recipe.epsilon_of(name), 0.0 if recipe.anchored else recipe.weight_decay
        shape = tuple(parameter.shape)
        self.mean, self.square = (np.array(moments.get(f"{name}/{moment}", np.zeros(shape)), np.float32)
                                  for moment in ("exp_avg", "exp_avg_sq"))
        self.steps = int(moments.get(f"{name}/step", np.zeros(())))
        self.before = self.steps  # steps of an earlier process, whose numbers are not in the three arrays
        self.rates, self.roots, self.decays = (np.ones(64, np.float32) for _ in range(3))
        self.done = np.zeros(len(self.mean), np.int64)  # for each row, counted from `before`
        self.numbers = np.full(len(self.mean), -1, np.int32)

    @property
    def weight(self) -> NDArray[np.float32]:
        """The parameter's own memory."""
        values: NDArray[np.float32] = self.parameter.detach().numpy()
        return values

    def begin_step(self, learning_rate: float) -> None:
        """Count a step, and keep its numbers for the rows that it leaves out."""
        self.steps += 1
        at, rate = self.steps - self.before, learning_rate * self.rate
        if at == len(self.rates):
            self.rates, self.roots, self.decays = (
                np.concatenate([numbers, numbers]) for numbers in (self.rates, self.roots, self.decays))
        self.rates[at] = rate / (1.0 - MEAN_KEPT**self.steps)
        self.roots[at] = (1.0 - SQUARE_KEPT**self.steps) ** -0.5
        self.decays[at] = 1.0 - rate * self.decay

    def step_array(self, gradient: NDArray[np.float32]) -> None:
        """A step of every number."""
        from bench.learning.networks.engines.compiled import adam

        at = self.steps - self.before
        adam.step_array(self.weight.reshape(-1), gradient.reshape(-1), self.mean.reshape(-1), self.square.reshape(-1),
                        self.rates[at], self.roots[at], self.decays[at], self.epsilon)
        self.done[:] = at

    def step_rows(self, rows: NDArray[np.int64], gradients: NDArray[np.float32], share: int, shares: int) -> None:
        """A step of the rows that have a gradient, as far as they belong to a share."""
        from bench.learning.networks.engines.compiled import adam

        at = self.steps - self.before
        adam.step_rows(rows, gradients, self.weight, self.mean, self.square, self.done, self.numbers, at,
                       self.rates[at], self.roots[at], self.decays[at], self.epsilon, share, shares)

    def bring_up(self, x: Ragged, rows: NDArray[np.int64], share: int, shares: int) -> None:
        """Bring the rows of the words of texts up to the last step, as far as they belong to a share."""
        from bench.learning.networks.engines.compiled import adam

        adam.bring_up_rows(x.ids, x.offsets, rows, self.weight, self.mean, self.square, self.done,
                           self.steps - self.before, self.rates, self.roots, self.decays, self.epsilon, share, shares)

    def finish_rows(self, share: int, shares: int) -> None:
        """Bring every row of a share up to the last step."""
        from bench.learning.networks.engines.compiled import adam

        if self.mean.ndim == 2 and (self.done < self.steps - self.before).any():
            adam.finish_rows(self.weight, self.mean, self.square, self.done, self.steps - self.before, self.rates,
                             self.roots, self.decays, self.epsilon, share, shares)

    def moments(self) -> Params:
        """The state under the names that PyTorch's AdamW has for it."""
        return {f"{self.name}/exp_avg": self.mean.copy(), f"{self.name}/exp_avg_sq": self.square.copy(),
                f"{self.name}/step": np.array(self.steps, np.float32)}
