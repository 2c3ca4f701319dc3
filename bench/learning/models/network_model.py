"""A trained network and its words, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.brief import shown
from bench.core.errors import BenchError
from bench.data.text import Vocabulary
from bench.learning.models.model import ModelError, ModelParts, encode_with_vocabulary
from bench.learning.networks.architectures import HEAD, HEAD_BIAS, POOLINGS, Architecture, Params, weight_shapes
from bench.learning.networks.engines import ENGINES, engine
from bench.protocol.metrics import softmax


@dataclass(frozen=True)
class NetworkModel:
    """A network; its head is applied here, in the precision of the head's weights (float64 for a probe)."""

    net: Architecture
    params: dict[str, NDArray[Any]]
    vocabulary: Vocabulary
    engine: str  # that trained it and that predicts with it
    device: str = "auto"

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.net.classes

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The network's probabilities, [n, classes]; raises `BenchError` where the engine lacks the device."""
        framework = engine(self.engine)
        available = framework.devices()
        device = available[0] if self.device == "auto" else self.device
        if device not in available:
            raise BenchError(f"{self.engine} finds no device {device!r}", f"available: {', '.join(available)}")
        params: Params = {name: np.asarray(value, np.float32) for name, value in self.params.items()}
        features = framework.features(self.net, params, encode_with_vocabulary(texts, self.vocabulary), device)
        weight = self.params[HEAD]
        return softmax(features.astype(weight.dtype) @ weight.T + self.params[HEAD_BIAS])

    def parts(self) -> ModelParts:
        """Its architecture, weights and words."""
        return ModelParts({"net": self.net.as_json(), "engine": self.engine}, self.params, self.vocabulary.words)

    @classmethod
    def from_parts(cls, parts: ModelParts) -> NetworkModel:
        """The model of these parts; every shape is checked before a framework sees it."""
        net, name = _architecture(parts.settings.get("net")), parts.settings.get("engine")
        if not isinstance(name, str) or name not in ENGINES:
            raise ModelError(f"unknown engine {shown(name)}")
        vocabulary = Vocabulary(parts.words)
        expected = weight_shapes(net, len(vocabulary))
        if surplus := sorted(set(parts.arrays) - set(expected)):
            raise ModelError(f"its weights hold {surplus[0]!r}, which a {net.kind} does not have")
        params = {name: parts.array(name, "f", *shape) for name, shape in expected.items()}
        return cls(net, params, vocabulary, name)


def _architecture(card: object) -> Architecture:
    """The architecture that a model's card states; raises `ModelError` for a field of a wrong type or range."""
    if not isinstance(card, dict) or set(card) != {f.name for f in fields(Architecture)}:
        raise ModelError("its card does not state the sizes of its net")
    if not isinstance(card["kind"], str) or card["kind"] not in POOLINGS:
        raise ModelError(f"its card states kind = {str(card['kind'])[:40]!r} for its net")
    choices = {"kind": tuple(POOLINGS), "pooling": POOLINGS[card["kind"]], "glove": ("no", "start", "frozen")}
    for name, value in card.items():
        is_size = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**8
        if name in choices:
            valid = value in choices[name]
        elif name == "widths":
            valid = isinstance(value, list | tuple) and all(isinstance(w, int) and 0 < w < 1000 for w in value)
            valid = valid and bool(value) == (card["kind"] in ("cnn", "textcnn"))
        elif name == "dropout":
            valid = isinstance(value, int | float) and 0 <= value < 1
        else:
            valid = is_size and (value > 0 or name == "words")
        if not valid:
            raise ModelError(f"its card states {name} = {str(value)[:40]!r} for its net")
    return Architecture(**{**card, "widths": tuple(card["widths"])})
