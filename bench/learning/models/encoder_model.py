"""A fine-tuned encoder with its head, as a model: the whole of it is saved, so it needs nothing but transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.learning.encoder_network import Classifier, EncoderNetwork, Head, check
from bench.learning.models.model import ModelError, ModelParts
from bench.protocol.metrics import softmax

TOKENIZER, HEAD, HEAD_BIAS = "tokenizer", "head.weight", "head.bias"
MOST_WORD_PIECES = 1 << 17


@dataclass(frozen=True)
class EncoderModel:
    """Reads any text; `device` is where it computes."""

    classifier: Classifier
    device: str = "cpu"

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.classifier.head.bias)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, [n, classes]; raises `MissingExtra` where the extra is not installed."""
        return softmax(self.classifier.logits(texts, self.device))

    def parts(self) -> ModelParts:
        """The weights, the tokenizer as bytes, and what says how they are put together."""
        network, head = self.classifier.network, self.classifier.head
        tokenizer = np.frombuffer(network.tokenizer, np.uint8)
        return ModelParts({"config": dict(network.config), "word_pieces": self.classifier.word_pieces},
                          {**network.params, HEAD: head.weight, HEAD_BIAS: head.bias, TOKENIZER: tokenizer})

    @classmethod
    def from_parts(cls, parts: ModelParts) -> EncoderModel:
        """The model of these parts."""
        config, word_pieces = parts.settings.get("config"), parts.settings.get("word_pieces")
        if not isinstance(config, dict) or type(word_pieces) is not int or not 0 < word_pieces <= MOST_WORD_PIECES:
            raise ModelError("its card does not state the encoder's config and its word pieces")
        own = (TOKENIZER, HEAD, HEAD_BIAS)
        params = {name: parts.array(name, "f", *array.shape) for name, array in parts.arrays.items() if name not in own}
        network = EncoderNetwork(config, parts.array(TOKENIZER, "u", None).tobytes(), params)
        bias = parts.array(HEAD_BIAS, "f", None)
        try:
            size = check(network)
        except BenchError as error:
            raise ModelError(error.message) from None
        return cls(Classifier(network, Head(parts.array(HEAD, "f", len(bias), size), bias), word_pieces))
