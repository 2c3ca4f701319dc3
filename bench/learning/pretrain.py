"""The base: a network that is trained on the source once and saved."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import ranges, store
from bench.core.errors import BenchError
from bench.core.locks import locked
from bench.core.seeds import generator_for
from bench.data.corpus import Dataset, Examples
from bench.data.text import SPECIALS, TEXT_VERSION, Vocabulary, frequent
from bench.learning.checkpoints import checkpoint_beside, load_state, saved_checkpoints, state_files
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import (
    EMBEDDING,
    GRUS,
    Architecture,
    Params,
    check_params,
    initial_params,
    place_vectors,
)
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState
from bench.learning.networks.engines import compiled, engine, kernels, prepare, version
from bench.learning.source_words import SourceTexts, beside_glove, numbers_of
from bench.protocol.metrics import score, softmax
from bench.protocol.split import Split
from bench.protocol.trial import nested_order

FORMAT_VERSION = 2  # raised when training changes in a way that its settings do not show
# What all recipes share. Without this epsilon and word dropout a base learns the names of films (docs/protocol.md).
COMMON_RECIPE = Recipe(epochs=0, epsilons=((EMBEDDING, 1e-4),), word_dropout=0.1)
RECIPE = replace(COMMON_RECIPE, epochs=3, batch=128, learning_rate=10e-3, rates=((EMBEDDING, 0.5),), adversarial=2.0,
                 adversarial_every=2)
OTHER_NETS_RECIPE = replace(COMMON_RECIPE, epochs=3, batch=128, learning_rate=6e-3, rates=((EMBEDDING, 0.5),))
SMALL_SOURCE_RECIPE = replace(COMMON_RECIPE, epochs=3, batch=32, learning_rate=6e-3, rates=((EMBEDDING, 1.0),))
SMALL_SOURCE = 10_000  # training texts; a source with fewer gets smaller batches and more epochs
MIN_STEPS, MAX_EPOCHS = 500, 10  # for a small source
TRAIN_SAMPLE = 1_000  # training texts whose accuracy is reported after each epoch


def recipe_for(kind: str, texts: int) -> Recipe:
    """The recipe for a kind of network and a source of so many training texts."""
    if texts >= SMALL_SOURCE:
        return RECIPE if kind in GRUS else OTHER_NETS_RECIPE
    steps = -(-texts // SMALL_SOURCE_RECIPE.batch)
    epochs = max(SMALL_SOURCE_RECIPE.epochs, min(MAX_EPOCHS, -(-MIN_STEPS // steps)))
    return replace(SMALL_SOURCE_RECIPE, epochs=epochs)


@dataclass(frozen=True)
class Base:
    """A trained network, its words, and how it was trained."""

    net: Architecture
    params: Params
    vocabulary: Vocabulary
    facts: Mapping[str, Any]  # source, edition, accuracy, seconds, history, …
    key: str

    def __post_init__(self) -> None:
        """Trials share its weights: they are made read-only."""
        for array in self.params.values():
            array.setflags(write=False)

    @property
    def seconds(self) -> float:
        """Training time in seconds, that of its first word vectors included, without the validation between epochs."""
        return float(self.facts["seconds"])

    @property
    def accuracy(self) -> float:
        """Accuracy on the source's own test set."""
        return float(self.facts["accuracy"])


@dataclass(frozen=True)
class BaseSpec:
    """What to train: a network on a source's training pool, by an engine on a device."""

    source: str  # task@edition
    data: Dataset
    split: Split
    net: Architecture
    engine: str
    device: str
    vectors: WordVectors | None
    recipe: Recipe = RECIPE
    seed: int = 0
    validation: float = 0.0  # share of the pool that is held out and scored after every epoch
    every_epoch: bool = False  # save the weights of every epoch too
    unlabelled: Examples | None = None  # more texts of the source, without labels
    source_words: bool = True  # whether a large source teaches the first word vectors too; without Numba it cannot

    def __post_init__(self) -> None:
        """Refuse a recipe that trains nothing."""
        if self.recipe.epochs < 1:
            raise BenchError(f"{self.recipe.epochs} epochs train nothing", "1 or more")
        ranges.check("validation", self.validation)

    @property
    def learns_words(self) -> bool:
        """Whether the first word vectors are learned from the source's texts, beside GloVe's."""
        return (self.source_words and self.net.glove == "start" and len(self.split.pool) >= SMALL_SOURCE
                and compiled.version() != "none")

    def recipe_and_texts(self) -> dict[str, Any]:
        """How the base is trained and on which texts: what `describe` says and a record has no other field for."""
        elsewhere = ("source", "content_sha256", "net", "engine", "device", "seed")
        return {name: value for name, value in self.describe().items() if name not in elsewhere}

    def describe(self) -> dict[str, Any]:
        """Everything that the weights depend on; the base's key is made of it, so its names stay as they are."""
        recipe = asdict(self.recipe)
        # Bases are older than these choices.
        for name in ("precision", "epsilons", "word_dropout", "adversarial", "adversarial_every"):
            if recipe[name] == getattr(Recipe, name):
                del recipe[name]
        kernel = kernels(self.engine, self.device, self.net.kind)  # its sums are in another order than the framework's
        return {
            "form": f"{FORMAT_VERSION} of text {TEXT_VERSION}", "source": self.source,
            "content_sha256": self.data.corpus.sha256, "pool": store.key_of(self.split.pool.tolist()),
            "net": self.net.as_json(), "spec": recipe,
            "engine": self.engine, "version": version(self.engine), "device": self.device, "seed": self.seed,
            "glove": self.vectors.key if self.vectors is not None and self.net.glove != "no" else False,
            **({"kernels": kernel} if kernel else {}),
            **({"source_words": self._source_texts(self.split.pool).key} if self.learns_words else {}),
            **({"validation": self.validation} if self.validation else {}),
        }

    def _source_texts(self, train: NDArray[np.int64]) -> SourceTexts:
        return SourceTexts(Examples(self.data.corpus, train), self.unlabelled, compiled.version())

    def first_words(self, vocabulary: Vocabulary, train: NDArray[np.int64]) -> tuple[NDArray[np.float32], float]:
        """Vectors of words before training, zeros for a word without, [words, any]; and the seconds to learn them."""
        glove = np.zeros((len(vocabulary.words), 0), np.float32)
        if self.vectors and self.net.glove != "no":
            glove = self.vectors.look_up(vocabulary.words)
        if not self.learns_words:
            return glove, 0.0
        learned, counts, seconds = self._source_texts(train).vectors()
        numbers = numbers_of(vocabulary.words, self.data.corpus)
        return beside_glove(glove, learned[numbers], counts[numbers], self.net.embedding), seconds


def base_key(spec: BaseSpec) -> str:
    """The key under which the base is saved."""
    return store.key_of(spec.describe())


def pretrain(spec: BaseSpec, root: Path, watch: Callable[[dict[str, Any]], None] = lambda event: None) -> Base:
    """The base that `spec` describes, from the cache `root` or trained now.

    A training that was interrupted resumes after its last whole epoch.
    `watch` gets {"step", "steps", "loss", "tokens_per_second"} and, after an epoch, {"epoch", "accuracy", …}.
    """
    key = base_key(spec)
    folder = root / "bases" / key
    with locked(folder.with_suffix(".lock"), f"waiting for another process that trains the base {key}"):
        base = load_base(root, key)
        if not base or (spec.every_epoch and len(saved_checkpoints(root, key)) != spec.recipe.epochs):
            base = _train(spec, key, folder, watch)
        shutil.rmtree(checkpoint_beside(folder), ignore_errors=True)  # a kill may have left it beside the finished base
        return base


def load_base(root: Path, key: str) -> Base | None:
    """The base saved under `key`; None where there is none, or where it was damaged (and is now removed).

    Raises `DataError` where its weights do not fit its network.
    """
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


def _train(spec: BaseSpec, key: str, folder: Path, watch: Callable[[dict[str, Any]], None]) -> Base:
    from safetensors.numpy import save

    data, net = spec.data, replace(spec.net, classes=len(spec.data.labels))
    corpus = data.corpus
    train, held_out = train_and_validation_rows(spec)
    vocabulary = frequent(corpus.tokens.take(train), corpus.words, most=net.words)
    x = corpus.tokens.renumber(vocabulary.table(corpus.words))
    train_sample = generator_for("shown", spec.source).permutation(train)[:TRAIN_SAMPLE]
    params = initial_params(net, len(vocabulary), "base", spec.seed)
    if spec.learns_words:
        texts = len(train) + (len(spec.unlabelled.rows) if spec.unlabelled else 0)
        watch({"phase": f"learning word vectors from {texts:,} texts"})
    rows, word_seconds = spec.first_words(vocabulary, train)
    place_vectors(params, rows)
    frozen = (*spec.recipe.frozen, *(("embedding.",) if net.glove == "frozen" else ()))
    recipe = replace(spec.recipe, frozen=frozen)
    batches = Batches(x.take(train).clip(net.most_tokens), data.y[train], recipe.batch, ("base", spec.seed))
    checkpoint = checkpoint_beside(folder)
    state = load_state(checkpoint)
    epochs = folder.with_name(f"{key}.epochs")
    if state and spec.every_epoch and len(saved_checkpoints(folder.parents[1], key)) < state.epoch:
        state = None  # begun without saving every epoch: start again
    framework = engine(spec.engine)
    prepare(spec.engine, spec.device)
    clock = _Clock(state.history if state else (), batches.steps(), watch)

    def accuracy(params: Params, rows: NDArray[np.int64]) -> float:
        logits = framework.scores(net, params, x.take(rows), spec.device)
        return float((logits.argmax(1) == data.y[rows]).mean())

    def after_epoch(now: TrainingState) -> dict[str, float]:
        row = clock.epoch_done(now.epoch)
        row["train_accuracy"] = accuracy(now.params, train_sample)
        if len(held_out):
            row["validation_accuracy"] = accuracy(now.params, held_out)
        watch(row)
        if spec.every_epoch:
            store.save(epochs / f"epoch-{now.epoch}", {"params.safetensors": save(now.params)}, row)
        store.save(checkpoint, state_files(replace(now, history=(*now.history, row))), {"epoch": now.epoch})
        clock.resume()
        return row

    params = framework.fit(net, params, batches, recipe, spec.device, Hooks(clock.step, after_epoch), state)
    test_rows = spec.split.test
    logits = framework.scores(net, params, x.take(test_rows), spec.device)
    result = score(data.y[test_rows], softmax(logits))
    facts = {**spec.describe(), "labels": list(data.labels), "words": len(vocabulary.words), **result,
             "n_train": len(train), "n_validation": len(held_out), "n_test": len(test_rows),
             "seconds": word_seconds + sum(row["seconds"] for row in clock.rows), "word_seconds": word_seconds,
             "history": list(clock.rows), "net": net.as_json()}
    files = {"params.safetensors": save(params), "words.txt": "\n".join(vocabulary.words).encode()}
    store.save(folder, files, facts)
    return Base(net, params, vocabulary, facts, key)


def train_and_validation_rows(spec: BaseSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the pool that are trained on, and those held out for validation: a stratified, seeded draw."""
    pool = spec.split.pool
    held_out = nested_order(pool, spec.data.y, "validation", spec.source)[: round(spec.validation * len(pool))]
    return pool[~np.isin(pool, held_out)], np.sort(held_out)


class _Clock:
    """Counts the seconds and tokens of training; the time between epochs does not count."""

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
