"""A GRU over texts of words for a CPU: forward, backward, and forward alone for scoring.

Three things make it fast. The product with the inputs is computed once per distinct word, not once per token: `inputs`
has a row for each distinct word, a step picks the rows of its words, and the backward pass adds to such rows. Texts lie
side by side in the order of their lengths (`texts.py`), so that no padding is computed. And what follows the product of
a step (gates, state, pooling) is done for one text at a time, while its numbers are in the processor's cache.

Names: h units; n texts; N tokens; D distinct words. The token of `text` at `step` has the place `starts[step] + text`
in arrays of N rows. Gates lie in PyTorch's order: reset, update, candidate.
"""

from __future__ import annotations

import numpy as np

from bench.learning.networks.engines.compiled.options import (
    FLOATS,
    MATRIX,
    NUMBER_MATRIX,
    NUMBERS,
    PLACES,
    Floats,
    Numbers,
    Places,
    kernel,
    part,
)
from bench.learning.networks.engines.compiled.recurrence import arriving, pool, sigmoid, tanh

F = np.float32


@part
def _gates(product: Floats, given: Floats, bias: Floats, gates: Floats, own: Floats) -> None:
    h = bias.shape[0]
    for j in range(2 * h):
        gates[j] = sigmoid(product[j] + given[j])
    for j in range(h):
        own[j] = product[2 * h + j] + bias[j]
    for j in range(h):
        gates[2 * h + j] = tanh(given[2 * h + j] + gates[j] * own[j])


@part
def _state(gates: Floats, before: Floats, after: Floats) -> None:
    h = before.shape[0]
    for j in range(h):
        candidate = gates[2 * h + j]
        after[j] = candidate + gates[h + j] * (before[j] - candidate)


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, FLOATS, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, NUMBER_MATRIX, MATRIX)
def forward(words: Numbers, starts: Places, inputs: Floats, to_gates: Floats, bias: Floats, before: Floats,
            gates: Floats, own: Floats, total: Floats, highest: Floats, at: Numbers, last: Floats) -> None:
    """Every step of every text; fills the arrays after `bias`, of which `before[:n]` are the first states.

    words [N]: each token's row of inputs [D, 3h]. to_gates [h, 3h], bias [h]: of the candidate's recurrent share.
    before [N, h]: the state before each token; gates [N, 3h]; own [N, h]: the candidate's recurrent share.
    total [n, h], highest [n, h], at [n, h]: the states' sum, maximum and its step; last [n, h]: the last state.
    """
    product = np.empty((total.shape[0], to_gates.shape[1]), F)
    steps = starts.shape[0] - 1
    for step in range(steps):
        first, n = starts[step], starts[step + 1] - starts[step]
        going_on = starts[step + 2] - starts[step + 1] if step + 1 < steps else 0
        np.dot(before[first : first + n], to_gates, product[:n])
        for b in range(n):
            i = first + b
            _gates(product[b], inputs[words[i]], bias, gates[i], own[i])
            after = before[first + n + b] if b < going_on else last[b]
            _state(gates[i], before[i], after)
            pool(after, total[b], highest[b], at[b], step)


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, FLOATS, MATRIX, MATRIX, MATRIX)
def score(words: Numbers, starts: Places, inputs: Floats, to_gates: Floats, bias: Floats, total: Floats,
          highest: Floats, last: Floats) -> None:
    """The same, where nothing is kept for a backward pass; `last` holds the first states."""
    h = bias.shape[0]
    product = np.empty((total.shape[0], 3 * h), F)
    gates, own, at = np.empty(3 * h, F), np.empty(h, F), np.empty(h, np.int32)
    for step in range(starts.shape[0] - 1):
        first, n = starts[step], starts[step + 1] - starts[step]
        np.dot(last[:n], to_gates, product[:n])
        for b in range(n):
            _gates(product[b], inputs[words[first + b]], bias, gates, own)
            _state(gates, last[b], last[b])
            pool(last[b], total[b], highest[b], at, step)


@part
def _update_and_candidate(gates: Floats, before: Floats, d_state: Floats) -> None:
    h = before.shape[0]
    for j in range(h):
        update, candidate = gates[h + j], gates[2 * h + j]
        d = d_state[j]
        d_new = d * (F(1.0) - update)
        gates[h + j] = d_new * update * (before[j] - candidate)
        gates[2 * h + j] = d_new * (F(1.0) - candidate * candidate)
        d_state[j] = d * update


@part
def _reset(gates: Floats, own: Floats, d_inputs: Floats, d_bias: Floats) -> None:
    h = own.shape[0]
    for j in range(h):
        reset, d_candidate = gates[j], gates[2 * h + j]
        d_inputs[2 * h + j] += d_candidate
        d_own = d_candidate * reset
        gates[2 * h + j] = d_own
        gates[j] = d_own * (F(1.0) - reset) * own[j]
    for j in range(2 * h):
        d_inputs[j] += gates[j]
    for j in range(h):
        d_bias[j] += gates[2 * h + j]


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, NUMBER_MATRIX, MATRIX, FLOATS)
def backward(words: Numbers, starts: Places, weight: Floats, before: Floats, gates: Floats, own: Floats, each: Floats,
             at_highest: Floats, at: Numbers, d_inputs: Floats, d_bias: Floats) -> None:
    """Gradients by what `forward` kept.

    weight [3h, h]. each [n, h]: the gradient of each of a text's states; at_highest [n, h]: more for the state of step
    at [n, h]. Added to: d_inputs [D, 3h], d_bias [h]. `gates` becomes the gradient of the recurrent product, so that
    gates.T @ before is that of the weight.
    """
    n_most, h = each.shape
    later, d_state = np.zeros((n_most, h), F), np.empty((n_most, h), F)
    for step in range(starts.shape[0] - 2, -1, -1):
        first, n = starts[step], starts[step + 1] - starts[step]
        for b in range(n):
            i = first + b
            arriving(later[b], each[b], at_highest[b], at[b], step, d_state[b])
            _update_and_candidate(gates[i], before[i], d_state[b])
            _reset(gates[i], own[i], d_inputs[words[i]], d_bias)
        np.dot(gates[first : first + n], weight, later[:n])
        for b in range(n):
            for j in range(h):
                later[b, j] += d_state[b, j]
