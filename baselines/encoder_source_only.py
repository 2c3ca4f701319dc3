"""A small pre-trained encoder, all of it fine-tuned on the source (Devlin et al. 2019), with no target label used."""

import numpy as np
from numpy.typing import NDArray

from bench.api import BUNDLED_ENCODER, WORD_PIECES, EncoderModel, Examples, Fitted, Resources, Trial, softmax

REFERENCES = ("devlin2019bert",)  # bench/references.toml
NEEDS = frozenset({"encoder-base", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, source_texts: int = 0,
        word_pieces: int = WORD_PIECES, epochs: int = 0) -> Fitted:
    """The encoder `model` is trained on `source_texts` texts (0: 1,800 on a CPU, all on a GPU) for so many `epochs`.

    0 epochs means one on a CPU and two, at half the learning rate, on a GPU. It reads the first `word_pieces` of each
    text. It is trained once, before the trials, and saved.
    """
    base = resources.need_encoder_base()

    def predict(examples: Examples) -> NDArray[np.float32]:
        return softmax(base.logits(examples, resources.device))

    return Fitted(predict, lambda: EncoderModel(base.classifier, resources.device))
