"""The encoder as a base: a pre-trained encoder, all of it fine-tuned on the source once and saved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import store
from bench.core.errors import BenchError
from bench.core.locks import locked
from bench.data.corpus import ArraysAndFacts, Dataset, Examples, derived
from bench.data.text import TEXT_VERSION
from bench.learning.encoder_network import (
    Classifier,
    EncoderNetwork,
    EncoderRecipe,
    Head,
    one_thread,
    open_network,
    train,
)
from bench.learning.features.encoders import Encoder
from bench.learning.networks.batches import Batches

FORMAT_VERSION = 1  # raised when training changes in a way that its settings do not show
BATCH = 16
# What is read of the source, and how, unless settings say otherwise (docs/protocol.md): a CPU reads what two cores
# manage in about five minutes; a GPU reads every text, twice.
CPU_TEXTS, CPU_RECIPE, GPU_RECIPE = 1_800, EncoderRecipe(1, 1e-4), EncoderRecipe(2, 5e-5)
CONFIG, TOKENIZER, PARAMS = "config.json", "tokenizer.json", "params.safetensors"
HEAD, HEAD_BIAS = "head.weight", "head.bias"


@dataclass(frozen=True)
class EncoderBaseSpec:
    """What to train: a pre-trained encoder on labelled source texts, on a device."""

    source: str  # task@edition
    data: Dataset
    rows: NDArray[np.int64]  # of the source texts
    encoder: Encoder
    word_pieces: int  # that are read of a text
    recipe: EncoderRecipe
    device: str

    def describe(self) -> dict[str, Any]:
        """Everything that the weights depend on; the base's key is made of it."""
        return {"form": f"{FORMAT_VERSION} of text {TEXT_VERSION}", "source": self.source,
                "content_sha256": self.data.corpus.sha256, "rows": store.key_of(self.rows.tolist()),
                "labels": list(self.data.labels), "encoder": self.encoder.sha256, "word_pieces": self.word_pieces,
                "batch": BATCH, "recipe": asdict(self.recipe), "device": self.device,
                "torch": version("torch"), "transformers": version("transformers")}


@dataclass(frozen=True)
class EncoderBase:
    """The trained encoder with its head for the source's labels."""

    classifier: Classifier
    seconds: float  # of training
    key: str

    def logits(self, examples: Examples, device: str) -> NDArray[np.float32]:
        """Logits of the examples, [n, classes]; computed once for the same rows of a corpus, on one thread."""
        def make() -> ArraysAndFacts:
            with one_thread():
                return {"logits": self.classifier.logits(examples.texts(), device)}, {}

        return np.asarray(derived(examples.corpus, "encoder-logits", self._key(examples.rows), make).array("logits"))

    def _key(self, rows: NDArray[np.int64]) -> list[object]:
        return [self.key, store.key_of(rows.tolist())]


def base_recipe(device: str, epochs: int = 0) -> EncoderRecipe:
    """How an encoder is trained on the source; 0 epochs means the device's own number."""
    recipe = CPU_RECIPE if device == "cpu" else GPU_RECIPE
    return replace(recipe, epochs=epochs or recipe.epochs)


def base_texts(device: str, in_all: int, asked: int = 0) -> int:
    """How many texts of the source it is trained on; 0 asks for the device's own number."""
    return min(asked or (CPU_TEXTS if device == "cpu" else in_all), in_all)


def folder_of(root: Path, spec: EncoderBaseSpec) -> Path:
    """Where the base is kept in the cache `root`."""
    return root / "encoder-bases" / store.key_of(spec.describe())


def train_encoder(spec: EncoderBaseSpec, root: Path,
                  watch: Callable[[dict[str, Any]], None] = lambda event: None) -> EncoderBase:
    """The base that `spec` describes, from the cache `root` or trained now; one that was interrupted begins anew.

    `watch` gets {"step", "steps", "loss", "tokens_per_second"}.
    """
    folder = folder_of(root, spec)
    with locked(folder.with_suffix(".lock"), f"waiting for another process that trains the encoder {folder.name}"):
        return load_encoder_base(folder) or _train(spec, folder, watch)


def load_encoder_base(folder: Path) -> EncoderBase | None:
    """The base saved at `folder`, its digests checked; None where it is missing, or damaged and therefore removed."""
    entry = store.load(folder)
    return None if entry is None else _opened(folder, str(entry.facts["files"]))


@lru_cache(1)
def _opened(folder: Path, files: str) -> EncoderBase:
    """The base of an entry whose files have these digests."""
    from safetensors.numpy import load

    facts = json.loads((folder / store.FACTS).read_text(encoding="utf-8"))
    params = load((folder / PARAMS).read_bytes())
    head = Head(params.pop(HEAD), params.pop(HEAD_BIAS))
    network = EncoderNetwork(json.loads((folder / CONFIG).read_text(encoding="utf-8")),
                             (folder / TOKENIZER).read_bytes(), params)
    return EncoderBase(Classifier(network, head, int(facts["word_pieces"])), float(facts["seconds"]), folder.name)


def _train(spec: EncoderBaseSpec, folder: Path, watch: Callable[[dict[str, Any]], None]) -> EncoderBase:
    from safetensors.numpy import save

    if spec.recipe.epochs < 1:
        raise BenchError(f"{spec.recipe.epochs} epochs train nothing", "1 or more")
    examples = spec.data.examples(spec.rows)
    network = open_network(spec.encoder)
    began, pieces_read, losses = time.perf_counter(), 0, []

    def step(done: int, total: int, loss: float, pieces: int) -> None:
        nonlocal pieces_read
        pieces_read += pieces
        losses.append(loss)
        watch({"step": done, "steps": total, "loss": float(np.mean(losses[-20:])),
               "tokens_per_second": pieces_read / (time.perf_counter() - began)})

    batches = Batches(network.pieces(examples.texts(), spec.word_pieces), examples.labels, BATCH,
                      ("encoder-base", spec.source))
    network, head = train(network, new_head(network, len(spec.data.labels)), batches, spec.recipe, spec.device, step)
    files = {PARAMS: save({**network.params, HEAD: head.weight, HEAD_BIAS: head.bias}),
             CONFIG: json.dumps(network.config).encode(), TOKENIZER: network.tokenizer}
    seconds = time.perf_counter() - began
    store.save(folder, files, {**spec.describe(), "seconds": seconds, "n_train": len(examples)})
    return EncoderBase(Classifier(network, head, spec.word_pieces), seconds, folder.name)


def new_head(network: EncoderNetwork, classes: int) -> Head:
    """A head that says nothing yet."""
    return Head(np.zeros((classes, int(network.config["hidden_size"])), np.float32), np.zeros(classes, np.float32))
