"""A trained network with its words, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.text import Vocabulary
from bench.learning.models.model import ModelError, ModelParts, encoded
from bench.learning.networks.architectures import HEAD, POOLINGS, Architecture, Params, shapes
from bench.learning.networks.engines import ENGINES, engine
from bench.protocol.metrics import softmax


@dataclass(frozen=True)
class NetworkModel:
    """A network; the head is applied here, in the precision of its weights (float64 for a probe)."""

    net: Architecture
    params: dict[str, NDArray[Any]]
    vocabulary: Vocabulary
    engine: str  # that trained it, and by which it predicts
    device: str = "auto"

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.net.classes

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The network's probabilities, [n, classes]."""
        found = engine(self.engine)
        have = found.devices()
        device = have[0] if self.device == "auto" else self.device
        if device not in have:
            raise BenchError(f"device {device!r} does not answer to {self.engine}", f"there is: {', '.join(have)}")
        params: Params = {name: np.asarray(value, np.float32) for name, value in self.params.items()}
        features = found.features(self.net, params, encoded(texts, self.vocabulary), device)
        weight = self.params[HEAD]
        return softmax(features.astype(weight.dtype) @ weight.T + self.params["head.bias"])

    def parts(self) -> ModelParts:
        """The net's sizes, its weights and its words."""
        return ModelParts({"net": self.net.as_json(), "engine": self.engine}, self.params, self.vocabulary.words)

    @classmethod
    def of(cls, parts: ModelParts) -> NetworkModel:
        """The model of these parts; every shape is checked before a framework sees it."""
        net, name = _net(parts.settings.get("net")), parts.settings.get("engine")
        if name not in ENGINES:
            raise ModelError(f"unknown engine {name!r}")
        vocabulary = Vocabulary(parts.words)
        expected = shapes(net, len(vocabulary))
        if surplus := sorted(set(parts.arrays) - set(expected)):
            raise ModelError(f"its weights hold {surplus[0]!r}, which a {net.kind} does not have")
        params = {name: parts.array(name, "f", *shape) for name, shape in expected.items()}
        return cls(net, params, vocabulary, str(name))


def _net(given: object) -> Architecture:
    """The net of a card, every field of its type and in a sensible range."""
    if not isinstance(given, dict) or set(given) != {f.name for f in fields(Architecture)}:
        raise ModelError("its card does not say the sizes of its net")
    if not isinstance(given["kind"], str) or given["kind"] not in POOLINGS:
        raise ModelError(f"its card says kind = {str(given['kind'])[:40]!r} of its net")
    choices = {"kind": tuple(POOLINGS), "pooling": POOLINGS[given["kind"]], "glove": ("no", "start", "frozen")}
    for name, value in given.items():
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**8
        if name in choices:
            right = value in choices[name]
        elif name == "widths":
            right = isinstance(value, list | tuple) and all(isinstance(w, int) and 0 < w < 1000 for w in value)
            right = right and bool(value) == (given["kind"] in ("cnn", "textcnn"))
        elif name == "dropout":
            right = isinstance(value, int | float) and 0 <= value < 1
        else:
            right = whole and (value > 0 or name == "words")
        if not right:
            raise ModelError(f"its card says {name} = {str(value)[:40]!r} of its net")
    return Architecture(**{**given, "widths": tuple(given["widths"])})
