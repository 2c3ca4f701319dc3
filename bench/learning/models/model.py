"""A fitted model as a value: it predicts texts that stand in no corpus, and can be taken apart to be kept."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.text import UNKNOWN, Ragged, Vocabulary, tokens

if TYPE_CHECKING:
    from bench.data.corpus import Examples
    from bench.protocol.trial import Predictor


class ModelError(BenchError):
    """A model folder that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "bench fit makes it anew")


@dataclass(frozen=True)
class ModelParts:
    """What a model is made of."""

    settings: Mapping[str, Any] = field(default_factory=dict)  # JSON
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    words: tuple[str, ...] = ()  # that it knows, in the order of its arrays' rows

    def array(self, name: str, kind: str, *shape: int | None) -> NDArray[Any]:
        """The array `name` of floats or ints (`kind` "f" or "i"), its sizes `shape` (None: any); else `ModelError`."""
        found = self.arrays.get(name)
        if found is None:
            raise ModelError(f"there is no array {name!r} in its weights")
        fits = found.ndim == len(shape) and all(want in (None, have) for have, want in zip(found.shape, shape,
                                                                                          strict=True))
        if not fits or found.dtype.kind != kind:
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            raise ModelError(f"its array {name!r} is {found.dtype} [{', '.join(map(str, found.shape))}], expected "
                             f"{'numbers' if kind == 'f' else 'integers'} [{wanted}]")
        if kind == "f" and not np.isfinite(found).all():
            raise ModelError(f"its array {name!r} holds NaN or infinite values")
        return found


class Model(Protocol):
    """A classifier of texts."""

    @property
    def classes(self) -> int:
        """The number of classes."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities of cleaned texts (`bench.text.clean`), [n, classes]."""

    def parts(self) -> ModelParts:
        """What it is made of."""

    @classmethod
    def of(cls, parts: ModelParts) -> Model:
        """The model made of `parts`, which may come from a stranger; `ModelError` where they do not fit together."""


@dataclass(frozen=True)
class Fitted:
    """What a baseline's `fit` returns: a predictor for the trial's corpus, and the same as a model for any text."""

    predict: Predictor
    model: Callable[[], Model]  # made when it is asked for, by `bench fit`

    def __call__(self, examples: Examples) -> NDArray[np.float32]:
        """Probabilities, [n, classes]."""
        return self.predict(examples)


# kind in a model's card -> its class; nothing else is ever loaded
KINDS: Mapping[str, str] = {
    "constant": "bench.learning.models.model:ConstantModel",
    "net": "bench.learning.models.network_model:NetworkModel",
    "linear": "bench.learning.models.linear_model:LinearModel",
    "sentence": "bench.learning.models.sentence_model:SentenceModel",
    "forest": "bench.learning.models.forest_model:ForestModel",
}


def kind_of(model: Model) -> str:
    """The model's name in `KINDS`; `BenchError` where it is of no kind that can be kept."""
    where = f"{type(model).__module__}:{type(model).__qualname__}"
    for kind, known in KINDS.items():
        if known == where:
            return kind
    raise BenchError(f"a model of the class {where} cannot be kept", f"only: {', '.join(KINDS)}")


def class_of(kind: object) -> type[Model]:
    """The class of a kind; imports its module now, not before."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(f"unknown kind of model {kind!r}")
    module, _, name = KINDS[kind].partition(":")
    return cast("type[Model]", getattr(importlib.import_module(module), name))


def encoded(texts: Iterable[str], vocabulary: Vocabulary) -> Ragged:
    """Texts as numbers of a vocabulary; other words are UNKNOWN."""
    get = vocabulary.numbers.get
    parts = [np.array([get(t, UNKNOWN) for t in tokens(text)], np.int32) for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    return Ragged(np.concatenate(parts) if parts else np.empty(0, np.int32), offsets)


@dataclass(frozen=True)
class ConstantModel:
    """The same probabilities for every text."""

    share: NDArray[np.float32]  # [classes]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.share)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The shares, once a text."""
        return np.tile(self.share, (len(texts), 1))

    def parts(self) -> ModelParts:
        """Its shares."""
        return ModelParts(arrays={"share": self.share})

    @classmethod
    def of(cls, parts: ModelParts) -> ConstantModel:
        """The model of these parts."""
        return cls(parts.array("share", "f", None))
