"""How Numba compiles our kernels, and the types of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int32]
Places: TypeAlias = NDArray[np.int64]

Function = TypeVar("Function", bound=Callable[..., Any])
# Sums may be taken in another order, but NaN and infinity are what they are: a training that diverges must show it.
# Numba's own check of divisors for zero would keep loops from using the processor's vectors.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"nsz", "arcp", "contract", "reassoc", "afn"}}

number, place, decimal = types.int32, types.int64, types.float32
FLOATS, MATRIX = types.Array(decimal, 1, "C"), types.Array(decimal, 2, "C")
NUMBERS, NUMBER_MATRIX = types.Array(number, 1, "C"), types.Array(number, 2, "C")
PLACES = types.Array(place, 1, "C")
READ_NUMBERS, READ_PLACES = (types.Array(of, 1, "C", readonly=True) for of in (number, place))


def kernel(*arguments: Any, returns: Any = types.void) -> Callable[[Function], Function]:
    """Compile a function when it is defined, for arguments of these types; kept where Numba has a cache folder.

    It does not hold Python's lock, so that shards run side by side in threads.
    """
    settings: Any = numba.config
    compiled = numba.njit([returns(*arguments)], nogil=True, cache=bool(settings.CACHE_DIR), **OPTIONS)
    return cast(Callable[[Function], Function], compiled)


def part(function: Function) -> Function:
    """A function that kernels of the same file call; compiled as part of these."""
    return cast(Function, numba.njit(**OPTIONS)(function))


def inline(function: Function) -> Function:
    """The same, put in place of each call: a loop with a call in it would not use the processor's vectors."""
    return cast(Function, numba.njit(inline="always", **OPTIONS)(function))
