"""TF-IDF of words and word pairs with hidden layers beside it and a linear classifier on both, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.models.linear_model import LinearModel, ascending
from bench.learning.models.model import ModelError, ModelParts
from bench.protocol.metrics import softmax

MAX_LAYERS = 100
TEXTS_AT_ONCE = 256  # whose features are dense: 256 texts of 5,000 n-grams are 5 MB


@dataclass(frozen=True)
class NgramNetworkModel:
    """The classifier's logits from the n-grams (`linear`) and from all hidden layers; tanh after each layer."""

    linear: LinearModel
    layers: tuple[NDArray[np.float32], ...]  # each [d_out, d_in + 1]; the last column is the bias
    head: NDArray[np.float32]  # [classes, all d_out together]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.linear.classes

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, [n, classes]."""
        parts = [self._probabilities(texts[i:i + TEXTS_AT_ONCE]) for i in range(0, len(texts), TEXTS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.empty((0, self.classes), np.float32)

    def _probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        row, column, value = self.linear.entries(texts)
        x = np.zeros((len(texts), len(self.linear.grams)), np.float32)
        x[row, column] = value
        logits, first = x @ self.linear.weight.T + self.linear.bias, 0
        for layer in self.layers:
            x = np.tanh(x @ layer[:, :-1].T + layer[:, -1])
            logits += x @ self.head[:, first:first + len(layer)].T
            first += len(layer)
        return softmax(logits)

    def parts(self) -> ModelParts:
        """Its n-grams, words, layers and classifier."""
        linear = self.linear.parts()
        layers = {f"layer.{i}": layer for i, layer in enumerate(self.layers)}
        return ModelParts({"layers": len(self.layers)}, {**linear.arrays, **layers, "head": self.head}, linear.words)

    @classmethod
    def from_parts(cls, parts: ModelParts) -> NgramNetworkModel:
        """The model of these parts; raises `ModelError` where a layer does not fit the one below it."""
        linear, count = LinearModel.from_parts(parts), parts.settings.get("layers")
        if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MAX_LAYERS:
            raise ModelError(f"its card states layers = {str(count)[:40]!r}, expected 1 to {MAX_LAYERS}")
        layers, width = [], len(linear.grams)
        for i in range(count):
            layers.append(parts.array(f"layer.{i}", "f", None, width + 1))
            width = len(layers[-1])
        return cls(linear, tuple(layers), parts.array("head", "f", linear.classes, sum(map(len, layers))))

    @classmethod
    def from_ngrams(cls, words: Sequence[str], grams: NDArray[np.int32], idf: NDArray[Any],
                    layers: Sequence[NDArray[Any]], weight: NDArray[Any], bias: NDArray[Any]) -> NgramNetworkModel:
        """The model on n-grams of `words`, two indices each [k, 2] (-1: no second word), in any order.

        `idf` [k] and the columns of the first layer are in the same order. `weight` [classes, k + all d_out] is of the
        n-grams and then of the layers' outputs.
        """
        k, (_, _, order) = len(grams), ascending(words, grams)
        linear = LinearModel.from_ngrams(words, grams, idf, weight[:, :k], bias)
        first = layers[0][:, np.append(order, k)]
        return cls(linear, tuple(np.asarray(layer, np.float32) for layer in (first, *layers[1:])),
                   np.asarray(weight[:, k:], np.float32))
