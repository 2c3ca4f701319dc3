"""Features three times over: shared by both domains, the source's, and the target's (EasyAdapt, Daumé III 2007)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def augment(x_source: csr_matrix, x_target: csr_matrix) -> csr_matrix:
    """Source texts as (x, x, 0) and target texts as (x, 0, x), [n_source + n_target, 3 · d]."""
    from scipy.sparse import block_array

    return block_array([[x_source, x_source, None], [x_target, None, x_target]], format="csr")


def augmented_for_target(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a linear classifier's weights [classes, 3 · d] are for a target text: shared plus target, [classes, d]."""
    shared, _, target = np.split(weight, 3, axis=1)
    return np.asarray(shared + target)
