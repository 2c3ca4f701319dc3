"""The PyTorch engine: trains and scores every net, on a CPU with one thread a shard, or on a GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from bench.core.errors import BenchError
from bench.core.seeds import seed_for
from bench.data.text import Ragged
from bench.learning.networks.architectures import EMBEDDING, Architecture, Params
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState, by_length, learning_rate_at
from bench.learning.networks.engines.torch_batches import Batch, Resident, on_host, tensors
from bench.learning.networks.engines.torch_layers import gru, masked_mean_max, mean_max
from bench.learning.networks.engines.torch_memory import in_halves
from bench.learning.networks.memory import give_back, keep_freed

SCORING_BATCH = 128  # texts
TIDY = 32  # steps after which memory that no later step fits in goes back
TOLD = 50  # steps between two looks at a GPU's losses: each look waits for all that it has to do
RNN_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Classifier(nn.Module):
    """Embedding → encoder → pooling → linear head; parameter names are the canonical ones of `nets.py`."""

    def __init__(self, net: Architecture, params: Params) -> None:
        super().__init__()
        self.net = net
        # Copies: the caller's arrays may be read-only and are never written to.
        weights = {k: torch.from_numpy(np.array(v)) for k, v in params.items()}
        # The small layers draw weights that are replaced at once: on the "meta" device, which draws none, the first
        # layer of a process takes two seconds.
        self.embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
            weights[EMBEDDING], freeze=False, padding_idx=0)
        if net.kind in ("gru", "bilstm"):
            rnn = nn.GRU if net.kind == "gru" else nn.LSTM
            self.rnn = rnn(net.embedding, net.hidden, bidirectional=net.kind == "bilstm")
        elif net.kind == "dense":
            self.hidden = nn.Linear(net.most_tokens * net.embedding, net.hidden)
        for width in net.widths:
            setattr(self, f"conv{width}", nn.Conv1d(net.embedding, net.hidden, width))
        self.head = nn.Linear(net.features, net.classes)
        self.load_state_dict(weights, assign=True)

    def pooled(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Features [n, net.features] of ids [steps, n]."""
        x = self.embedding(ids)  # [steps, n, embedding]
        if self.net.kind == "dense":
            return F.relu(self.hidden(x.transpose(0, 1).flatten(1)))
        if self.net.widths:
            return self._convolved(x.permute(1, 2, 0), lengths)
        if self.net.kind == "bilstm":
            states = self._both_ways(x, lengths)
        elif x.is_cuda:
            states, _ = self.rnn(x)
        else:
            states = gru(x, *(self.rnn.get_parameter(f"{w}_l0") for w in RNN_WEIGHTS))
        return self._over_time(states, lengths)

    def _convolved(self, x: Tensor, lengths: Tensor) -> Tensor:
        if self.net.pooling == "flatten":
            return F.relu(getattr(self, f"conv{self.net.widths[0]}")(x)).flatten(1)
        parts = [F.relu(getattr(self, f"conv{w}")(x)) for w in self.net.widths]
        return torch.cat([_strongest(p, lengths - w + 1) for p, w in zip(parts, self.net.widths, strict=True)], 1)

    def _both_ways(self, x: Tensor, lengths: Tensor) -> Tensor:
        # A packed bidirectional LSTM trains ten times as slowly on a CPU as two of one direction each, one of them
        # on the texts turned round (their padding stays at the end).
        steps = torch.arange(len(x), device=x.device)[:, None]
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)[:, :, None]
        there, back = self._lstm(x, ""), self._lstm(x.gather(0, turned.expand_as(x)), "_reverse")
        return torch.cat([there, back.gather(0, turned.expand_as(back))], 2)

    def _lstm(self, x: Tensor, side: str) -> Tensor:
        weights = tuple(self.rnn.get_parameter(f"{w}_l0{side}") for w in RNN_WEIGHTS)
        start = x.new_zeros(1, x.shape[1], self.net.hidden)
        states: Tensor = torch.lstm(x, (start, start), weights, True, 1, 0.0, self.training, False, False)[0]
        return states

    def _over_time(self, states: Tensor, lengths: Tensor) -> Tensor:
        if self.net.pooling == "last":
            half = self.net.hidden
            last = states[lengths - 1, torch.arange(len(lengths), device=states.device)]
            return last if self.net.kind == "gru" else torch.cat([last[:, :half], states[0, :, half:]], 1)
        return masked_mean_max(states, lengths) if states.is_cuda else mean_max(states, lengths)


def _strongest(x: Tensor, windows: Tensor) -> Tensor:
    """Each filter's maximum [n, filters] over a text's own windows; others hold padding alone, as much as it has."""
    beyond = torch.arange(x.shape[2], device=x.device) >= windows.clamp(min=1)[:, None]
    return x.masked_fill(beyond[:, None], 0.0).amax(2)  # after the ReLU nothing is below 0


def fit(
    net: Architecture,
    params: Params,
    batches: Batches,
    spec: Recipe,
    device: str = "cpu",
    hooks: Hooks | None = None,
    state: TrainingState | None = None,
) -> Params:
    """Train `net` from `params` (or go on from `state`); returns new weights, the given ones untouched.

    The sum of the shards' gradients is the batch's gradient. Shards are computed by threads of one
    operation each, so that the result depends on `spec.shards` and not on the machine's cores. On a GPU the texts are
    sent once, and the steps are told to `hooks` some at a time.
    """
    hooks = hooks or Hooks()
    start = state.params if state else params
    shards = spec.shards if device == "cpu" else 1
    with _one_thread(shards) as pool, _precision(spec.precision, device):
        models = [Classifier(net, start).to(device) for _ in range(shards)]
        for model in models[1:]:
            for name, p in model.named_parameters():
                p.data = models[0].get_parameter(name).data
        trained = {n: p for n, p in models[0].named_parameters() if not n.startswith(spec.frozen or ("\0",))}
        for model in models:
            model.train()
            for name, p in model.named_parameters():
                p.requires_grad_(name in trained)
        anchors = {n: torch.from_numpy(np.array(params[n])).to(device) for n in trained} if spec.anchored else {}
        optimiser, factors = _optimiser(spec, trained)
        if state:
            _restore(optimiser, trained, state.moments)
        history = list(state.history) if state else []
        total, done = spec.epochs * batches.steps(), (state.epoch if state else 0) * batches.steps()
        resident = Resident(net, batches, device) if device != "cpu" else None
        class_weights = None if batches.class_weights is None else torch.from_numpy(batches.class_weights).to(device)
        told = _Told(hooks, total, done, 1 if device == "cpu" else TOLD)
        for epoch in range(state.epoch if state else 0, spec.epochs):
            order = batches.epoch(epoch)
            seeds = [seed_for("dropout", *batches.names, epoch, number) for number in range(len(order))]
            read = batches.thinned(epoch, spec.word_dropout)
            if resident:
                resident.begin(read.x, order, seeds)
            for number, rows in enumerate(order):
                factor = spec.learning_rate * learning_rate_at(done, total, spec.warmup)
                for group, own in zip(optimiser.param_groups, factors, strict=True):
                    group["lr"] = factor * own
                given = partial(on_host, net, read, rows, seeds[number], shards) if resident is None else partial(
                    resident.batch, number)
                loss = _gradients(models, given, len(rows), pool, spec.precision, class_weights)
                for name, anchor in anchors.items():  # towards where training began, decoupled as in AdamW
                    trained[name].data.lerp_(anchor, min(1.0, factor * spec.weight_decay))
                optimiser.step()
                done += 1
                told.step(loss, int(batches.x.lengths[rows].sum()))
                if number % TIDY == TIDY - 1:
                    give_back()
            told.rest()
            weights = _arrays(models[0])
            now = TrainingState(epoch + 1, weights, _moments(optimiser, trained), tuple(history))
            history.append(hooks.epoch(now))
    return _arrays(models[0])


def features(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Pooled features of each text, [n, net.features]."""
    return _forward(net, params, x, device, lambda m, ids, n: m.pooled(ids, n), net.features)


def scores(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Logits of each text, [n, net.classes]."""
    return _forward(net, params, x, device, lambda m, ids, n: m.head(m.pooled(ids, n)), net.classes)


def devices() -> list[str]:
    """`cuda` where a GPU answers, then `cpu`."""
    return ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]


def version() -> str:
    """PyTorch's version."""
    return str(torch.__version__)


def _gradients(models: list[Classifier], given: Callable[[int], Batch], size: int, pool: ThreadPoolExecutor,
               precision: str, class_weights: Tensor | None) -> Tensor:
    """Fill the first model's gradients with those of the batch of `size` texts; returns the mean loss, float64.

    `given` makes the part of a shard. Nothing here waits for a GPU.
    """
    def part(k: int) -> Tensor:
        whole, model = given(k), models[k]
        if not len(whole.y):
            return torch.zeros((), dtype=torch.float64)

        def work(rows: NDArray[np.int64]) -> Tensor:
            batch = whole.part(rows)
            with torch.autocast(batch.y.device.type, torch.bfloat16, enabled=precision == "bf16"):
                pooled = model.pooled(batch.ids, batch.lengths)
                if batch.keep is not None:
                    pooled = pooled * batch.keep / (1.0 - model.net.dropout)
                logits = model.head(pooled).float()
            if batch.closed is not None:
                logits = logits + batch.closed
            loss = F.cross_entropy(logits, batch.y, class_weights, reduction="sum")
            torch.autograd.backward(loss / size)
            return loss.detach().double()

        losses = in_halves(np.arange(len(whole.y)), work, lambda: model.zero_grad(set_to_none=True))
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    losses = list(pool.map(part, range(len(models))))
    for other in models[1:]:
        for name, p in other.named_parameters():
            if p.grad is not None:
                mine = models[0].get_parameter(name)
                mine.grad = p.grad if mine.grad is None else mine.grad.add_(p.grad)
                p.grad = None
    return torch.stack(losses).sum() / size


class _Told:
    """Tells the hooks of steps: each at once, or `most` together, so that a GPU is not waited for after each."""

    def __init__(self, hooks: Hooks, total: int, done: int, most: int) -> None:
        self.hooks, self.total, self.done, self.most = hooks, total, done, most
        self.losses: list[Tensor] = []
        self.tokens: list[int] = []

    def step(self, loss: Tensor, tokens: int) -> None:
        self.losses.append(loss)
        self.tokens.append(tokens)
        if len(self.losses) == self.most:
            self.rest()

    def rest(self) -> None:
        """Tell what is not told yet."""
        if not self.losses:
            return
        for loss, tokens in zip(torch.stack(self.losses).tolist(), self.tokens, strict=True):
            self.done += 1
            self.hooks.step(self.done, self.total, loss, tokens)
        self.losses, self.tokens = [], []


@contextmanager
def _precision(name: str, device: str) -> Iterator[None]:
    """What a GPU's float32 products and recurrent layers may round to inside the block; a CPU has one way.

    cuDNN would take TF32 where nobody asked for it: float32 means float32 here.
    """
    if name not in ("float32", "tf32", "bf16"):
        raise BenchError(f"unknown precision {name!r}", "float32, tf32 or bf16")
    if device == "cpu" and name != "float32":
        raise BenchError(f"precision {name} on a CPU", "tf32 and bf16 are a GPU's")
    places: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [place.allow_tf32 for place in places]
    for place in places:
        place.allow_tf32 = name == "tf32"
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.allow_tf32 = was


def _forward(
    net: Architecture,
    params: Params,
    x: Ragged,
    device: str,
    run: Callable[[Classifier, Tensor, Tensor], Tensor],
    width: int,
) -> NDArray[np.float32]:
    out = np.zeros((len(x), width), np.float32)
    cores = len(os.sched_getaffinity(0)) if device == "cpu" and hasattr(os, "sched_getaffinity") else 1
    x = x.clip(net.most_tokens)
    with _one_thread(min(cores, THREADS[0])) as pool, _precision("float32", device):
        model = Classifier(net, params).to(device).eval()

        def score(rows: NDArray[np.int64]) -> None:
            with torch.inference_mode():
                out[rows] = run(model, *tensors(net, x, rows, device)).float().cpu().numpy()

        list(pool.map(lambda rows: in_halves(rows, score), by_length(x, SCORING_BATCH)))
    return out


THREADS = [1024]  # the most threads that scoring may use; worker processes set it to one


@contextmanager
def _one_thread(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads whose operations run on one core each, denormal floats flushed to zero.

    A GRU step is too small to be split over cores: two shards side by side run twice as fast as one
    batch on two threads, and denormals made one run 18 times slower.
    """
    def begin() -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)

    before = torch.get_num_threads()
    keep_freed()
    begin()
    try:
        with ThreadPoolExecutor(workers, initializer=begin) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)  # what this thread computes next must not depend on what it trained before
        give_back()


def _optimiser(spec: Recipe, trained: dict[str, nn.Parameter]) -> tuple[torch.optim.Optimizer, list[float]]:
    """The optimiser with one group a parameter, and each group's learning rate as a multiple."""
    factors = [spec.rate_of(name) for name in trained]
    if spec.optimiser == "sgd":
        return torch.optim.SGD([{"params": [p]} for p in trained.values()], lr=0.0), factors
    decay = 0.0 if spec.anchored else spec.weight_decay
    groups = [{"params": [p], "eps": spec.epsilon_of(name)} for name, p in trained.items()]
    return torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, fused=True), factors


def _moments(optimiser: torch.optim.Optimizer, trained: dict[str, nn.Parameter]) -> Params:
    return {f"{name}/{key}": value.detach().cpu().numpy().copy()
            for name, p in trained.items() for key, value in optimiser.state.get(p, {}).items()}


def _restore(optimiser: torch.optim.Optimizer, trained: dict[str, nn.Parameter], moments: Params) -> None:
    for key, value in moments.items():
        name, moment = key.rsplit("/", 1)
        tensor = torch.from_numpy(np.array(value))
        optimiser.state[trained[name]][moment] = tensor.to(trained[name].device)


def _arrays(model: nn.Module) -> Params:
    return {name: p.detach().cpu().numpy().copy() for name, p in model.state_dict().items()}
