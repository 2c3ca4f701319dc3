"""Adam (Kingma & Ba 2015) with decoupled weight decay, for whole arrays and for some rows of an embedding.

A batch has a gradient for the rows of its own words only; the other rows still move a little, by the mean of their
earlier gradients. That is made up for before a row is next read: the same steps in the same order, with a gradient of
zero. So the weights are those of Adam on all rows, and most rows are left alone at most steps.

V rows; `done` [V]: the step up to which each row is done; `rates`, `roots`, `decays`: of every step, by its number. Of
all rows a call works on `share` of `shares` alone, so that several threads can work on their own shares.
"""

from __future__ import annotations

import numpy as np

from bench.learning.networks.engines.compiled.options import (
    FLOATS,
    MATRIX,
    NUMBERS,
    PLACES,
    READ_NUMBERS,
    READ_PLACES,
    Floats,
    Numbers,
    Places,
    decimal,
    kernel,
    part,
    place,
)

F = np.float32
MEAN_KEPT, SQUARE_KEPT = F(0.9), F(0.999)  # Adam's β₁ and β₂
MEAN_NEW, SQUARE_NEW = F(1.0 - 0.9), F(1.0 - 0.999)
NONE = np.int32(-1)


@part
def _step(weight: Floats, gradient: Floats, mean: Floats, square: Floats, rate: float, root: float, decay: float,
          epsilon: float) -> None:
    for j in range(weight.shape[0]):
        g = gradient[j]
        mean[j] = mean[j] * MEAN_KEPT + g * MEAN_NEW
        square[j] = square[j] * SQUARE_KEPT + g * g * SQUARE_NEW
    for j in range(weight.shape[0]):
        weight[j] = weight[j] * decay - rate * mean[j] / (np.sqrt(square[j]) * root + epsilon)


@part
def _step_without_gradient(weight: Floats, mean: Floats, square: Floats, rate: float, root: float, decay: float,
                           epsilon: float) -> None:
    for j in range(weight.shape[0]):
        mean[j] = mean[j] * MEAN_KEPT
        square[j] = square[j] * SQUARE_KEPT
    for j in range(weight.shape[0]):
        weight[j] = weight[j] * decay - rate * mean[j] / (np.sqrt(square[j]) * root + epsilon)


@part
def _moves(mean: Floats, square: Floats) -> bool:
    """Whether a row has had a gradient."""
    found = F(0.0)
    for j in range(mean.shape[0]):
        found += abs(mean[j]) + square[j]
    return bool(found != F(0.0))  # NaN has had one


@part
def _make_up(weight: Floats, mean: Floats, square: Floats, done: int, until: int, rates: Floats, roots: Floats,
             decays: Floats, epsilon: float) -> None:
    """The steps of a row after `done`, up to the step `until`, which had no gradient."""
    if done < until and (_moves(mean, square) or decays[until] != F(1.0)):
        for step in range(done + 1, until + 1):
            _step_without_gradient(weight, mean, square, rates[step], roots[step], decays[step], epsilon)


@kernel(FLOATS, FLOATS, FLOATS, FLOATS, decimal, decimal, decimal, decimal)
def step_array(weight: Floats, gradient: Floats, mean: Floats, square: Floats, rate: float, root: float, decay: float,
               epsilon: float) -> None:
    """One step of a whole array, flat."""
    _step(weight, gradient, mean, square, rate, root, decay, epsilon)


@kernel(READ_NUMBERS, READ_PLACES, READ_PLACES, MATRIX, MATRIX, MATRIX, PLACES, place, FLOATS, FLOATS, FLOATS, decimal,
        place, place)
def bring_up_rows(ids: Numbers, offsets: Places, texts: Places, weight: Floats, mean: Floats, square: Floats,
                  done: Places, step: int, rates: Floats, roots: Floats, decays: Floats, epsilon: float, share: int,
                  shares: int) -> None:
    """Bring the rows of the words of `texts`, of a Ragged, up to the step `step`."""
    for text in texts:
        for i in range(offsets[text], offsets[text + 1]):
            row = ids[i]
            if done[row] < step and row % shares == share:
                _make_up(weight[row], mean[row], square[row], done[row], step, rates, roots, decays, epsilon)
                done[row] = step


@kernel(READ_PLACES, MATRIX, MATRIX, MATRIX, MATRIX, PLACES, NUMBERS, place, decimal, decimal, decimal, decimal, place,
        place)
def step_rows(rows: Places, gradients: Floats, weight: Floats, mean: Floats, square: Floats, done: Places,
              numbers: Numbers, step: int, rate: float, root: float, decay: float, epsilon: float, share: int,
              shares: int) -> None:
    """Step number `step` of the rows [k] that have gradients [k, e]; a row that is named twice gets the sum.

    They have been brought up to the step before. numbers [V]: -1, before and after.
    """
    mine, count = np.empty(len(rows), np.int64), 0
    total = np.empty((len(rows), weight.shape[1]), F)
    for i in range(len(rows)):
        row = rows[i]
        if row % shares != share:
            continue
        if numbers[row] == NONE:
            numbers[row] = count
            mine[count] = row
            total[count] = gradients[i]
            count += 1
        else:
            total[numbers[row]] += gradients[i]
    for i in range(count):
        row = mine[i]
        numbers[row] = NONE
        _step(weight[row], total[i], mean[row], square[row], rate, root, decay, epsilon)
        done[row] = step


@kernel(MATRIX, MATRIX, MATRIX, PLACES, place, FLOATS, FLOATS, FLOATS, decimal, place, place)
def finish_rows(weight: Floats, mean: Floats, square: Floats, done: Places, step: int, rates: Floats, roots: Floats,
                decays: Floats, epsilon: float, share: int, shares: int) -> None:
    """Bring every row up to the step `step`."""
    for row in range(share, weight.shape[0], shares):
        _make_up(weight[row], mean[row], square[row], done[row], step, rates, roots, decays, epsilon)
        done[row] = step
