"""A small pre-trained encoder fine-tuned on the target alone (Devlin et al. 2019): the zero of encoder-finetune."""

from bench.api import (
    BUNDLED_ENCODER,
    WORD_PIECES,
    Fitted,
    Resources,
    Trial,
    fine_tune_encoder,
    open_network,
)

REFERENCES = ("devlin2019bert",)  # bench/references.toml
NEEDS = frozenset({"encoder"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, word_pieces: int = WORD_PIECES,
        learning_rate: float = 1e-4) -> Fitted:
    """Everything but the source: the same encoder, and a head that starts as a logistic regression."""
    return fine_tune_encoder(open_network(resources.encoder(model)), None, word_pieces, trial, resources,
                             "encoder-scratch", learning_rate)
