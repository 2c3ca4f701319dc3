"""The PyTorch engine: trains and scores every network, on a CPU with one thread per shard, or on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from bench.core.hardware import cores
from bench.core.seeds import seed_for
from bench.data.text import Ragged
from bench.learning.networks.architectures import RECURRENT, Architecture, Params
from bench.learning.networks.batches import (
    Batches,
    Hooks,
    Recipe,
    TrainingState,
    learning_rate_factor,
    scoring_batches,
)
from bench.learning.networks.engines import compiled
from bench.learning.networks.engines.torch_batches import Batch, DeviceBatches, host_batch, padded
from bench.learning.networks.engines.torch_memory import in_halves
from bench.learning.networks.engines.torch_network import Classifier
from bench.learning.networks.engines.torch_optimiser import Optimiser, RowOptimiser
from bench.learning.networks.engines.torch_settings import gpu_precision, single_threaded
from bench.learning.networks.memory import release_freed_memory

SCORING_BATCH = 128  # texts
RELEASE_EVERY = 32  # steps; then memory that no later step reuses goes back to the system
SYNCHRONISE_EVERY = 50  # steps between two reads of a GPU's losses: each read waits until the GPU is idle
THREADS = [1024]  # the most threads that scoring may use; worker processes set it to one


def fit(
    net: Architecture,
    params: Params,
    batches: Batches,
    recipe: Recipe,
    device: str = "cpu",
    hooks: Hooks | None = None,
    state: TrainingState | None = None,
) -> Params:
    """Train `net` from `params` (or resume from `state`); returns new weights, the given ones untouched.

    The sum of the shards' gradients is the batch's gradient. Each shard is computed by a thread of its own, whose
    operations run on one core, so that the result depends on `recipe.shards` and not on the machine. On a GPU the
    texts are sent once, and `hooks` hears of several steps at a time.
    """
    hooks = hooks or Hooks()
    start = state.params if state else params
    shards = recipe.shards if device == "cpu" else 1
    kernels = device == "cpu" and compiled.ready()
    with single_threaded(shards) as pool, gpu_precision(recipe.precision, device):
        models = _models(net, start, shards, device, sparse=kernels)
        trained = _trained(models, recipe)
        anchors = {n: torch.from_numpy(np.array(params[n])).to(device) for n in trained} if recipe.anchored else {}
        optimiser = (RowOptimiser if kernels else Optimiser)(recipe, trained, state.moments if state else {}, pool)
        history = list(state.history) if state else []
        total, done = recipe.epochs * batches.steps(), (state.epoch if state else 0) * batches.steps()
        on_device = DeviceBatches(net, batches, device) if device != "cpu" else None
        class_weights = None if batches.class_weights is None else torch.from_numpy(batches.class_weights).to(device)
        buffered = BufferedHooks(hooks, total, done, 1 if device == "cpu" else SYNCHRONISE_EVERY)
        for epoch in range(state.epoch if state else 0, recipe.epochs):
            order = batches.epoch(epoch)
            seeds = [seed_for("dropout", *batches.seed_names, epoch, number) for number in range(len(order))]
            read = batches.with_word_dropout(epoch, recipe.word_dropout)
            if on_device:
                on_device.start_epoch(read.x, order, seeds)
            for number, rows in enumerate(order):
                learning_rate = recipe.learning_rate * learning_rate_factor(done, total, recipe.warmup)
                batch_of = partial(on_device.batch, number) if on_device else partial(
                    host_batch, net, read, rows, seeds[number], shards, kernels and net.kind in RECURRENT)
                optimiser.prepare(read.x, rows)
                adversarial = recipe.adversarial if (done + 1) % recipe.adversarial_every == 0 else 0.0
                loss = _gradients(models, batch_of, len(rows), pool, replace(recipe, adversarial=adversarial),
                                  class_weights)
                if anchors:
                    optimiser.finish()
                for name, anchor in anchors.items():  # towards the initial weights, decoupled as in AdamW
                    trained[name].data.lerp_(anchor, min(1.0, learning_rate * recipe.weight_decay))
                optimiser.step(learning_rate)
                done += 1
                buffered.step(loss, int(batches.x.lengths[rows].sum()))
                if number % RELEASE_EVERY == RELEASE_EVERY - 1:
                    release_freed_memory()
            buffered.flush()
            optimiser.finish()
            now = TrainingState(epoch + 1, _arrays(models[0]), optimiser.moments(), tuple(history))
            history.append(hooks.epoch(now))
    return _arrays(models[0])


def features(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Pooled features of each text, [n, net.features]."""
    return _forward(net, params, x, device, lambda model, pooled: pooled, net.features)


def scores(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Logits of each text, [n, net.classes]."""
    return _forward(net, params, x, device, lambda model, pooled: model.head(pooled), net.classes)


def devices() -> list[str]:
    """`cuda` where PyTorch finds a GPU, then `cpu`."""
    return ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]


def version() -> str:
    """PyTorch's version."""
    return str(torch.__version__)


class BufferedHooks:
    """Buffers step callbacks so that the GPU is synchronised once per `most` steps."""

    def __init__(self, hooks: Hooks, total: int, done: int, most: int) -> None:
        self.hooks, self.total, self.done, self.most = hooks, total, done, most
        self.losses: list[Tensor] = []
        self.tokens: list[int] = []

    def step(self, loss: Tensor, tokens: int) -> None:
        """Note a step; calls the hooks where the buffer is full."""
        self.losses.append(loss)
        self.tokens.append(tokens)
        if len(self.losses) == self.most:
            self.flush()

    def flush(self) -> None:
        """Call the hooks for every buffered step."""
        if not self.losses:
            return
        for loss, tokens in zip(torch.stack(self.losses).tolist(), self.tokens, strict=True):
            self.done += 1
            self.hooks.step(self.done, self.total, loss, tokens)
        self.losses, self.tokens = [], []


def _models(net: Architecture, params: Params, shards: int, device: str, *, sparse: bool) -> list[Classifier]:
    """A model per shard; all share the first one's weights, each has gradients of its own."""
    models = [Classifier(net, params, sparse).to(device) for _ in range(shards)]
    for model in models[1:]:
        for name, p in model.named_parameters():
            p.data = models[0].get_parameter(name).data
    return models


def _trained(models: list[Classifier], recipe: Recipe) -> dict[str, nn.Parameter]:
    """The first model's parameters that are trained; the others' gradients are switched off in every model."""
    trained = {n: p for n, p in models[0].named_parameters() if not n.startswith(recipe.frozen or ("\0",))}
    for model in models:
        model.train()
        for name, p in model.named_parameters():
            p.requires_grad_(name in trained)
    return trained


def _gradients(models: list[Classifier], batch_of: Callable[[int], Batch], size: int, pool: ThreadPoolExecutor,
               recipe: Recipe, class_weights: Tensor | None) -> Tensor:
    """Set the first model's gradients to those of a batch of `size` texts; returns the mean loss, float64.

    `batch_of(k)` makes the part of shard k. Where the recipe is adversarial (Miyato et al. 2017), half of each gradient
    is that of the loss after the step of the shard's word vectors that raises it most. Nothing here waits for a GPU.
    """
    def shard_loss(k: int) -> Tensor:
        shard, model = batch_of(k), models[k]
        if not len(shard.y):
            return torch.zeros((), dtype=torch.float64)

        def loss_of(batch: Batch, step: Tensor | None = None) -> Tensor:
            with torch.autocast(batch.y.device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
                pooled = model.pooled(batch.texts, step)
                if batch.dropout_mask is not None:
                    pooled = pooled * batch.dropout_mask / (1.0 - model.net.dropout)
                logits = model.head(pooled).float()
            if batch.head_mask is not None:
                logits = logits + batch.head_mask
            return F.cross_entropy(logits, batch.y, class_weights, reduction="sum") / size

        def backward(rows: NDArray[np.int64]) -> Tensor:
            batch, embedding = shard.part(rows), model.embedding.weight
            loss = loss_of(batch)
            if not (recipe.adversarial and embedding.requires_grad):
                torch.autograd.backward(loss)
                return loss.detach().double() * size
            before, embedding.grad = embedding.grad, None
            torch.autograd.backward(loss / 2)
            torch.autograd.backward(loss_of(batch, model.worst_step(recipe.adversarial)) / 2)
            if before is not None:
                embedding.grad = before + embedding.grad
            return loss.detach().double() * size

        losses = in_halves(np.arange(len(shard.y)), backward, lambda: model.zero_grad(set_to_none=True))
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    losses = list(pool.map(shard_loss, range(len(models)))) if len(models) > 1 else [shard_loss(0)]
    for other in models[1:]:
        for name, p in other.named_parameters():
            if p.grad is not None:
                first = models[0].get_parameter(name)
                first.grad = p.grad if first.grad is None else first.grad.add_(p.grad)
                p.grad = None
    return torch.stack(losses).sum() / size


def _forward(
    net: Architecture,
    params: Params,
    x: Ragged,
    device: str,
    run: Callable[[Classifier, Tensor], Tensor],
    width: int,
) -> NDArray[np.float32]:
    """What `run` gives for each text, [n, width]; batches are computed by a thread per core."""
    out = np.zeros((len(x), width), np.float32)
    x = x.clip(net.most_tokens)
    kernels = device == "cpu" and net.kind in RECURRENT and compiled.ready()
    with single_threaded(min(cores(), THREADS[0]) if device == "cpu" else 1) as pool, gpu_precision("float32", device):
        model = Classifier(net, params).to(device).eval()
        with torch.inference_mode():
            texts = model.with_inputs(x) if kernels else None

        def score(rows: NDArray[np.int64]) -> None:
            with torch.inference_mode():
                part = replace(texts, rows=rows) if texts else padded(net, x, rows, device)
                out[rows] = run(model, model.pooled(part)).float().cpu().numpy()

        list(pool.map(lambda rows: in_halves(rows, score), scoring_batches(x, SCORING_BATCH)))
    return out


def _arrays(model: nn.Module) -> Params:
    return {name: p.detach().cpu().numpy().copy() for name, p in model.state_dict().items()}
