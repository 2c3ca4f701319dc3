"""Out of memory: compute a batch in two halves once, then raise an error that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from bench.core.errors import BenchError

T = TypeVar("T")


def in_halves(rows: NDArray[np.int64], work: Callable[[NDArray[np.int64]], T],
              begin: Callable[[], None] = lambda: None) -> list[T]:
    """`[work(rows)]`, or `work` of each half where memory runs out; `begin` undoes what a failed attempt left.

    Raises `BenchError` where the halves do not fit either.
    """
    for parts in ([rows], np.array_split(rows, 2)):
        begin()
        try:
            return [work(part) for part in parts]
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
        if torch.cuda.is_available():  # outside of the handler, whose traceback holds the batch's tensors
            torch.cuda.empty_cache()
    raise BenchError(f"not enough memory for a batch of {len(rows)} texts, nor for half of it",
                     "--device cpu, a smaller --net, or fewer programs on this machine")


def out_of_memory(error: Exception) -> bool:
    """Whether PyTorch or NumPy ran out of the memory of a GPU or of the machine."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
