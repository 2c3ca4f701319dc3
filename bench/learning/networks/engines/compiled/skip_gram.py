"""Skip-gram with negative sampling (Mikolov et al. 2013), one pass over some texts.

All words around a word share its negative samples (Ji et al. 2016), so that their rows are in the processor's cache.
"""

from __future__ import annotations

import numpy as np
from numba import types

from bench.learning.networks.engines.compiled.options import (
    FLOATS,
    MATRIX,
    NUMBERS,
    PLACES,
    Floats,
    Numbers,
    Places,
    decimal,
    kernel,
    part,
    place,
)
from bench.learning.networks.engines.compiled.recurrence import sigmoid

F, U = np.float32, np.uint64


@part
def _next(state: np.uint64) -> np.uint64:
    """The next state of a linear congruential generator; its upper 31 bits are used (Knuth's MMIX)."""
    return state * U(6364136223846793005) + U(1442695040888963407)


@part
def _product(a: Floats, b: Floats) -> np.float32:
    total = F(0.0)
    for k in range(a.shape[0]):
        total += a[k] * b[k]
    return total


@part
def _add(scale: np.float32, a: Floats, to: Floats) -> None:
    for k in range(a.shape[0]):
        to[k] += scale * a[k]


@kernel(NUMBERS, PLACES, place, place, FLOATS, NUMBERS, MATRIX, MATRIX, place, place, decimal, decimal, types.uint64)
def learn(words: Numbers, offsets: Places, first: int, last: int, kept: Floats, drawn: Numbers, inputs: Floats,
          outputs: Floats, window: int, negatives: int, rate: np.float32, last_rate: np.float32,
          state: np.uint64) -> None:
    """Change the vectors of words `inputs` [V, d], and those of their neighbours `outputs` [V, d], by some texts.

    words: of all texts, -1 where a word has no vector; text i is words[offsets[i]:offsets[i + 1]], and `first` to
    `last` are read. kept [V]: the chance that an occurrence counts. drawn: words in the shares of negative samples.
    A word's neighbours are up to `window` words away, its own reach drawn evenly. The learning rate falls from `rate`
    to `last_rate`.
    """
    d, shares = inputs.shape[1], U(drawn.shape[0])
    longest = 0
    for text in range(first, last):
        longest = max(longest, offsets[text + 1] - offsets[text])
    line = np.empty(longest, np.int32)
    near = np.empty(2 * window, np.int32)
    changes, change = np.empty((2 * window, d), F), np.empty(d, F)
    total = max(offsets[last] - offsets[first], 1)
    for text in range(first, last):
        now = rate + (last_rate - rate) * F((offsets[text] - offsets[first]) / total)
        length = 0
        for i in range(offsets[text], offsets[text + 1]):
            word = words[i]
            if word < 0:
                continue
            state = _next(state)
            if F(state >> U(40)) * F(2.0**-24) <= kept[word]:
                line[length] = word
                length += 1
        for i in range(length):
            state = _next(state)
            reach = 1 + int((state >> U(33)) % U(window))
            around = 0
            for j in range(max(0, i - reach), min(length, i + reach + 1)):
                if j != i:
                    near[around] = line[j]
                    changes[around] = F(0.0)
                    around += 1
            for sample in range(negatives + 1):
                other, label = line[i], F(1.0)
                if sample:
                    state = _next(state)
                    other, label = drawn[(state >> U(33)) % shares], F(0.0)
                    if other == line[i]:
                        continue
                output = outputs[other]
                change[:] = F(0.0)
                for j in range(around):
                    vector = inputs[near[j]]
                    step = now * (label - sigmoid(_product(vector, output)))
                    _add(step, output, changes[j])
                    _add(step, vector, change)
                _add(F(1.0), change, output)
            for j in range(around):
                _add(F(1.0), changes[j], inputs[near[j]])
