"""The base: a network trained on the source domain once, and kept."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files as files_
from bench.core import store
from bench.core.seeds import generator_for
from bench.data.corpus import Dataset
from bench.data.text import SPECIALS, Vocabulary, frequent
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import EMBEDDING, Architecture, Params, check_params, initial_params
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState
from bench.learning.networks.engines import engine, version
from bench.protocol.metrics import score, softmax
from bench.protocol.split import Split
from bench.protocol.trial import nested_order

FORMAT_VERSION = 2  # raised when training changes in a way that its settings do not show
# Adam's epsilon for the words, and words unknown: without them a base learns the films' names (docs/protocol.md).
OF_WORDS = Recipe(epochs=0, epsilons=((EMBEDDING, 1e-4),), word_dropout=0.1)
RECIPE = replace(OF_WORDS, epochs=2, batch=128, learning_rate=12e-3, rates=((EMBEDDING, 0.5),))
OTHER_NETS = replace(OF_WORDS, epochs=3, batch=128, learning_rate=6e-3, rates=((EMBEDDING, 0.5),))
SMALL_SOURCE = replace(OF_WORDS, epochs=3, batch=32, learning_rate=6e-3, rates=((EMBEDDING, 1.0),))
SMALL = 10_000  # texts, under which a source gets smaller batches
LEAST_STEPS, MOST_EPOCHS = 500, 10  # and more epochs, up to so many steps
SHOWN = 1_000  # training texts whose accuracy is shown after an epoch


def recipe_for(kind: str, texts: int) -> Recipe:
    """The recipe for a kind of net and a source of so many training texts."""
    if texts >= SMALL:
        return RECIPE if kind == "gru" else OTHER_NETS
    steps = -(-texts // SMALL_SOURCE.batch)
    return replace(SMALL_SOURCE, epochs=max(SMALL_SOURCE.epochs, min(MOST_EPOCHS, -(-LEAST_STEPS // steps))))


@dataclass(frozen=True)
class Base:
    """A trained network, its words, and what made it."""

    net: Architecture
    params: Params
    vocabulary: Vocabulary
    facts: Mapping[str, Any]  # source, edition, accuracy, seconds, history, …
    key: str

    @property
    def seconds(self) -> float:
        """Training time in seconds, validation between epochs left out."""
        return float(self.facts["seconds"])

    @property
    def accuracy(self) -> float:
        """On the source's own test set."""
        return float(self.facts["accuracy"])


@dataclass(frozen=True)
class BaseSpec:
    """What to train: a net on a source's pool, by an engine on a device."""

    source: str  # task@edition
    data: Dataset
    split: Split
    net: Architecture
    engine: str
    device: str
    vectors: WordVectors | None
    spec: Recipe = RECIPE
    seed: int = 0
    validation: float = 0.0  # share of the pool that is not trained on, scored after every epoch
    every_epoch: bool = False  # keep the weights of every epoch too

    def describe(self) -> dict[str, Any]:
        """Everything that the weights depend on."""
        spec = asdict(self.spec)
        for name in ("precision", "epsilons", "word_dropout"):  # bases are older than these choices
            if spec[name] == getattr(Recipe, name):
                del spec[name]
        return {
            "form": FORMAT_VERSION, "source": self.source, "content_sha256": self.data.corpus.sha256,
            "pool": store.key_of(self.split.pool.tolist()), "net": self.net.as_json(), "spec": spec,
            "engine": self.engine, "version": version(self.engine), "device": self.device, "seed": self.seed,
            "glove": self.vectors is not None and self.net.glove != "no",
            **({"validation": self.validation} if self.validation else {}),
        }


def base_key(order: BaseSpec) -> str:
    """The key under which the base is kept."""
    return store.key_of(order.describe())


def pretrain(order: BaseSpec, root: Path, watch: Callable[[dict[str, Any]], None] = lambda event: None) -> Base:
    """The base for `order`, from the cache or trained now; goes on from its last epoch after an interruption.

    `watch` hears {"step", "steps", "loss", "tokens_per_second"} and, after an epoch, {"epoch", "accuracy", …}.
    """
    key = base_key(order)
    folder = root / "bases" / key
    with files_.locked(folder.with_suffix(".lock"), f"waiting for another process that trains the base {key}"):
        found = load_base(root, key)
        if not found or (order.every_epoch and len(saved_checkpoints(root, key)) != order.spec.epochs):
            found = _train(order, key, folder, watch)
        shutil.rmtree(_checkpoint(folder), ignore_errors=True)  # a kill may have left it beside the finished base
        return found


def saved_checkpoints(root: Path, key: str) -> list[Path]:
    """The folders of the weights of the base's epochs, in order, where they were kept."""
    folders = (root / "bases" / f"{key}.epochs").glob("epoch-*")
    return sorted((f for f in folders if store.load(f)), key=lambda f: int(f.name.rpartition("-")[2]))


def load_base(root: Path, key: str) -> Base | None:
    """The base kept under `key`; None where there is none, or it was damaged (and is gone now)."""
    from safetensors.numpy import load

    entry = store.load(root / "bases" / key)
    if entry is None:
        return None
    facts = dict(entry.facts)
    net = Architecture(**{**facts["net"], "widths": tuple(facts["net"]["widths"])})
    words = tuple(entry.bytes("words.txt").decode().split("\n"))
    params = load(entry.bytes("params.safetensors"))
    check_params(params, net, len(words) + SPECIALS, f"the base {key} in {root}")
    return Base(net, params, Vocabulary(words), facts, key)


def _train(order: BaseSpec, key: str, folder: Path, watch: Callable[[dict[str, Any]], None]) -> Base:
    from safetensors.numpy import save

    data, net, spec = order.data, replace(order.net, classes=len(order.data.labels)), order.spec
    corpus = data.corpus
    train, held = parts(order)
    vocabulary = frequent(corpus.tokens.take(train), corpus.words, most=net.words)
    x = corpus.tokens.renumber(vocabulary.table(corpus.words))
    shown = generator_for("shown", order.source).permutation(train)[:SHOWN]
    params = initial_params(net, len(vocabulary), "base", order.seed)
    if order.vectors and net.glove != "no":
        place_glove(params, order.vectors.look_up(vocabulary.words))
    frozen = (*spec.frozen, *(("embedding.",) if net.glove == "frozen" else ()))
    spec = replace(spec, frozen=frozen)
    batches = Batches(x.take(train).clip(net.most_tokens), data.y[train], spec.batch, ("base", order.seed))
    checkpoint = _checkpoint(folder)
    state = _read_state(checkpoint)
    epochs = folder.with_name(f"{key}.epochs")
    if state and order.every_epoch and len(saved_checkpoints(folder.parents[1], key)) < state.epoch:
        state = None  # begun without keeping them: from the start
    framework = engine(order.engine)
    clock = _Clock(state.history if state else (), batches.steps(), watch)

    def accuracy(params: Params, rows: NDArray[np.int64]) -> float:
        logits = framework.scores(net, params, x.take(rows), order.device)
        return float((logits.argmax(1) == data.y[rows]).mean())

    def after_epoch(now: TrainingState) -> dict[str, float]:
        row = clock.epoch_done(now.epoch)
        row["train_accuracy"] = accuracy(now.params, shown)
        if len(held):
            row["validation_accuracy"] = accuracy(now.params, held)
        watch(row)
        if order.every_epoch:
            store.save(epochs / f"epoch-{now.epoch}", {"params.safetensors": save(now.params)}, row)
        store.save(checkpoint, _state_files(replace(now, history=(*now.history, row))), {"epoch": now.epoch})
        clock.resume()
        return row

    params = framework.fit(net, params, batches, spec, order.device, Hooks(clock.step, after_epoch), state)
    test_rows = order.split.test
    truth = data.y[test_rows]
    logits = framework.scores(net, params, x.take(test_rows), order.device)
    result = score(truth, softmax(logits))
    facts = {**order.describe(), "labels": list(data.labels), "words": len(vocabulary.words), **result,
             "n_train": len(train), "n_validation": len(held), "n_test": len(test_rows),
             "seconds": sum(r["seconds"] for r in clock.rows), "history": list(clock.rows), "net": net.as_json()}
    files = {"params.safetensors": save(params), "words.txt": "\n".join(vocabulary.words).encode()}
    store.save(folder, files, facts)
    return Base(net, params, vocabulary, facts, key)


def place_glove(params: Params, vectors: NDArray[np.float32]) -> None:
    """Set the embedding's first dimensions to the words' GloVe vectors [words, 50] where there is one."""
    known = vectors.any(axis=1)
    width = min(vectors.shape[1], params[EMBEDDING].shape[1])
    params[EMBEDDING][SPECIALS:][known, :width] = vectors[known, :width]


def parts(order: BaseSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the pool that are trained on, and those held out for validation: a stratified, seeded draw."""
    pool = order.split.pool
    held = nested_order(pool, order.data.y, "validation", order.source)[: round(order.validation * len(pool))]
    return pool[~np.isin(pool, held)], np.sort(held)


def _checkpoint(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.checkpoint")


class _Clock:
    """Seconds and tokens of training; what lies between epochs does not count."""

    def __init__(self, rows: tuple[dict[str, float], ...], steps: int, watch: Callable[[dict[str, Any]], None]) -> None:
        self.rows = list(rows)
        self.steps, self.watch = steps, watch
        self.resume()

    def resume(self) -> None:
        self.began, self.tokens, self.losses = time.perf_counter(), 0, []  # type: ignore[var-annotated]

    def step(self, done: int, total: int, loss: float, tokens: int) -> None:
        self.tokens += tokens
        self.losses.append(loss)
        spent = time.perf_counter() - self.began
        self.watch({"step": done, "steps": total, "loss": float(np.mean(self.losses[-20:])),
                    "tokens_per_second": self.tokens / spent})

    def epoch_done(self, number: int) -> dict[str, float]:
        spent = time.perf_counter() - self.began
        row = {"epoch": number, "seconds": spent, "loss": float(np.mean(self.losses)),
               "tokens_per_second": self.tokens / spent}
        self.rows.append(row)
        return row


def _state_files(state: TrainingState) -> dict[str, bytes]:
    from safetensors.numpy import save

    return {"params.safetensors": save(state.params), "moments.safetensors": save(state.moments),
            "history.json": json.dumps(list(state.history)).encode()}


def _read_state(folder: Path) -> TrainingState | None:
    from safetensors.numpy import load

    entry = store.load(folder)
    if entry is None:
        return None
    history = tuple(json.loads(entry.bytes("history.json")))
    return TrainingState(int(entry.facts["epoch"]), load(entry.bytes("params.safetensors")),
                 load(entry.bytes("moments.safetensors")), history)
