"""Arrays that trials share, and whether a strategy has written into them."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError


@contextmanager
def unchanged(strategy: str, **values: object) -> Iterator[None]:
    """Raise `BenchError` at the end of the block where an array in the values has changed meanwhile.

    The arrays are marked as read-only, but other libraries, such as PyTorch, do not look at that mark.
    """
    arrays = [array for name, value in values.items() for array in _arrays(name, value, set())]
    before = [_digest(array) for _, array in arrays]
    yield
    for (name, array), digest in zip(arrays, before, strict=True):
        if _digest(array) != digest:
            raise BenchError(f"{strategy} wrote into {name}, an array that trials share", "copy it first: .copy()")


def _arrays(name: str, value: object, seen: set[int]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays in memory that can be reached through a value's fields; the system itself protects mapped files."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        if not _is_mapped(value):
            yield name, value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _arrays(f"{name}.{field.name}", getattr(value, field.name), seen)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _arrays(f"{name}[{key!r}]", item, seen)


def _is_mapped(array: Any) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


def _digest(array: NDArray[Any]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"").digest()
