"""The MXNet engine: trains and scores every net as the PyTorch engine does, on a CPU or on a GPU."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError, MissingExtra
from bench.core.seeds import seed_for
from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState, by_length, learning_rate_at, pad

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _for_the_import() -> Iterator[None]:
    """What MXNet reads once, when it is loaded; the environment is as before afterwards.

    Each operation runs on one thread and MXNet's scheduler runs independent ones side by side, one a
    core (two matrix products take 0.062 s instead of 0.120 s), so that results do not depend on the
    machine. A worker process runs its trials on one core.
    """
    # MXNet 1.9.1 names at import, and nowhere else that we use, what NumPy 1.24 removed: np.bool alone.
    vars(np).setdefault("bool", np.bool_)
    workers = 1 if multiprocessing.parent_process() else CORES
    wanted = {"MXNET_OMP_MAX_THREADS": "1", "MXNET_CPU_WORKER_NTHREADS": str(workers)}
    if "OMP_NUM_THREADS" in os.environ:  # where it is set it would win
        wanted["OMP_NUM_THREADS"] = "1"
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Denormal floats count as zero for this thread and those that it starts meanwhile (x86-64 and glibc)."""
    libm = ctypes.CDLL("libm.so.6")
    state = (ctypes.c_uint32 * 8)()  # fenv_t; its last word is the SSE control register
    libm.fegetenv(state)
    before = state[7]
    state[7] |= 0x8040  # flush to zero, denormals are zero
    libm.fesetenv(state)
    try:
        yield
    finally:
        state[7] = before
        libm.fesetenv(state)


try:
    with _for_the_import():
        import mxnet as mx
        from mxnet import autograd, nd
        from mxnet.gluon import HybridBlock
        with _denormals_flushed():
            nd.zeros((1,)).wait_to_read()  # the first operation starts the threads that run all later ones
except ImportError:
    raise MissingExtra("MXNet", "mxnet") from None
except (OSError, AttributeError) as error:  # a library of the system, or NumPy's, is not what this MXNet was built for
    raise BenchError(f"MXNet cannot be loaded beside NumPy {np.__version__}: {error}",
                     "pip install 'transferbench[mxnet]' takes the versions that fit") from None

Array = Any  # mx.nd.NDArray; MXNet has no types
SCORING_BATCH = 256  # texts
STEPS = 16  # lengths are rounded up to a multiple of it: MXNet keeps memory for every shape that it has seen
THREADS = [1024]  # the most batches that scoring may compute at once; worker processes set it to one
BETAS = (0.9, 0.999)  # of Adam, as torch.optim.AdamW has them


class Encoder(HybridBlock):  # type: ignore[misc]
    """Embedding → encoder → pooling. The weights are arguments, in the order `names`, so that shards can share them."""

    def __init__(self, net: Architecture, params: Params) -> None:
        super().__init__()
        self.net = net
        self.names = [name for name in params if not name.startswith("head.")]
        self.rows = len(params[EMBEDDING])
        self.hybridize()

    def hybrid_forward(self, F: Any, ids: Array, *rest: Array) -> Array:
        """Features [n, net.features] of ids [steps, n]; `rest` is what else `_inputs` gives, then the weights."""
        count = len(rest) - len(self.names)
        weights = dict(zip(self.names, rest[count:], strict=True))
        net = self.net
        x = F.Embedding(ids, weights[EMBEDDING], input_dim=self.rows, output_dim=net.embedding)
        if net.kind == "dense":
            flat = F.flatten(F.transpose(x, axes=(1, 0, 2)))
            return F.relu(F.FullyConnected(flat, weights["hidden.weight"], weights["hidden.bias"],
                                           num_hidden=net.hidden))
        if net.widths:
            return self._convolved(F, F.transpose(x, axes=(1, 2, 0)), rest[:count], weights)
        return self._recurrent(F, x, rest[:count], weights)

    def _convolved(self, F: Any, x: Array, beyond: tuple[Array, ...], weights: dict[str, Array]) -> Array:
        over = [F.Convolution(x, weights[f"conv{w}.weight"], weights[f"conv{w}.bias"], kernel=(w,),
                              num_filter=self.net.hidden) for w in self.net.widths]
        if self.net.pooling == "flatten":
            return F.flatten(F.relu(over[0]))
        # MXNet's own max gives each of several equal values the whole gradient, and its pooling is 6 times slower.
        most = [F.pick(y, F.argmax(F.broadcast_add(F.BlockGrad(y), low), axis=2), axis=2)
                for y, low in zip(over, beyond, strict=True)]
        return F.relu(F.concat(*most, dim=1))

    def _recurrent(self, F: Any, x: Array, rest: tuple[Array, ...], weights: dict[str, Array]) -> Array:
        begin, lengths = rest[:2]
        sides = {"": x}
        if self.net.kind == "bilstm":  # the second half of the columns holds the same texts, last word first
            sides = dict(zip(("", "_reverse"), F.split(x, 2, axis=1), strict=True))
        pooled: list[Array] = []
        for side, data in sides.items():
            states = _states(F, self.net, data, begin, side, weights)
            if self.net.pooling == "last":
                pooled.append(F.SequenceLast(states, lengths, use_sequence_length=True))
                continue
            inside = F.SequenceMask(states, lengths, use_sequence_length=True)
            # A product with ones: 10 times faster here than the sum over the first axis.
            total = F.reshape(F.dot(rest[2], F.reshape(inside, (0, -1))), (-1, self.net.hidden))
            low = F.SequenceMask(F.BlockGrad(states), lengths, use_sequence_length=True, value=-1e9)
            most = F.pick(states, F.argmax(low, axis=0), axis=0)
            pooled += [F.broadcast_div(total, F.expand_dims(lengths, 1)), most]
        return pooled[0] if len(pooled) == 1 else F.concat(*pooled[0::2], *pooled[1::2], dim=1)


def _states(F: Any, net: Architecture, x: Array, begin: Array, side: str, weights: dict[str, Array]) -> Array:
    """States [steps, n, hidden] of one direction; gates lie in the order of torch.nn (r, z, n and i, f, g, o)."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    flat = F.concat(*[F.reshape(weights[f"rnn.{kind}_l0{side}"], (-1,)) for kind in kinds], dim=0)
    cell = {"state_cell": begin} if net.kind == "bilstm" else {}
    return F.RNN(x, flat, state=begin, **cell, mode="gru" if net.kind == "gru" else "lstm",
                 state_size=net.hidden, num_layers=1, p=0.0, state_outputs=False)


@dataclass(frozen=True)
class Shard:
    """One part of each batch: the shared weights, with gradients of its own."""

    encoder: Encoder
    weights: dict[str, Array]

    def gradient(self, name: str) -> Array:
        """The gradient of one parameter, written by the last backward pass."""
        return self.weights[name].grad

    def pooled(self, inputs: list[Array]) -> Array:
        """Features [n, net.features]."""
        return self.encoder(*inputs, *[self.weights[name] for name in self.encoder.names])

    def logits(self, pooled: Array) -> Array:
        """Logits [n, net.classes] of features."""
        return nd.FullyConnected(pooled, self.weights[HEAD], self.weights["head.bias"],
                                 num_hidden=self.encoder.net.classes)


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

    The sum of the shards' gradients is the batch's gradient; MXNet computes the shards side by side.
    """
    if spec.precision != "float32":
        raise BenchError(f"precision {spec.precision} by MXNet", "it computes in float32; --engine torch has others")
    hooks = hooks or Hooks()
    context = _context(device)
    start = state.params if state else params
    encoder = Encoder(net, start)
    weights = {name: nd.array(value, context, np.float32) for name, value in start.items()}
    trained = [name for name in weights if not name.startswith(spec.frozen or ("\0",))]
    shards = []
    for _ in range(spec.shards if device == "cpu" else 1):
        own = {name: array.detach() for name, array in weights.items()}  # the same memory
        for name in trained:
            own[name].attach_grad()
        shards.append(Shard(encoder, own))
    anchors = {n: nd.array(params[n], context, np.float32) for n in trained} if spec.anchored else {}
    update = Update(spec, {n: weights[n] for n in trained}, state.moments if state else {})
    history = list(state.history) if state else []
    total, done = spec.epochs * batches.steps(), (state.epoch if state else 0) * batches.steps()
    for epoch in range(state.epoch if state else 0, spec.epochs):
        read = batches.thinned(epoch, spec.word_dropout)
        for number, rows in enumerate(batches.epoch(epoch)):
            factor = spec.learning_rate * learning_rate_at(done, total, spec.warmup)
            seed = seed_for("dropout", *batches.names, epoch, number)
            losses = _gradients(shards, trained, read, rows, context, seed)
            for name, anchor in anchors.items():  # towards where training began, decoupled as in AdamW
                share = min(1.0, factor * spec.weight_decay)
                weights[name] += share * (anchor - weights[name])
            update.step(factor, shards[0])
            done += 1
            loss = sum(float(part.asscalar()) for part in losses) / len(rows)
            hooks.step(done, total, loss, int(batches.x.lengths[rows].sum()))
        now = TrainingState(epoch + 1, _arrays(weights), update.moments(), tuple(history))
        history.append(hooks.epoch(now))
    return _arrays(weights)


def features(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Pooled features of each text, [n, net.features]."""
    return _forward(net, params, x, device, Shard.pooled, net.features)


def scores(net: Architecture, params: Params, x: Ragged, device: str = "cpu") -> NDArray[np.float32]:
    """Logits of each text, [n, net.classes]."""
    return _forward(net, params, x, device, lambda s, inputs: s.logits(s.pooled(inputs)), net.classes)


def devices() -> list[str]:
    """`cuda` where a GPU answers, then `cpu`."""
    return ["cuda", "cpu"] if mx.context.num_gpus() else ["cpu"]


def version() -> str:
    """MXNet's version."""
    return str(mx.__version__)


class Update:
    """One step of AdamW or of plain descent on every weight, to the same numbers as torch.optim."""

    def __init__(self, spec: Recipe, weights: dict[str, Array], moments: Params) -> None:
        self.spec, self.weights = spec, weights
        self.steps = 0
        self.mean: dict[str, Array] = {}
        self.square: dict[str, Array] = {}
        if spec.optimiser == "sgd":
            return
        for name, weight in weights.items():
            zeros = np.zeros(weight.shape, np.float32)
            self.mean[name] = nd.array(moments.get(f"{name}/exp_avg", zeros), weight.context)
            self.square[name] = nd.array(moments.get(f"{name}/exp_avg_sq", zeros), weight.context)
            self.steps = int(moments.get(f"{name}/step", 0))

    def step(self, learning_rate: float, shard: Shard) -> None:
        """Change the weights by the shard's gradients."""
        self.steps += 1
        for name, weight in self.weights.items():
            own = learning_rate * self.spec.rate_of(name)
            gradient = shard.gradient(name)
            if name == EMBEDDING:
                gradient[PADDING] = 0.0
            if self.spec.optimiser == "sgd":
                nd.sgd_update(weight, gradient, lr=own, wd=0.0, out=weight)
                continue
            # MXNet's AdamW has no bias correction: torch's is put into the rate and into epsilon.
            first, second = (1.0 - beta**self.steps for beta in BETAS)
            root = float(np.sqrt(second))
            decay = 0.0 if self.spec.anchored else self.spec.weight_decay
            nd.contrib.adamw_update(weight, gradient, self.mean[name], self.square[name], rescale_grad=1.0,
                                    lr=own * root / first, eta=1.0, beta1=BETAS[0], beta2=BETAS[1],
                                    epsilon=self.spec.epsilon_of(name) * root, wd=own * decay, out=weight)

    def moments(self) -> Params:
        """What Adam remembers, named as torch.optim does."""
        steps = {f"{name}/step": np.array(self.steps, np.float32) for name in self.mean}
        return {**steps, **{f"{name}/exp_avg": array.asnumpy() for name, array in self.mean.items()},
                **{f"{name}/exp_avg_sq": array.asnumpy() for name, array in self.square.items()}}


def _gradients(shards: list[Shard], trained: list[str], batches: Batches, rows: NDArray[np.int64], context: Any,
               seed: int) -> list[Array]:
    """Fill the first shard's gradients with those of the batch; returns the shards' summed losses, still computed."""
    net = shards[0].encoder.net
    losses = []
    used = [(k, shard) for k, shard in enumerate(shards) if k < len(rows)]
    for k, shard in used:
        mine = rows[k :: len(shards)]
        inputs = _inputs(net, batches.x, mine, context)
        truth = nd.array(batches.y[mine], context, np.float32)
        with autograd.record():
            pooled = shard.pooled(inputs)
            if net.dropout:
                draw = np.random.default_rng((seed, k))
                keep = draw.random(pooled.shape, dtype=np.float32) >= net.dropout
                pooled = pooled * nd.array(keep / np.float32(1.0 - net.dropout), context, np.float32)
            logits = shard.logits(pooled)
            if (closed := batches.closed(mine)) is not None:
                logits = logits + nd.array(closed, context, np.float32)
            losses_of = -nd.pick(nd.log_softmax(logits), truth)
            if batches.class_weights is not None:
                losses_of = losses_of * nd.array(batches.class_weights[batches.y[mine]], context)
            loss = losses_of.sum()
            mean = loss / len(rows)
        mean.backward()
        losses.append(loss)
    for _, other in used[1:]:
        for name in trained:
            mine = shards[0].gradient(name)
            mine += other.gradient(name)
    return losses


def _inputs(net: Architecture, x: Ragged, rows: NDArray[np.int64], context: Any) -> list[Array]:
    """The arguments of `Encoder` before the weights."""
    fixed = net.most_tokens if net.kind == "dense" or net.pooling == "flatten" else 0
    longest = max(int(x.lengths[rows].max(initial=1)), *net.widths, 1)  # a convolution needs at least its own width
    ids, lengths = pad(x, rows, fixed or -(-longest // STEPS) * STEPS)
    if net.kind == "bilstm":
        back = lengths - 1 - np.arange(len(ids))[:, None]  # [steps, n], negative in the padding
        ids = np.concatenate([ids, np.where(back >= 0, np.take_along_axis(ids, back.clip(0), 0), PADDING)], axis=1)
    arguments = [nd.array(ids, context, np.int32)]
    if net.kind in ("gru", "bilstm"):
        arguments += [nd.zeros((1, len(rows), net.hidden), context), nd.array(lengths, context, np.float32)]
        arguments += [nd.ones((1, len(ids)), context)] if net.pooling == "mean-max" else []
    elif net.pooling == "max":  # keeps windows of padding alone from being a text's maximum
        for width in net.widths:
            windows = np.maximum(lengths - width + 1, 1)
            beyond = np.arange(len(ids) - width + 1) >= windows[:, None]
            arguments.append(nd.array(np.where(beyond, -1e9, 0.0)[:, None], context, np.float32))  # [n, 1, windows]
    return arguments


def _forward(net: Architecture, params: Params, x: Ragged, device: str, run: Callable[[Shard, list[Array]], Array],
             width: int) -> NDArray[np.float32]:
    out = np.zeros((len(x), width), np.float32)
    context = _context(device)
    shard = Shard(Encoder(net, params), {k: nd.array(v, context, np.float32) for k, v in params.items()})
    x = x.clip(net.most_tokens)
    at_once = min(CORES, THREADS[0])
    running: deque[tuple[NDArray[np.int64], Array]] = deque()
    for rows in by_length(x, SCORING_BATCH):
        if len(running) == at_once:
            done, result = running.popleft()
            out[done] = result.asnumpy()
        running.append((rows, run(shard, _inputs(net, x, rows, context))))
    for done, result in running:
        out[done] = result.asnumpy()
    return out


def _context(device: str) -> Any:
    return mx.gpu(0) if device == "cuda" else mx.cpu(0)


def _arrays(weights: dict[str, Array]) -> Params:
    return {name: array.asnumpy() for name, array in weights.items()}
