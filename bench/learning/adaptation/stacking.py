"""Texts of several domains below each other."""

from __future__ import annotations

from typing import Any

import numpy as np


def stacked(*parts: Any) -> Any:
    """Feature matrices [n, d] of equal width below each other: CSR where they are sparse, else an array."""
    from scipy.sparse import vstack

    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else vstack(parts, format="csr")
