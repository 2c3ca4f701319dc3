"""Marginalised stacked denoising autoencoders: hidden layers in closed form (mSDA, Chen et al. 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RIDGE = 1e-5  # added to the diagonal, as in the authors' code


def fit_denoising_layers(x: csr_matrix | NDArray[Any], layers: int, corruption: float) -> list[NDArray[np.float32]]:
    """The layers learned from texts of both domains together, each [d, d + 1]; the last column is the bias.

    A layer maps a text whose features are each lost with probability `corruption` back to the whole text; the mean over
    all corruptions has a closed form, so nothing is drawn. `x` [n, d] needs no labels; sparse or dense.
    """
    weights = []
    for _ in range(layers):
        weights.append(_denoising_layer(x, corruption))
        x = hidden(x, weights[-1])
    return weights


def hidden(x: csr_matrix | NDArray[Any], layer: NDArray[np.float32]) -> NDArray[np.float32]:
    """The outputs of one layer [d_out, d + 1] for texts [n, d], [n, d_out]."""
    return np.tanh(np.asarray(x @ layer[:, :-1].T, np.float32) + layer[:, -1])


def hidden_layers(x: csr_matrix | NDArray[Any], layers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The outputs of all layers side by side, [n, sum of their widths]."""
    outputs = []
    for layer in layers:
        x = hidden(x, layer)
        outputs.append(x)
    return np.concatenate(outputs, axis=1)


def _denoising_layer(x: csr_matrix | NDArray[Any], corruption: float) -> NDArray[np.float32]:
    from scipy.linalg import cho_factor, cho_solve

    n, d = x.shape
    scatter = np.empty((d + 1, d + 1), np.float32)  # of the texts with a constant feature, which is never lost
    product = x.T @ x
    scatter[:d, :d] = product if isinstance(product, np.ndarray) else product.toarray()
    scatter[d, :d] = scatter[:d, d] = np.asarray(x.sum(axis=0)).ravel()
    scatter[d, d] = n
    kept = np.append(np.full(d, 1.0 - corruption, np.float32), np.float32(1.0))
    diagonal = kept * np.diag(scatter) + np.float32(RIDGE)
    scale = 1 / np.sqrt(diagonal)  # with a diagonal of ones the equations are well conditioned in 32 bits
    of_both = scatter[:, :d] * (kept * scale)[:, None]  # corrupted by whole
    scatter *= np.outer(kept * scale, kept * scale)
    np.fill_diagonal(scatter, 1.0)
    factor = cho_factor(scatter, lower=True, overwrite_a=True, check_finite=False)
    solution = cho_solve(factor, of_both, overwrite_b=True, check_finite=False)
    return np.ascontiguousarray((solution * scale[:, None]).T)
