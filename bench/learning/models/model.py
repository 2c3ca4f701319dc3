"""A fitted model as a value: it predicts any text, and can be taken apart to be saved."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.text import UNKNOWN, Ragged, Vocabulary
from bench.data.tokens import tokens

if TYPE_CHECKING:
    from bench.data.corpus import Examples
    from bench.protocol.trial import Predictor


class ModelError(BenchError):
    """A model folder that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "bench fit makes a new one")


@dataclass(frozen=True)
class ModelParts:
    """What a model consists of, as it is saved."""

    settings: Mapping[str, Any] = field(default_factory=dict)  # JSON
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    words: tuple[str, ...] = ()  # that the model knows, in the order of its arrays' rows

    def array(self, name: str, kind: str, *shape: int | None) -> NDArray[Any]:
        """The array `name` of floats or integers (`kind` "f" or "i") and of this `shape` (None: any size).

        Raises `ModelError` where it is missing, of another kind or shape, or not finite.
        """
        array = self.arrays.get(name)
        if array is None:
            raise ModelError(f"there is no array {name!r} in its weights")
        fits = array.ndim == len(shape) and all(n in (None, size) for size, n in zip(array.shape, shape, strict=True))
        if not fits or array.dtype.kind != kind:
            expected = ", ".join("any" if n is None else str(n) for n in shape)
            raise ModelError(f"its array {name!r} is {array.dtype} [{', '.join(map(str, array.shape))}], expected "
                             f"{'numbers' if kind == 'f' else 'integers'} [{expected}]")
        if kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"its array {name!r} holds NaN or infinite values")
        return array


class Model(Protocol):
    """A classifier of texts."""

    @property
    def classes(self) -> int:
        """The number of classes."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities of cleaned texts (`bench.data.text.clean`), [n, classes]."""

    def parts(self) -> ModelParts:
        """What it consists of."""

    @classmethod
    def from_parts(cls, parts: ModelParts) -> Model:
        """The model made of `parts`, which may come from a stranger; raises `ModelError` where they do not fit."""


@dataclass(frozen=True)
class Fitted:
    """What a strategy's `fit` returns: a predictor for the trial's corpus, and the same as a model for any text."""

    predict: Predictor
    model: Callable[[], Model]  # called by `bench fit` alone
    members: Mapping[str, float] = field(default_factory=dict)  # strategies that it is made of, with their weights

    def __call__(self, examples: Examples) -> NDArray[np.float32]:
        """Probabilities, [n, classes]."""
        return self.predict(examples)


# kind in a model's card -> its class; no other class is ever loaded
KINDS: Mapping[str, str] = {
    "constant": "bench.learning.models.model:ConstantModel",
    "net": "bench.learning.models.network_model:NetworkModel",
    "linear": "bench.learning.models.linear_model:LinearModel",
    "sentence": "bench.learning.models.sentence_model:SentenceModel",
    "encoder": "bench.learning.models.encoder_model:EncoderModel",
    "forest": "bench.learning.models.forest_model:ForestModel",
    "ngram-network": "bench.learning.models.ngram_network_model:NgramNetworkModel",
    "mean": "bench.learning.models.mean_model:MeanModel",
}


def kind_of(model: Model) -> str:
    """The model's kind in `KINDS`; raises `BenchError` for a class that is not among them."""
    class_path = f"{type(model).__module__}:{type(model).__qualname__}"
    for kind, path in KINDS.items():
        if path == class_path:
            return kind
    raise BenchError(f"a model of the class {class_path} cannot be saved", f"only: {', '.join(KINDS)}")


def class_of(kind: object) -> type[Model]:
    """The class of a kind; imports its module now, not before. Raises `ModelError` for an unknown kind."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(f"unknown kind of model {kind!r}")
    module, _, name = KINDS[kind].partition(":")
    return cast("type[Model]", getattr(importlib.import_module(module), name))


def encode_with_vocabulary(texts: Iterable[str], vocabulary: Vocabulary) -> Ragged:
    """Texts as word numbers of a vocabulary; other words are UNKNOWN."""
    get = vocabulary.numbers.get
    parts = [np.array([get(t, UNKNOWN) for t in tokens(text)], np.int32) for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    return Ragged(np.concatenate(parts) if parts else np.empty(0, np.int32), offsets)


@dataclass(frozen=True)
class ConstantModel:
    """The same probabilities for every text."""

    share: NDArray[np.float32]  # probability of each class, [classes]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.share)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The shares, repeated for each text."""
        return np.tile(self.share, (len(texts), 1))

    def parts(self) -> ModelParts:
        """Its shares."""
        return ModelParts(arrays={"share": self.share})

    @classmethod
    def from_parts(cls, parts: ModelParts) -> ConstantModel:
        """The model of these parts."""
        return cls(parts.array("share", "f", None))


def constant(share: NDArray[np.float32]) -> Fitted:
    """The answer that is the same for every text: the probability of each class, [classes]."""
    return Fitted(lambda examples: np.tile(share, (len(examples), 1)), lambda: ConstantModel(share))
