"""A linear layer on a pre-trained sentence encoder, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.brief import shown
from bench.data.http import Access
from bench.learning.features import sentence_encoder
from bench.learning.features.encoders import BUNDLED, BUNDLED_ENCODER, DIMENSIONS, Encoder, find_encoder
from bench.learning.models.model import ModelError, ModelParts
from bench.protocol.metrics import softmax


@dataclass(frozen=True)
class SentenceModel:
    """Only the layer is saved, with the name and the digest of the encoder, which comes from where it came from."""

    weight: NDArray[np.float64]  # [classes, d]
    bias: NDArray[np.float64]  # [classes]
    encoder: Encoder = BUNDLED_ENCODER

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.bias)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, [n, classes]; raises `BenchError` where the encoder is not installed, or is another now."""
        logits: NDArray[Any] = sentence_encoder.vectors(texts, self.encoder) @ self.weight.T + self.bias
        return softmax(logits)

    def parts(self) -> ModelParts:
        """The layer, and which encoder it was fitted on."""
        encoder = self.encoder
        place = {} if encoder.is_bundled else {"model": encoder.place}
        return ModelParts({"encoder": encoder.sha256, **place}, {"weight": self.weight, "bias": self.bias})

    @classmethod
    def from_parts(cls, parts: ModelParts) -> SentenceModel:
        """The model of these parts."""
        model = parts.settings.get("model", BUNDLED)
        encoder = find_encoder(model, Access()) if isinstance(model, str) else None
        if encoder is None or parts.settings.get("encoder") != encoder.sha256:
            raise ModelError(f"it was made for another sentence encoder than {shown(model)} is here")
        bias = parts.array("bias", "f", None)
        return cls(parts.array("weight", "f", len(bias), DIMENSIONS if encoder.is_bundled else None), bias, encoder)
