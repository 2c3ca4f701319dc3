"""What the GRU and the LSTM share: functions that a processor computes for many numbers at a time, and pooling.

The loops are short and over few arrays each: only then does the compiler see that what is written is not read again,
and use the processor's vectors.
"""

from __future__ import annotations

import numpy as np

from bench.learning.networks.engines.compiled.options import Floats, Numbers, inline, part

F = np.float32


@inline
def tanh(x: np.float32) -> np.float32:
    """A rational approximation as in Eigen, within 2e-7; unlike np.tanh it is computed for a vector at a time."""
    x = F(9.0) if x > F(9.0) else x
    x = F(-9.0) if x < F(-9.0) else x
    s = x * x
    p = F(-2.76076847742355e-16)
    p = p * s + F(2.00018790482477e-13)
    p = p * s + F(-8.60467152213735e-11)
    p = p * s + F(5.12229709037114e-08)
    p = p * s + F(1.48572235717979e-05)
    p = p * s + F(6.37261928875436e-04)
    p = p * s + F(4.89352455891786e-03)
    q = F(1.19825839466702e-06)
    q = q * s + F(1.18534705686654e-04)
    q = q * s + F(2.26843463243900e-03)
    q = q * s + F(4.89352518554385e-03)
    return x * p / q


@inline
def sigmoid(x: np.float32) -> np.float32:
    """By tanh."""
    return F(0.5) + F(0.5) * tanh(F(0.5) * x)


@part
def pool(state: Floats, total: Floats, highest: Floats, at: Numbers, step: int) -> None:
    """Add a state to its text's sum, maximum, and the maximum's step, each [h]."""
    for j in range(state.shape[0]):
        total[j] += state[j]
    for j in range(state.shape[0]):
        higher = state[j] > highest[j]
        highest[j] = state[j] if higher else highest[j]
        at[j] = step if higher else at[j]


@part
def arriving(later: Floats, each: Floats, at_highest: Floats, at: Numbers, step: int, d_state: Floats) -> None:
    """Gradient of a state: from the later step, the mean, and the maximum where this step has it."""
    for j in range(later.shape[0]):
        d_state[j] = later[j] + each[j] + (at_highest[j] if at[j] == step else F(0.0))
