"""A pre-trained sentence encoder with logistic regression on the source's and the target's texts together."""

import numpy as np

from bench.api import (
    BUNDLED_ENCODER,
    SOURCE_TEXTS,
    SOURCE_WORD_PIECES,
    Fitted,
    Resources,
    Trial,
    fit_weighted_probe,
    fitted_sentences,
    weights_of_labelled,
)

REFERENCES = ("reimers2019sentence", "daume2007frustratingly")  # bench/references.toml
NEEDS = frozenset({"sentences", "source-sentences", "same-labels", "one-class"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = SOURCE_TEXTS,
        word_pieces: int = SOURCE_WORD_PIECES, heaviest: float = 16.0, penalty: float = 0.01) -> Fitted:
    """All target texts weigh as much as all encoded source texts, but none more than `heaviest` source texts.

    The rule is that of tfidf-joint (Daumé III 2007, WEIGHTED). `penalty` is scikit-learn's C.
    """
    source = resources.need_source_sentences()
    x = np.concatenate([source.vectors, resources.sentences(trial.labelled, model)])
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    of_source = np.ones(len(source.vectors))
    weight = np.concatenate([of_source, weights_of_labelled(trial, len(of_source), heaviest)])
    probe = fit_weighted_probe(x, y, weight, penalty)
    return fitted_sentences(probe, resources, model, len(trial.labels))
