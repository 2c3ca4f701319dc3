"""A linear layer on a packaged sentence encoder, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.features import sentence_encoder
from bench.learning.models.model import ModelError, ModelParts
from bench.protocol.metrics import softmax


@dataclass(frozen=True)
class SentenceModel:
    """Only the layer is saved; the encoder comes from its package, known by the checksum of its weights."""

    weight: NDArray[np.float64]  # [classes, d]
    bias: NDArray[np.float64]  # [classes]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.bias)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, [n, classes]; raises `MissingExtra` where the encoder is not installed."""
        logits: NDArray[Any] = sentence_encoder.vectors(texts) @ self.weight.T + self.bias
        return softmax(logits)

    def parts(self) -> ModelParts:
        """The layer, and the checksum of the encoder it was fitted on."""
        return ModelParts({"encoder": sentence_encoder.SHA256}, {"weight": self.weight, "bias": self.bias})

    @classmethod
    def from_parts(cls, parts: ModelParts) -> SentenceModel:
        """The model of these parts."""
        if parts.settings.get("encoder") != sentence_encoder.SHA256:
            raise ModelError("it was made for another sentence encoder")
        bias = parts.array("bias", "f", None)
        return cls(parts.array("weight", "f", len(bias), sentence_encoder.DIMENSIONS), bias)
