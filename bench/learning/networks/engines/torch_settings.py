"""Settings of PyTorch that hold inside a block: threads, denormal floats, precision."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch

from bench.core.errors import BenchError
from bench.learning.networks.memory import keep_freed_memory, release_freed_memory


@lru_cache(1)
def _blas(modules: int) -> Any:
    """The libraries of matrix products that are loaded when so many modules are: looking for them takes a while."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def single_threaded(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `workers` threads whose operations run on one core each, with denormal floats flushed to zero.

    A GRU step is too small to be split over cores: two shards side by side run twice as fast as one batch on two
    threads. Denormal floats made a run 18 times slower.
    """
    def begin() -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)

    threads_before = torch.get_num_threads()
    keep_freed_memory()
    begin()
    try:
        with (_blas(len(sys.modules)).limit(limits=1, user_api="blas"),
              ThreadPoolExecutor(workers, initializer=begin) as pool):
            yield pool
    finally:
        torch.set_num_threads(threads_before)
        torch.set_flush_denormal(False)  # what this thread computes next must not depend on what it trained before
        release_freed_memory()


@contextmanager
def gpu_precision(name: str, device: str) -> Iterator[None]:
    """The precision of a GPU's float32 products and recurrent layers inside the block; a CPU has float32 alone.

    cuDNN would use TF32 by default; here float32 means float32. Raises `BenchError` where the device lacks it.
    """
    if name not in ("float32", "tf32", "bf16"):
        raise BenchError(f"unknown precision {name!r}", "float32, tf32 or bf16")
    if device == "cpu" and name != "float32":
        raise BenchError(f"precision {name} on a CPU", "only a GPU has tf32 and bf16")
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = name == "tf32"
    try:
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed
