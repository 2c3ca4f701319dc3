"""A small pre-trained encoder, all of it fine-tuned on the source and then on the target (Howard & Ruder 2018)."""

from bench.api import (
    BUNDLED_ENCODER,
    WORD_PIECES,
    Fitted,
    Resources,
    Trial,
    fine_tune_encoder,
)

REFERENCES = ("howard2018universal", "devlin2019bert", "kumar2022finetuning")  # bench/references.toml
NEEDS = frozenset({"encoder-base", "one-class"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = 0,
        word_pieces: int = WORD_PIECES, epochs: int = 0, learning_rate: float = 5e-5) -> Fitted:
    """The base is that of `encoder-source-only`; `epochs` are those on the source.

    Where the labels are the source's, the base's head is kept; else it starts as a logistic regression.
    """
    base = resources.need_encoder_base().classifier
    return fine_tune_encoder(base.network, base.head if resources.same_labels else None, base.word_pieces, trial,
                             resources, "encoder-finetune", learning_rate)
