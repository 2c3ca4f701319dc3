"""Word vectors learned from texts without labels, by skip-gram with negative sampling (Mikolov et al. 2013)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for, seed_for
from bench.data.text import Ragged

DIMENSIONS = 64
WINDOW, NEGATIVES = 5, 5  # words on each side; negative samples of each word
OFTEN = 1e-4  # a word's share of all words above which its occurrences are thinned out
RATE, LAST_RATE = 0.05, 5e-5
LEAST = 2  # times that a word must occur
PARTS, SHARES = 8, 2  # the texts in parts, each part in shares that two threads learn from; their changes are added
DRAWS = 2_000_000  # length of the table of negative samples
FORM = 1  # raise it when the vectors of the same texts become others


def learn(texts: Ragged, words: int) -> NDArray[np.float32]:
    """Vectors [words, DIMENSIONS] of the words 0 to `words` - 1; zeros for one that occurs less than LEAST times.

    One pass over the texts in a drawn order. The result does not depend on how many cores there are. The compiled
    kernels must be `ready`.
    """
    from bench.learning.networks.engines.compiled import skip_gram

    counts = np.bincount(texts.ids, minlength=words)
    known = np.flatnonzero(counts >= LEAST)
    vectors = np.zeros((words, DIMENSIONS), np.float32)
    if not len(known):
        return vectors
    number = np.full(words, -1, np.int32)
    number[known] = np.arange(len(known), dtype=np.int32)
    order = generator_for("skip-gram order").permutation(len(texts))
    texts = texts.take(order).renumber(number)
    share = counts[known] / counts[known].sum()
    kept = np.minimum(1.0, np.sqrt(OFTEN / share) + OFTEN / share).astype(np.float32)
    draws = counts[known] ** 0.75
    drawn = np.repeat(np.arange(len(known), dtype=np.int32),
                      np.maximum(1, np.round(draws / draws.sum() * DRAWS)).astype(np.int64))
    inputs = ((generator_for("skip-gram start").random((len(known), DIMENSIONS), np.float32) - 0.5)
              / np.float32(DIMENSIONS))
    outputs = np.zeros_like(inputs)
    cuts = np.linspace(0, len(texts), PARTS * SHARES + 1).astype(np.int64)
    rates = np.linspace(RATE, LAST_RATE, PARTS + 1)

    def learn_share(place: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        its_inputs, its_outputs, rate = inputs.copy(), outputs.copy(), place // SHARES
        skip_gram.learn(texts.ids, texts.offsets, int(cuts[place]), int(cuts[place + 1]), kept, drawn, its_inputs,
                        its_outputs, WINDOW, NEGATIVES, np.float32(rates[rate]), np.float32(rates[rate + 1]),
                        np.uint64(seed_for("skip-gram", place)))
        return its_inputs, its_outputs

    with ThreadPoolExecutor(SHARES) as threads:
        for part in range(PARTS):
            learned = list(threads.map(learn_share, range(part * SHARES, (part + 1) * SHARES)))
            inputs = inputs + sum(of_share - inputs for of_share, _ in learned)
            outputs = outputs + sum(of_share - outputs for _, of_share in learned)
    vectors[known] = inputs
    return vectors
