"""Multi-task learning: shared layers, a head for the source and one for the target, trained together (Caruana 1997)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    EMBEDDING,
    HEAD,
    LEARNING_RATE,
    NEW_LABELS,
    SPECIALS,
    UNKNOWN,
    Batches,
    Fitted,
    Params,
    Ragged,
    Resources,
    Trial,
    corpus_words,
    fine_tuning_recipe_for,
    generator_for,
    predictor,
    train_on,
    warm_start,
    with_classes,
)

NEEDS = frozenset({"base", "source"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = LEARNING_RATE,
        new_labels: float = NEW_LABELS) -> Fitted:
    """The base's layers go on learning both tasks: each epoch is the labelled target texts and as many of the source.

    Beginning at the base makes a trial cost twice a fine-tuning; from random weights it would cost a base's training.
    Every epoch draws other source texts. Where the labels are the source's, both heads begin as the base's.
    """
    assert resources.source is not None
    base, own, seed = resources.need_base(), len(trial.labels), (trial.target, trial.seed)
    target, params = warm_start(trial, resources)
    net = with_classes(base.net, own + base.net.classes)
    params = {**params, **{k: np.concatenate([params[k], base.params[k]]) for k in (HEAD, "head.bias")}}
    spec = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels)
    spec = replace(spec, batch=2 * spec.batch)

    n, pool = len(trial.labelled), len(resources.source)
    drawn = np.resize(
        generator_for("multitask", *seed).permutation(pool), spec.epochs * n
    )  # [epochs * n], again from the start
    rows, again = np.unique(drawn, return_inverse=True)
    source = resources.source.part(rows)
    params, table = _with_source_words(params, trial, resources)
    x = _joined(corpus_words(trial.labelled.x), source.x.renumber(table))
    y = np.concatenate([trial.labelled.labels, own + source.labels])
    members = tuple(np.concatenate([np.arange(n), n + part]) for part in again.reshape(spec.epochs, n))
    weights = trial.class_weights
    weights = None if weights is None else np.pad(weights, (0, base.net.classes), constant_values=1.0)
    batches = Batches(x, y, spec.batch, ("multitask", *seed), (own, base.net.classes), members, weights)
    trained = train_on(net, params, batches, spec, resources)
    words = len(trial.labelled.corpus.words) + SPECIALS
    kept = {**trained, HEAD: trained[HEAD][:own], "head.bias": trained["head.bias"][:own],
            EMBEDDING: trained[EMBEDDING][:words]}

    def beyond(more: Sequence[str]) -> NDArray[np.float32]:
        """Rows of words that the target's corpus has not: the base's own were trained too."""
        new, table = resources.base_rows(trial.labelled.corpus, more), base.vocabulary.table(more)
        known = table != UNKNOWN
        new[known] = trained[EMBEDDING][words + table[known] - SPECIALS]
        return new

    return predictor(target, kept, trial, resources, beyond)


def _with_source_words(params: Params, trial: Trial, resources: Resources) -> tuple[Params, NDArray[np.int32]]:
    """`params` with rows added for what the base knows and the target's corpus has not; rows of the source's words."""
    assert resources.source is not None
    base, rows = resources.need_base(), params[EMBEDDING]
    theirs = {word: i + SPECIALS for i, word in enumerate(trial.labelled.corpus.words)}
    known = resources.source.corpus.words
    table = base.vocabulary.table(known)  # rows of the base's embedding
    mine = np.array([theirs.get(word, -1) for word in known], np.int32)
    return ({**params, EMBEDDING: np.concatenate([rows, base.params[EMBEDDING][SPECIALS:]])},
            np.where(mine >= 0, mine, np.where(table >= SPECIALS, table - SPECIALS + len(rows), table)))


def _joined(a: Ragged, b: Ragged) -> Ragged:
    return Ragged(np.concatenate([a.ids, b.ids]), np.concatenate([a.offsets, a.offsets[-1] + b.offsets[1:]]))
