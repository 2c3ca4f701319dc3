"""The MXNet engine: trains and scores every network as the PyTorch engine does, on a CPU or on a GPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.seeds import seed_for
from bench.data.text import Ragged
from bench.learning.networks.architectures import Architecture, Params
from bench.learning.networks.batches import (
    Batches,
    Hooks,
    Recipe,
    TrainingState,
    dropout_mask,
    learning_rate_factor,
    scoring_batches,
)
from bench.learning.networks.engines.mxnet_import import CORES, Array, autograd, mx, nd
from bench.learning.networks.engines.mxnet_network import Encoder, Shard, encoder_inputs
from bench.learning.networks.engines.mxnet_optimiser import Optimiser

SCORING_BATCH = 256  # texts
THREADS = [1024]  # the most batches that scoring may compute at once; worker processes set it to one


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

    The sum of the shards' gradients is the batch's gradient; MXNet computes the shards side by side.
    """
    if recipe.precision != "float32":
        raise BenchError(f"precision {recipe.precision} with MXNet", "it has float32 alone; --engine torch has others")
    if recipe.adversarial:
        raise BenchError("adversarial steps of the word vectors with MXNet", "--engine torch has them")
    hooks = hooks or Hooks()
    context = _context(device)
    start = state.params if state else params
    encoder = Encoder(net, start)
    weights = {name: nd.array(value, context, np.float32) for name, value in start.items()}
    trained = [name for name in weights if not name.startswith(recipe.frozen or ("\0",))]
    shards = []
    for _ in range(recipe.shards if device == "cpu" else 1):
        views = {name: array.detach() for name, array in weights.items()}  # the same memory
        for name in trained:
            views[name].attach_grad()
        shards.append(Shard(encoder, views))
    anchors = {n: nd.array(params[n], context, np.float32) for n in trained} if recipe.anchored else {}
    optimiser = Optimiser(recipe, {n: weights[n] for n in trained}, state.moments if state else {})
    history = list(state.history) if state else []
    total, done = recipe.epochs * batches.steps(), (state.epoch if state else 0) * batches.steps()
    for epoch in range(state.epoch if state else 0, recipe.epochs):
        read = batches.with_word_dropout(epoch, recipe.word_dropout)
        for number, rows in enumerate(batches.epoch(epoch)):
            learning_rate = recipe.learning_rate * learning_rate_factor(done, total, recipe.warmup)
            seed = seed_for("dropout", *batches.seed_names, epoch, number)
            losses = _gradients(shards, trained, read, rows, context, seed)
            for name, anchor in anchors.items():  # towards the initial weights, decoupled as in AdamW
                share = min(1.0, learning_rate * recipe.weight_decay)
                weights[name] += share * (anchor - weights[name])
            optimiser.step(learning_rate, shards[0])
            done += 1
            loss = sum(float(part.asscalar()) for part in losses) / len(rows)
            hooks.step(done, total, loss, int(batches.x.lengths[rows].sum()))
        now = TrainingState(epoch + 1, _arrays(weights), optimiser.moments(), tuple(history))
        history.append(hooks.epoch(now))
    return _arrays(weights)


def features(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Pooled features of each text, [n, net.features]."""
    return _forward(net, params, x, device, Shard.pooled, net.features)


def scores(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Logits of each text, [n, net.classes]."""
    return _forward(net, params, x, device, lambda shard, inputs: shard.logits(shard.pooled(inputs)), net.classes)


def devices() -> list[str]:
    """`cuda` where MXNet finds a GPU, then `cpu`."""
    return ["cuda", "cpu"] if mx.context.num_gpus() else ["cpu"]


def version() -> str:
    """MXNet's version."""
    return str(mx.__version__)


def _gradients(shards: list[Shard], trained: list[str], batches: Batches, rows: NDArray[np.int64], context: Any,
               seed: int) -> list[Array]:
    """Set the first shard's gradients to those of the batch; returns each shard's summed loss, not yet computed."""
    net = shards[0].encoder.net
    losses = []
    used = [(k, shard) for k, shard in enumerate(shards) if k < len(rows)]
    for k, shard in used:
        part = rows[k :: len(shards)]
        inputs = encoder_inputs(net, batches.x, part, context)
        truth = nd.array(batches.y[part], context, np.float32)
        with autograd.record():
            pooled = shard.pooled(inputs)
            if net.dropout:
                kept = dropout_mask(net, len(part), seed, k)
                pooled = pooled * nd.array(kept / np.float32(1.0 - net.dropout), context, np.float32)
            logits = shard.logits(pooled)
            if (head_mask := batches.head_mask(part)) is not None:
                logits = logits + nd.array(head_mask, context, np.float32)
            text_losses = -nd.pick(nd.log_softmax(logits), truth)
            if batches.class_weights is not None:
                text_losses = text_losses * nd.array(batches.class_weights[batches.y[part]], context)
            loss = text_losses.sum()
            mean = loss / len(rows)
        mean.backward()
        losses.append(loss)
    for _, other in used[1:]:
        for name in trained:
            total = shards[0].gradient(name)
            total += other.gradient(name)  # in place
    return losses


def _forward(net: Architecture, params: Params, x: Ragged, device: str, run: Callable[[Shard, list[Array]], Array],
             width: int) -> NDArray[np.float32]:
    """What `run` gives for each text, [n, width]; as many batches are computed at once as there are cores."""
    out = np.zeros((len(x), width), np.float32)
    context = _context(device)
    shard = Shard(Encoder(net, params), {k: nd.array(v, context, np.float32) for k, v in params.items()})
    x = x.clip(net.most_tokens)
    at_once = min(CORES, THREADS[0])
    running: deque[tuple[NDArray[np.int64], Array]] = deque()
    for rows in scoring_batches(x, SCORING_BATCH):
        if len(running) == at_once:
            done, result = running.popleft()
            out[done] = result.asnumpy()
        running.append((rows, run(shard, encoder_inputs(net, x, rows, context))))
    for done, result in running:
        out[done] = result.asnumpy()
    return out


def _context(device: str) -> Any:
    return mx.gpu(0) if device == "cuda" else mx.cpu(0)


def _arrays(weights: dict[str, Array]) -> Params:
    return {name: array.asnumpy() for name, array in weights.items()}
