"""Multi-task learning: shared layers, a head for the source and one for the target, trained together (Caruana 1997)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    EMBEDDING,
    HEAD,
    HEAD_BIAS,
    LEARNING_RATE,
    NEW_LABELS_LEARNING_RATE,
    SPECIALS,
    UNKNOWN,
    Batches,
    Fitted,
    Params,
    Ragged,
    Resources,
    Trial,
    fine_tuning_recipe_for,
    fitted_network,
    generator_for,
    to_embedding_rows,
    train_on_batches,
    warm_start,
    with_classes,
)

REFERENCES = ("caruana1997multitask",)  # bench/references.toml
NEEDS = frozenset({"base", "source", "one-class"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = LEARNING_RATE,
        new_labels: float = NEW_LABELS_LEARNING_RATE) -> Fitted:
    """The base goes on learning both tasks: each epoch is the labelled target texts and as many source texts.

    Every epoch draws other source texts. Starting from the base makes a trial cost two fine-tunings; from random
    weights it would cost as much as training a base. Where the labels are the source's, both heads start as the base's.
    """
    assert resources.source is not None
    base, classes = resources.need_base(), len(trial.labels)
    seed_names = ("multitask", trial.target, trial.seed)
    target_net, params = warm_start(trial, resources)
    recipe = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels)
    recipe = replace(recipe, batch=2 * recipe.batch)

    # Two heads side by side, the target's first.
    net = with_classes(base.net, classes + base.net.classes)
    params = {**params, **{name: np.concatenate([params[name], base.params[name]]) for name in (HEAD, HEAD_BIAS)}}
    params, source_words = _with_source_words(params, trial, resources)

    # The source texts of all epochs, [epochs * n]: a permutation, repeated where the source is too small.
    n = len(trial.labelled)
    drawn = np.resize(generator_for(*seed_names).permutation(len(resources.source)), recipe.epochs * n)
    rows, position = np.unique(drawn, return_inverse=True)
    source = resources.source.part(rows)

    x = _joined(to_embedding_rows(trial.labelled.x), source.x.renumber(source_words))
    y = np.concatenate([trial.labelled.labels, classes + source.labels])
    epoch_rows = tuple(np.concatenate([np.arange(n), n + part]) for part in position.reshape(recipe.epochs, n))
    weights = trial.class_weights
    weights = None if weights is None else np.pad(weights, (0, base.net.classes), constant_values=1.0)
    batches = Batches(x, y, recipe.batch, seed_names, (classes, base.net.classes), epoch_rows, weights)
    trained = train_on_batches(net, params, batches, recipe, resources)

    words = len(trial.labelled.corpus.words) + SPECIALS
    target_params = {**trained, HEAD: trained[HEAD][:classes], HEAD_BIAS: trained[HEAD_BIAS][:classes],
                     EMBEDDING: trained[EMBEDDING][:words]}

    def embed_words(new_words: Sequence[str]) -> NDArray[np.float32]:
        """Rows of words that the target's corpus does not hold; those of the base's words were trained too."""
        embedded, table = resources.base_rows(trial.labelled.corpus, new_words), base.vocabulary.table(new_words)
        known = table != UNKNOWN
        embedded[known] = trained[EMBEDDING][words + table[known] - SPECIALS]
        return embedded

    return fitted_network(target_net, target_params, trial, resources, embed_words)


def _with_source_words(params: Params, trial: Trial, resources: Resources) -> tuple[Params, NDArray[np.int32]]:
    """`params` with the base's embedding rows appended; and the row of each word of the source's corpus, [words].

    A word that the target's corpus holds too has the same row for both.
    """
    assert resources.source is not None
    base, rows = resources.need_base(), params[EMBEDDING]
    target_rows = {word: i + SPECIALS for i, word in enumerate(trial.labelled.corpus.words)}
    words = resources.source.corpus.words
    base_rows = base.vocabulary.table(words)
    shared = np.array([target_rows.get(word, -1) for word in words], np.int32)
    appended = np.where(base_rows >= SPECIALS, base_rows - SPECIALS + len(rows), base_rows)
    return ({**params, EMBEDDING: np.concatenate([rows, base.params[EMBEDDING][SPECIALS:]])},
            np.where(shared >= 0, shared, appended))


def _joined(a: Ragged, b: Ragged) -> Ragged:
    return Ragged(np.concatenate([a.ids, b.ids]), np.concatenate([a.offsets, a.offsets[-1] + b.offsets[1:]]))
