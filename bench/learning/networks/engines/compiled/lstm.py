"""An LSTM over texts of words for a CPU, as the GRU of `gru.py`, whose names it shares.

Gates lie in PyTorch's order: input, forget, candidate, output. Both biases are part of `inputs`.
"""

from __future__ import annotations

import numpy as np

from bench.learning.networks.engines.compiled.options import (
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
def _gates(product: Floats, given: Floats, gates: Floats) -> None:
    h = product.shape[0] // 4
    for j in range(2 * h):
        gates[j] = sigmoid(product[j] + given[j])
    for j in range(2 * h, 3 * h):
        gates[j] = tanh(product[j] + given[j])
    for j in range(3 * h, 4 * h):
        gates[j] = sigmoid(product[j] + given[j])


@part
def _cell(gates: Floats, earlier: Floats, cell: Floats) -> None:
    h = cell.shape[0]
    for j in range(h):
        cell[j] = gates[h + j] * earlier[j] + gates[j] * gates[2 * h + j]


@part
def _state(gates: Floats, cell: Floats, after: Floats) -> None:
    h = cell.shape[0]
    for j in range(h):
        after[j] = gates[3 * h + j] * tanh(cell[j])


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, NUMBER_MATRIX, MATRIX)
def forward(words: Numbers, starts: Places, inputs: Floats, to_gates: Floats, before: Floats, gates: Floats,
            cells: Floats, total: Floats, highest: Floats, at: Numbers, last: Floats) -> None:
    """Every step of every text; fills the arrays after `to_gates`, of which `before[:n]` are the first states.

    words [N]: each token's row of inputs [D, 4h]. to_gates [h, 4h].
    before [N, h]: the state before each token; gates [N, 4h]; cells [N, h]: the cell after each token.
    total [n, h], highest [n, h], at [n, h]: the states' sum, maximum and its step; last [n, h]: the last state.
    """
    product = np.empty((total.shape[0], to_gates.shape[1]), F)
    no_cell = np.zeros(total.shape[1], F)
    steps = starts.shape[0] - 1
    for step in range(steps):
        first, n = starts[step], starts[step + 1] - starts[step]
        going_on = starts[step + 2] - starts[step + 1] if step + 1 < steps else 0
        np.dot(before[first : first + n], to_gates, product[:n])
        for b in range(n):
            i = first + b
            _gates(product[b], inputs[words[i]], gates[i])
            _cell(gates[i], cells[starts[step - 1] + b] if step else no_cell, cells[i])
            after = before[first + n + b] if b < going_on else last[b]
            _state(gates[i], cells[i], after)
            pool(after, total[b], highest[b], at[b], step)


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX)
def score(words: Numbers, starts: Places, inputs: Floats, to_gates: Floats, total: Floats, highest: Floats,
          last: Floats) -> None:
    """The same, where nothing is kept for a backward pass; `last` holds the first states."""
    n_most, h = last.shape
    product, cells = np.empty((n_most, 4 * h), F), np.zeros((n_most, h), F)
    gates, at = np.empty(4 * h, F), np.empty(h, np.int32)
    for step in range(starts.shape[0] - 1):
        first, n = starts[step], starts[step + 1] - starts[step]
        np.dot(last[:n], to_gates, product[:n])
        for b in range(n):
            _gates(product[b], inputs[words[first + b]], gates)
            _cell(gates, cells[b], cells[b])
            _state(gates, cells[b], last[b])
            pool(last[b], total[b], highest[b], at, step)


@part
def _output(gates: Floats, cell: Floats, d_state: Floats, d_cell: Floats) -> None:
    h = cell.shape[0]
    for j in range(h):
        output, squashed, d = gates[3 * h + j], tanh(cell[j]), d_state[j]
        gates[3 * h + j] = d * squashed * output * (F(1.0) - output)
        d_cell[j] += d * output * (F(1.0) - squashed * squashed)


@part
def _input_and_candidate(gates: Floats, d_cell: Floats) -> None:
    h = d_cell.shape[0]
    for j in range(h):
        entry, candidate, d = gates[j], gates[2 * h + j], d_cell[j]
        gates[j] = d * candidate * entry * (F(1.0) - entry)
        gates[2 * h + j] = d * entry * (F(1.0) - candidate * candidate)


@part
def _forget(gates: Floats, earlier: Floats, d_cell: Floats) -> None:
    h = d_cell.shape[0]
    for j in range(h):
        forget, d = gates[h + j], d_cell[j]
        gates[h + j] = d * earlier[j] * forget * (F(1.0) - forget)
        d_cell[j] = d * forget


@part
def _add(gates: Floats, d_inputs: Floats) -> None:
    for j in range(gates.shape[0]):
        d_inputs[j] += gates[j]


@kernel(NUMBERS, PLACES, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, NUMBER_MATRIX, MATRIX)
def backward(words: Numbers, starts: Places, weight: Floats, gates: Floats, cells: Floats, each: Floats,
             at_highest: Floats, at: Numbers, d_inputs: Floats) -> None:
    """Gradients by what `forward` kept.

    weight [4h, h]. each [n, h]: the gradient of each of a text's states; at_highest [n, h]: more for the state of step
    at [n, h]. Added to: d_inputs [D, 4h]. `gates` becomes the gradient of the recurrent product, so that
    gates.T @ before is that of the weight.
    """
    n_most, h = each.shape
    later, d_cell = np.zeros((n_most, h), F), np.zeros((n_most, h), F)
    d_state, no_cell = np.empty(h, F), np.zeros(h, F)
    for step in range(starts.shape[0] - 2, -1, -1):
        first, n = starts[step], starts[step + 1] - starts[step]
        for b in range(n):
            i = first + b
            arriving(later[b], each[b], at_highest[b], at[b], step, d_state)
            _output(gates[i], cells[i], d_state, d_cell[b])
            _input_and_candidate(gates[i], d_cell[b])
            _forget(gates[i], cells[starts[step - 1] + b] if step else no_cell, d_cell[b])
            _add(gates[i], d_inputs[words[i]])
        np.dot(gates[first : first + n], weight, later[:n])
