"""Training a network on a trial's labelled examples, as every strategy with a network does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Corpus, Examples
from bench.data.text import SPECIALS, UNKNOWN, Ragged, Vocabulary
from bench.learning.features.glove import map_from_glove, through
from bench.learning.known_words import SEEN
from bench.learning.models.model import Fitted
from bench.learning.models.network_model import NetworkModel
from bench.learning.networks.architectures import (
    EMBEDDING,
    HEAD,
    HEAD_BIAS,
    Architecture,
    Params,
    initial_params,
    place_vectors,
    with_classes,
)
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.networks.engines import name_of, possible
from bench.learning.pretrain import COMMON_RECIPE, MIN_STEPS, SMALL_SOURCE_RECIPE
from bench.learning.probe import fit_probe
from bench.learning.resources import Resources
from bench.protocol.metrics import softmax
from bench.protocol.trial import Trial

LEARNING_RATE = 1e-3  # of the base on the target, where the target's labels are the source's
NEW_LABELS_LEARNING_RATE = 5e-3  # the same where they are not
EMBEDDING_RATE_FACTOR = 3.0  # the embedding's learning rate as a multiple of the network's


def fine_tuning_recipe(labelled: int, learning_rate: float) -> Recipe:
    """How to train on so many labelled texts: about 150 to 400 steps in all, in small batches where labels are few."""
    batch = 16 if labelled <= 256 else 32 if labelled <= 1024 else 64
    steps = -(-labelled // batch)
    epochs = int(np.clip(round(240 / steps), 4, 30))
    return replace(COMMON_RECIPE, epochs=epochs, batch=batch, learning_rate=learning_rate, shards=1,
                   rates=((EMBEDDING, EMBEDDING_RATE_FACTOR),))


def from_scratch_recipe(labelled: int, learning_rate: float) -> Recipe:
    """How to train a new network on so many labelled texts: as a base on a small source, in smaller batches where few.

    About 500 steps in all, or three epochs. The embedding learns at the network's rate; with more than 256 labels also
    against adversarial steps, which a base has behind it.
    """
    batch = 16 if labelled <= 256 else 32
    steps = -(-labelled // batch)
    epochs = int(np.clip(-(-MIN_STEPS // steps), SMALL_SOURCE_RECIPE.epochs, 30))
    return replace(COMMON_RECIPE, epochs=epochs, batch=batch, learning_rate=learning_rate, shards=1,
                   adversarial=0.0 if labelled <= 256 else 1.0)


def fine_tuning_recipe_for(
    trial: Trial, resources: Resources, learning_rate: float, new_labels_learning_rate: float
) -> Recipe:
    """`fine_tuning_recipe` for a trial's base, at the learning rate for the source's labels or for new ones."""
    return fine_tuning_recipe(len(trial.labelled),
                              learning_rate if resources.same_labels else new_labels_learning_rate)


def to_embedding_rows(x: Ragged) -> Ragged:
    """A corpus's word numbers as rows of an embedding, whose first rows are the specials (padding, unknown)."""
    return Ragged(x.ids + np.int32(SPECIALS), x.offsets)


def train_on_trial(net: Architecture, params: Params, trial: Trial, recipe: Recipe, resources: Resources, name: str,
                   *stage: object) -> Params:
    """Train on the trial's labelled examples; `params` has an embedding row for each word of their corpus.

    The order of the batches and all other random draws depend on `name`, the target, the trial's seed and `stage`.
    """
    batches = Batches(to_embedding_rows(trial.labelled.x), trial.labelled.labels, recipe.batch,
                      (name, trial.target, trial.seed, *stage), class_weights=trial.class_weights)
    return train_on_batches(net, params, batches, recipe, resources)


def train_on_batches(net: Architecture, params: Params, batches: Batches, recipe: Recipe,
                     resources: Resources) -> Params:
    """Train on batches of texts whose ids are rows of the embedding in `params`; longer texts are clipped.

    Only the rows of words that occur in the texts can change, so the engine gets only those. MXNet leaves out the
    recipe's adversarial steps.
    """
    recipe = possible(recipe, name_of(resources.engine))
    x = batches.x.clip(net.most_tokens)
    used = np.unique(np.concatenate([np.arange(SPECIALS, dtype=np.int32), x.ids]))
    table = np.zeros(len(params[EMBEDDING]), np.int32)
    table[used] = np.arange(len(used))
    small = {**params, EMBEDDING: params[EMBEDDING][used]}
    trained = resources.engine.fit(net, small, replace(batches, x=x.renumber(table)), recipe, resources.device)
    embedding = params[EMBEDDING].copy()
    embedding[used] = trained[EMBEDDING]
    return {**trained, EMBEDDING: embedding}


def warm_start(trial: Trial, resources: Resources) -> tuple[Architecture, Params]:
    """The base for the trial's texts and labels; its head is kept where the labels are the source's.

    Otherwise the head starts as a logistic regression on the base's features of the labelled examples, so that the
    errors of a random head do not change the layers below (LP-FT, Kumar et al. 2022).
    """
    base, labelled = resources.need_base().net, trial.labelled
    net, params = with_classes(base, len(trial.labels)), resources.base_params(labelled.corpus)
    if not resources.same_labels:
        x = resources.engine.features(base, params, to_embedding_rows(labelled.x), resources.device)
        head = fit_probe(x, labelled.labels, trial.seed, trial.class_weight).head(len(trial.labels))
        params = {**params, HEAD: head.weight.astype(np.float32), HEAD_BIAS: head.bias.astype(np.float32)}
    return net, params


def unfreeze_gradually(trial: Trial, resources: Resources, learning_rate: float, new_labels_learning_rate: float,
                       decay: float) -> tuple[Architecture, Params]:
    """The base trained on the labelled examples: the head, then the encoder too, then the embedding (ULMFiT).

    Each layer learns `decay` times slower than the one above. A quarter of fine-tuning's epochs goes to each of the
    first two stages and half to the last.
    """
    net, params = warm_start(trial, resources)
    recipe = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels_learning_rate)
    quarter = max(1, recipe.epochs // 4)
    encoder = tuple(name for name in params if not name.startswith(("head.", "embedding.")))
    rates = (("", 1 / decay), ("head.", 1.0), ("embedding.", EMBEDDING_RATE_FACTOR * decay**-2))
    stages = (((*encoder, "embedding."), quarter), (("embedding.",), quarter), ((), 2 * quarter))
    for frozen, epochs in stages:
        stage = replace(recipe, frozen=frozen, epochs=epochs, rates=rates)
        params = train_on_trial(net, params, trial, stage, resources, "gradual", len(frozen))
    return net, params


def fine_tune(trial: Trial, resources: Resources, learning_rate: float = LEARNING_RATE,
              new_labels_learning_rate: float = NEW_LABELS_LEARNING_RATE) -> tuple[Architecture, Params]:
    """The base with every weight trained on the labelled target examples (Howard & Ruder 2018)."""
    net, params = warm_start(trial, resources)
    recipe = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels_learning_rate)
    return net, train_on_trial(net, params, trial, recipe, resources, "finetune")


def train_from_scratch(trial: Trial, resources: Resources, learning_rate: float) -> Fitted:
    """The run's network with new weights, trained on the labelled target examples.

    Words begin with their GloVe vectors, where the resources offer them and the network begins with them, else at
    random. A word that the labelled examples do not teach (with vectors: one that occurs less than twice) begins with
    its vector and nothing else, or as the unknown word where it has none. After training such vectors are moved as
    those of the taught words were, by a ridge regression on GloVe, as for words that a base does not know.
    """
    net, corpus = resources.net, trial.labelled.corpus
    params = initial_params(net, len(corpus.words) + SPECIALS, "scratch", trial.target, trial.seed)
    rows = params[EMBEDDING]
    counts = np.bincount(trial.labelled.x.ids, minlength=len(corpus.words))
    vectors = None if net.glove == "no" else resources.vectors
    recipe = from_scratch_recipe(len(trial.labelled), learning_rate)
    if vectors is None:
        rows[SPECIALS:][counts == 0] = rows[UNKNOWN]
        trained = train_on_trial(net, params, trial, recipe, resources, "scratch")
        return fitted_network(net, trained, trial, resources)
    of_words, known = vectors.of(corpus)
    taught = counts >= SEEN
    rows[SPECIALS:][~taught] = _rows_of_vectors(of_words[~taught], rows[UNKNOWN])
    place_vectors(params, of_words)
    start = rows[SPECIALS:].copy()
    if net.glove == "frozen":
        recipe = replace(recipe, frozen=("embedding.",))
    trained = train_on_trial(net, params, trial, recipe, resources, "scratch")
    embedding = trained[EMBEDDING].copy()
    to_move = map_from_glove(of_words[taught & known], (embedding[SPECIALS:] - start)[taught & known])
    untaught = known & ~taught
    embedding[SPECIALS:][untaught] += through(of_words[untaught], to_move).astype(np.float32)

    def embed(words: Sequence[str]) -> NDArray[np.float32]:
        looked_up = vectors.look_up(words)
        rows, there = _rows_of_vectors(looked_up, embedding[UNKNOWN]), looked_up.any(axis=1)
        rows[there] += through(looked_up[there], to_move).astype(np.float32)
        return rows

    return fitted_network(net, {**trained, EMBEDDING: embedding}, trial, resources, embed)


def _rows_of_vectors(vectors: NDArray[np.float32], unknown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embedding rows [words, embedding] of words in no labelled text: their vector and zeros, or the unknown word's."""
    known = vectors.any(axis=1)
    rows = np.tile(unknown, (len(vectors), 1))
    rows[known] = 0.0
    width = min(vectors.shape[1], rows.shape[1])
    rows[known, :width] = vectors[known, :width]
    return rows


EmbedWords = Callable[[Sequence[str]], NDArray[np.float32]]  # words -> their rows of the embedding, [words, embedding]


def fitted_network(
    net: Architecture, params: Params, trial: Trial, resources: Resources, embed_words: EmbedWords | None = None
) -> Fitted:
    """What `fit` returns for a trained network: a predictor for the trial's corpus, and a model for any text.

    `embed_words` gives the embedding rows of words that the corpus does not hold; without it they are unknown.
    """
    def predict(examples: Examples) -> NDArray[np.float32]:
        assert examples.corpus is trial.labelled.corpus, "a network knows the words of one corpus"
        return softmax(resources.engine.scores(net, params, to_embedding_rows(examples.x), resources.device))

    return Fitted(predict, lambda: network_model(net, params, trial.labelled.corpus, resources, embed_words))


def network_model(net: Architecture, params: Mapping[str, NDArray[Any]], corpus: Corpus, resources: Resources,
                  embed_words: EmbedWords | None) -> NetworkModel:
    """The network as a model for any text.

    It knows the words of the corpus and, with `embed_words`, those that the base or GloVe knows besides; words whose
    row is the unknown word's are left out.
    """
    words, rows = list(corpus.words), params[EMBEDDING]
    if embed_words and (more := resources.words_beyond(corpus)):
        words, rows = words + more, np.concatenate([rows, embed_words(more)])
    known = np.flatnonzero((rows[SPECIALS:] != rows[UNKNOWN]).any(axis=1))
    vocabulary = Vocabulary(tuple(words[i] for i in known))
    rows = np.concatenate([rows[:SPECIALS], rows[SPECIALS:][known]])
    return NetworkModel(net, {**params, EMBEDDING: rows}, vocabulary, name_of(resources.engine))
