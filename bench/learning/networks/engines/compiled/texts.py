"""Texts side by side in the order of their lengths, longest first: at each step only those that still have a word.

The token of `text` (by that order) at `step` has the place `starts[step] + text`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from bench.data.text import PADDING
from bench.learning.networks.engines.compiled.options import (
    NUMBERS,
    PLACES,
    READ_NUMBERS,
    READ_PLACES,
    Numbers,
    Places,
    kernel,
    place,
)

NONE = np.int32(-1)
NO_WORD = np.int32(PADDING)


@kernel(READ_NUMBERS, READ_PLACES, READ_PLACES, returns=types.Tuple((PLACES, PLACES, NUMBERS)))  # type: ignore[no-untyped-call]
def side_by_side(ids: Numbers, offsets: Places, rows: Places) -> tuple[Places, Places, Numbers]:
    """The texts `rows` of a Ragged: their order [n], `starts` [steps + 1] and the word of each token [N].

    A text without words counts as one of one word, the padding.
    """
    n = len(rows)
    longest = 1
    for row in rows:
        longest = max(longest, offsets[row + 1] - offsets[row])
    of_length = np.zeros(longest + 2, np.int64)
    for row in rows:
        of_length[max(1, offsets[row + 1] - offsets[row])] += 1
    starts, place_of = np.zeros(longest + 1, np.int64), np.zeros(longest + 2, np.int64)
    for length in range(longest, 0, -1):  # place_of[length]: the first of the texts of this length
        place_of[length - 1] = place_of[length] + of_length[length]
    for step in range(longest):
        starts[step + 1] = starts[step] + place_of[step]  # so many texts are longer than `step`
    order = np.empty(n, np.int64)
    for i in range(n):
        length = max(1, offsets[rows[i] + 1] - offsets[rows[i]])
        order[place_of[length]] = i
        place_of[length] += 1
    words = np.empty(starts[-1], np.int32)
    for b in range(n):
        first, end = offsets[rows[order[b]]], offsets[rows[order[b]] + 1]
        if first == end:
            words[b] = NO_WORD
        for i in range(first, end):
            words[starts[i - first] + b] = ids[i]
    return order, starts, words


@kernel(NUMBERS, place, returns=PLACES)
def number_distinct(words: Numbers, vocabulary: int) -> Places:
    """The distinct words [D], in the order of their first places; `words` becomes each one's number among these."""
    numbers = np.full(vocabulary, NONE, np.int32)
    distinct = np.empty(min(vocabulary, len(words)), np.int64)
    count = 0
    for i in range(len(words)):
        word = words[i]
        if numbers[word] == NONE:
            numbers[word] = count
            distinct[count] = word
            count += 1
        words[i] = numbers[word]
    return distinct[:count].copy()


@kernel(NUMBERS, PLACES, PLACES, returns=NUMBERS)
def backwards(words: Numbers, starts: Places, lengths: Places) -> Numbers:
    """The words of the same texts, each from its last to its first; lengths [n], at least 1, in their order."""
    turned = np.empty_like(words)
    for b in range(len(lengths)):
        for step in range(lengths[b]):
            turned[starts[step] + b] = words[starts[lengths[b] - 1 - step] + b]
    return turned
