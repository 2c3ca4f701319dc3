"""A pre-trained sentence encoder with logistic regression on the source's and the target's texts together."""

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
    fit_weighted_probe,
)

NEEDS = frozenset({"sentences", "source-sentences", "same-labels", "one-class"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = SOURCE_TEXTS,
        word_pieces: int = SOURCE_WORD_PIECES, heaviest: float = 16.0, penalty: float = 0.01) -> Fitted:
    """All target texts weigh as much as all encoded source texts, but none more than `heaviest` source texts.

    The rule is that of tfidf-joint (Daumé III 2007, WEIGHTED). `penalty` is scikit-learn's C.
    """
    from sklearn.utils.class_weight import compute_sample_weight

    source, classes, n = resources.need_source_sentences(), len(trial.labels), len(trial.labelled)
    x = np.concatenate([source.vectors, resources.sentences(trial.labelled, model)])
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    by_class = compute_sample_weight(trial.class_weight, trial.labelled.labels)  # all 1, or the classes in equal parts
    weight = np.concatenate([np.ones(len(source.vectors)), min(heaviest, len(source.vectors) / n) * by_class])
    probe = fit_weighted_probe(x, y, weight, penalty)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return probe(resources.sentences(examples, model), classes)

    def as_model() -> SentenceModel:
        head = probe.head(classes)
        return SentenceModel(head.weight, head.bias, resources.encoder(model))

    return Fitted(predict, as_model)
