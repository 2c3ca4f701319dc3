"""An encoder fine-tuned on a trial's labelled texts, as every strategy that trains one does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Examples
from bench.learning.encoder_base import BATCH
from bench.learning.encoder_network import Classifier, EncoderNetwork, EncoderRecipe, Head, features, one_thread, train
from bench.learning.models.encoder_model import EncoderModel
from bench.learning.models.model import Fitted
from bench.learning.networks.batches import Batches
from bench.learning.probe import fit_probe
from bench.learning.resources import Resources
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial

ENCODER_LEARNING_RATE = 1e-4


def encoder_recipe(labelled: int, learning_rate: float) -> EncoderRecipe:
    """How long to train on so many labelled texts: ten epochs of 32, five of 128, two of 512, one of thousands."""
    steps = -(-labelled // BATCH)
    return EncoderRecipe(int(np.clip(round(14 / steps**0.5), 1, 10)), learning_rate)


def fine_tune_encoder(network: EncoderNetwork, head: Head | None, word_pieces: int, trial: Trial,
                      resources: Resources, name: str, learning_rate: float) -> Fitted:
    """All weights trained on the labelled texts; without a head it starts from a logistic regression (LP-FT).

    The order of the batches depends on `name`, the target and the trial's seed.
    """
    labelled, device = trial.labelled, resources.device
    pieces = network.pieces(labelled.texts(), word_pieces)
    if head is None:
        with one_thread():
            vectors = features(network, pieces, device)
        probe = fit_probe(vectors, labelled.labels, resources.seed, trial.class_weight)
        linear = probe.head(len(trial.labels))
        head = Head(linear.weight.astype(np.float32), linear.bias.astype(np.float32))
    batches = Batches(pieces, labelled.labels, BATCH, (name, trial.target, trial.seed),
                      class_weights=trial.class_weights)
    with one_thread():
        tuned = Classifier(*train(network, head, batches, encoder_recipe(len(labelled), learning_rate), device),
                           word_pieces)

    def predict(examples: Examples) -> NDArray[np.float32]:
        with one_thread():
            return softmax(tuned.logits(examples.texts(), device))

    return Fitted(predict, lambda: EncoderModel(tuned, device))
