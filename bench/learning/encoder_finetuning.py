"""An encoder fine-tuned on a trial's labelled texts, as every strategy that trains one does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.data.text import Ragged
from bench.learning.encoder_base import BATCH
from bench.learning.encoder_contrast import contrast
from bench.learning.encoder_network import Classifier, EncoderNetwork, EncoderRecipe, Head, features, one_thread, train
from bench.learning.models.encoder_model import EncoderModel
from bench.learning.models.model import Fitted
from bench.learning.networks.batches import Batches
from bench.learning.probe import fit_probe, linear_head
from bench.learning.resources import Resources
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial


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
            head = _probe_head(network, pieces, trial, resources)
    batches = Batches(pieces, labelled.labels, BATCH, (name, trial.target, trial.seed),
                      class_weights=trial.class_weights)
    with one_thread():
        tuned = Classifier(*train(network, head, batches, encoder_recipe(len(labelled), learning_rate), device),
                           word_pieces)
    return fitted_encoder(tuned, device)


def fit_setfit(network: EncoderNetwork, word_pieces: int, trial: Trial, resources: Resources, learning_rate: float,
               readings: int, most_steps: int) -> Fitted:
    """A contrastive loss on the labelled texts trains the encoder, then a logistic regression learns from its vectors.

    The batches read each text about `readings` times, but no more than `most_steps` batches are read.
    """
    labelled, device = trial.labelled, resources.device
    for name, value in (("readings", readings), ("most_steps", most_steps)):
        if not isinstance(value, int) or value < 1:
            raise BenchError(f"{name} = {value} trains nothing", "1 or more")
    steps = min(most_steps, -(-readings * len(labelled) // BATCH))
    pieces = network.pieces(labelled.texts(), word_pieces)
    with one_thread():
        network = contrast(network, pieces, labelled.labels, steps, learning_rate, device,
                           ("setfit", trial.target, trial.seed))
        head = _setfit_head(features(network, pieces, device), trial)
        tuned = Classifier(network, head, word_pieces)
    return fitted_encoder(tuned, device)


def fitted_encoder(tuned: Classifier, device: str) -> Fitted:
    """A trained encoder with its head as a fitted strategy."""
    def predict(examples: Examples) -> NDArray[np.float32]:
        with one_thread():
            return softmax(tuned.logits(examples.texts(), device))

    return Fitted(predict, lambda: EncoderModel(tuned, device))


def _setfit_head(vectors: NDArray[np.float32], trial: Trial) -> Head:
    """A logistic regression with the paper's penalty (C of 1), on vectors [n, d] with a mean length of 1.

    Contrast has told the labelled texts apart already, so cross-validation on them would choose hardly any penalty, and
    the probabilities would be far too certain.
    """
    from sklearn.linear_model import LogisticRegression

    length = float(np.linalg.norm(vectors, axis=1).mean())
    model = LogisticRegression(C=1.0, max_iter=500, class_weight=trial.class_weight)
    linear = linear_head(model.fit(vectors / length, trial.labelled.labels), len(trial.labels))
    return Head((linear.weight / length).astype(np.float32), linear.bias.astype(np.float32))


def _probe_head(network: EncoderNetwork, pieces: Ragged, trial: Trial, resources: Resources) -> Head:
    """A logistic regression on the vectors of the labelled texts, as a head for all classes."""
    vectors = features(network, pieces, resources.device)
    probe = fit_probe(vectors, trial.labelled.labels, resources.seed, trial.class_weight)
    linear = probe.head(len(trial.labels))
    return Head(linear.weight.astype(np.float32), linear.bias.astype(np.float32))
