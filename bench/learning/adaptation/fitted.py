"""A classifier on n-grams of both domains as a fitted strategy: what it predicts, and the model that is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Examples
from bench.learning.adaptation.denoising import hidden_layers
from bench.learning.adaptation.ngrams import JointNgrams
from bench.learning.models.linear_model import LinearModel
from bench.learning.models.model import Fitted
from bench.learning.models.ngram_network_model import NgramNetworkModel
from bench.learning.probe import Head
from bench.protocol.metrics import softmax

TEXTS_AT_ONCE = 1_000  # whose hidden layers are in memory


def fitted_linear(ngrams: JointNgrams, head: Head) -> Fitted:
    """A linear classifier on the n-grams."""
    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(ngrams.of_target(examples) @ head.weight.T + head.bias)

    def as_model() -> LinearModel:
        return LinearModel.from_ngrams(*ngrams.words_and_ngrams(), ngrams.idf, head.weight, head.bias)

    return Fitted(predict, as_model)


def fitted_layers(ngrams: JointNgrams, layers: Sequence[NDArray[np.float32]], head: Head) -> Fitted:
    """A linear classifier on the n-grams and on the outputs of all hidden layers, in this order."""
    k = len(ngrams.idf)

    def logits(examples: Examples) -> NDArray[Any]:
        x = ngrams.of_target(examples)
        return np.asarray(x @ head.weight[:, :k].T + hidden_layers(x, layers) @ head.weight[:, k:].T + head.bias)

    def predict(examples: Examples) -> NDArray[np.float32]:
        parts = [examples.part(np.arange(first, min(first + TEXTS_AT_ONCE, len(examples))))
                 for first in range(0, max(len(examples), 1), TEXTS_AT_ONCE)]
        return softmax(np.concatenate([logits(part) for part in parts]))

    def as_model() -> NgramNetworkModel:
        return NgramNetworkModel.from_ngrams(*ngrams.words_and_ngrams(), ngrams.idf, layers, head.weight, head.bias)

    return Fitted(predict, as_model)
