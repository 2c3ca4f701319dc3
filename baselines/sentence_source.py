"""A pre-trained sentence encoder with logistic regression on the source's texts; no target label is used."""

from bench.api import (
    BUNDLED_ENCODER,
    SOURCE_TEXTS,
    SOURCE_WORD_PIECES,
    Fitted,
    Resources,
    Trial,
    fit_probe,
    fitted_sentences,
)

REFERENCES = ("reimers2019sentence",)  # bench/references.toml
NEEDS = frozenset({"sentences", "source-sentences", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = SOURCE_TEXTS,
        word_pieces: int = SOURCE_WORD_PIECES) -> Fitted:
    """The encoder `model` reads a sample of `source_texts` texts, of each the first `word_pieces`."""
    source = resources.need_source_sentences()
    probe = fit_probe(source.vectors, source.examples.labels, 0)  # the same in every trial
    return fitted_sentences(probe, resources, model, len(trial.labels))
