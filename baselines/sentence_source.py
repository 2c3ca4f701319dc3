"""A pre-trained sentence encoder with logistic regression on the source's texts; no target label is used."""

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    BUNDLED_ENCODER,
    SOURCE_TEXTS,
    SOURCE_WORD_PIECES,
    Examples,
    Fitted,
    Resources,
    SentenceModel,
    Trial,
    fit_probe,
)

NEEDS = frozenset({"sentences", "source-sentences", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = SOURCE_TEXTS,
        word_pieces: int = SOURCE_WORD_PIECES) -> Fitted:
    """The encoder `model` reads a sample of `source_texts` texts, of each the first `word_pieces`."""
    source, classes = resources.need_source_sentences(), len(trial.labels)
    probe = fit_probe(source.vectors, source.examples.labels, 0)  # the same in every trial

    def predict(examples: Examples) -> NDArray[np.float32]:
        return probe(resources.sentences(examples, model), classes)

    def as_model() -> SentenceModel:
        head = probe.head(classes)
        return SentenceModel(head.weight, head.bias, resources.encoder(model))

    return Fitted(predict, as_model)
