"""Training a network on a trial's labelled examples; shared by every baseline that does so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Corpus, Examples
from bench.data.text import SPECIALS, UNKNOWN, Ragged, Vocabulary
from bench.learning.models.model import Fitted
from bench.learning.models.network_model import NetworkModel
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params, with_classes
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.networks.engines import name_of
from bench.learning.pretrain import OF_WORDS
from bench.learning.probe import probe
from bench.learning.resources import Resources
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial

EMBEDDING_RATE = 3.0  # as a multiple
LEARNING_RATE, NEW_LABELS = 1e-3, 5e-3  # of the base, where the labels are the source's and where not


def fine_tuning_recipe(labelled: int, learning_rate: float) -> Recipe:
    """Steps for a budget: small batches and many epochs for few labels, about 150 to 400 steps in all."""
    batch = 16 if labelled <= 256 else 32 if labelled <= 1024 else 64
    steps = -(-labelled // batch)
    epochs = int(np.clip(round(240 / steps), 4, 30))
    return replace(OF_WORDS, epochs=epochs, batch=batch, learning_rate=learning_rate, shards=1,
                   rates=((EMBEDDING, EMBEDDING_RATE),))


def corpus_words(x: Ragged) -> Ragged:
    """A corpus's word numbers as rows of an embedding that begins with the specials."""
    return Ragged(x.ids + np.int32(SPECIALS), x.offsets)


def train(net: Architecture, params: Params, trial: Trial, spec: Recipe, resources: Resources, name: str,
          *stage: object) -> Params:
    """Train on the trial's labelled examples; `params` has an embedding row for each word of their corpus.

    `name`, the target, the trial's seed and `stage` are the seed of the batches.
    """
    batches = Batches(corpus_words(trial.labelled.x), trial.labelled.labels, spec.batch,
                      (name, trial.target, trial.seed, *stage), class_weights=trial.class_weights)
    return train_on(net, params, batches, spec, resources)


def train_on(net: Architecture, params: Params, batches: Batches, spec: Recipe, resources: Resources) -> Params:
    """Train on batches of texts whose word numbers are rows of the embedding in `params`; longer texts are clipped.

    Only the rows of words that occur in the texts can change, so only those are given to the engine.
    """
    x = batches.x.clip(net.most_tokens)
    used = np.unique(np.concatenate([np.arange(SPECIALS, dtype=np.int32), x.ids]))
    table = np.zeros(len(params[EMBEDDING]), np.int32)
    table[used] = np.arange(len(used))
    small = {**params, EMBEDDING: params[EMBEDDING][used]}
    trained = resources.engine.fit(net, small, replace(batches, x=x.renumber(table)), spec, resources.device)
    whole = params[EMBEDDING].copy()
    whole[used] = trained[EMBEDDING]
    return {**trained, EMBEDDING: whole}


def fine_tuning_recipe_for(trial: Trial, resources: Resources, learning_rate: float, new_labels: float) -> Recipe:
    """How the base learns on: slowly where the question stays the same, else at `new_labels`."""
    return fine_tuning_recipe(len(trial.labelled), learning_rate if resources.same_labels else new_labels)


def warm_start(trial: Trial, resources: Resources) -> tuple[Architecture, Params]:
    """The base for the trial's texts and labels: its head is kept where the labels are the source's.

    Else the head begins as a logistic regression on the base's features of the labelled examples, so that the layers
    below are not changed by the errors of a head that was drawn (LP-FT, Kumar et al. 2022).
    """
    base, labelled = resources.need_base().net, trial.labelled
    net, params = with_classes(base, len(trial.labels)), resources.base_params(labelled.corpus)
    if not resources.same_labels:
        x = resources.engine.features(base, params, corpus_words(labelled.x), resources.device)
        head = probe(x, labelled.labels, trial.seed, trial.class_weight).head(len(trial.labels))
        params = {**params, HEAD: head.weight.astype(np.float32), "head.bias": head.bias.astype(np.float32)}
    return net, params


def fine_tune(trial: Trial, resources: Resources, learning_rate: float = LEARNING_RATE,
              new_labels: float = NEW_LABELS) -> tuple[Architecture, Params]:
    """The base with every weight trained on the labelled target examples (Howard & Ruder 2018)."""
    net, params = warm_start(trial, resources)
    spec = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels)
    return net, train(net, params, trial, spec, resources, "finetune")


Rows = Callable[[Sequence[str]], NDArray[np.float32]]  # embedding rows of words, [words, embedding]


def predictor(
    net: Architecture, params: Params, trial: Trial, resources: Resources, beyond: Rows | None = None
) -> Fitted:
    """The network as a predictor for examples of the trial's corpus, and as a model for any text.

    `beyond` gives the embedding rows of words that the corpus does not hold; without it they are unknown.
    """
    def predict(examples: Examples) -> NDArray[np.float32]:
        assert examples.corpus is trial.labelled.corpus, "a network knows the words of one corpus"
        return softmax(resources.engine.scores(net, params, corpus_words(examples.x), resources.device))

    return Fitted(predict, lambda: net_model(net, params, trial.labelled.corpus, resources, beyond))


def net_model(net: Architecture, params: Mapping[str, NDArray[Any]], corpus: Corpus, resources: Resources,
              beyond: Rows | None) -> NetworkModel:
    """The network with the words of a corpus and those `beyond` it, less those that are as good as unknown."""
    words, rows = list(corpus.words), params[EMBEDDING]
    if beyond and (more := resources.words_beyond(corpus)):
        words, rows = words + more, np.concatenate([rows, beyond(more)])
    known = np.flatnonzero((rows[SPECIALS:] != rows[UNKNOWN]).any(axis=1))
    vocabulary = Vocabulary(tuple(words[i] for i in known))
    rows = np.concatenate([rows[:SPECIALS], rows[SPECIALS:][known]])
    return NetworkModel(net, {**params, EMBEDDING: rows}, vocabulary, name_of(resources.engine))
