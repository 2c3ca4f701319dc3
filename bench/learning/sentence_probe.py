"""A linear layer on a pre-trained encoder's vectors as a fitted strategy: what it predicts, the model that is saved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Examples
from bench.learning.models.model import Fitted
from bench.learning.models.sentence_model import SentenceModel
from bench.learning.probe import Probe
from bench.learning.resources import Resources


def fitted_sentences(probe: Probe, resources: Resources, model: str, classes: int) -> Fitted:
    """The classifier `probe` on the vectors of the encoder `model`."""
    def predict(examples: Examples) -> NDArray[np.float32]:
        return probe(resources.sentences(examples, model), classes)

    def as_model() -> SentenceModel:
        head = probe.head(classes)
        return SentenceModel(head.weight, head.bias, resources.encoder(model))

    return Fitted(predict, as_model)
