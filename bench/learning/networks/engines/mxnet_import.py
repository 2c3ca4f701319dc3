"""Imports MXNet, with the settings that it reads only while it is loaded."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.core.errors import BenchError, MissingExtra
from bench.core.hardware import cores

CORES = cores()


@contextmanager
def _import_settings() -> Iterator[None]:
    """What MXNet reads once, when it is loaded; the environment is as before afterwards.

    Each operation runs on one thread, and MXNet's scheduler runs independent ones side by side, one per core (two
    matrix products take 0.062 s instead of 0.120 s), so that results do not depend on the machine. A worker process
    runs its trials on one core.
    """
    # On import, and nowhere else that we use, MXNet 1.9.1 reads one name that NumPy 1.24 removed: np.bool.
    vars(np).setdefault("bool", np.bool_)
    workers = 1 if multiprocessing.parent_process() else CORES
    wanted = {"MXNET_OMP_MAX_THREADS": "1", "MXNET_CPU_WORKER_NTHREADS": str(workers)}
    if "OMP_NUM_THREADS" in os.environ:  # where it is set it would win
        wanted["OMP_NUM_THREADS"] = "1"
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Denormal floats count as zero in this thread and in those that it starts meanwhile (x86-64 and glibc)."""
    libm = ctypes.CDLL("libm.so.6")
    state = (ctypes.c_uint32 * 8)()  # fenv_t; its last word is the SSE control register
    libm.fegetenv(state)
    before = state[7]
    state[7] |= 0x8040  # flush to zero, denormals are zero
    libm.fesetenv(state)
    try:
        yield
    finally:
        state[7] = before
        libm.fesetenv(state)


try:
    with _import_settings():
        import mxnet as mx
        from mxnet import autograd, nd
        from mxnet.gluon import HybridBlock
        with _denormals_flushed():
            nd.zeros((1,)).wait_to_read()  # the first operation starts the threads that run all later ones
except ImportError:
    raise MissingExtra("MXNet", "mxnet") from None
# A system library, or NumPy, is not the one this MXNet was built for; or a setting of Python's breaks its import, which
# writes and runs code.
except Exception as error:
    if sys.flags.optimize > 1:
        raise BenchError("MXNet cannot be loaded without docstrings", "unset PYTHONOPTIMIZE, or set it to 1") from None
    raise BenchError(f"MXNet cannot be loaded with NumPy {np.__version__}: {error}",
                     "pip install 'transferbench[mxnet]' takes the versions that fit") from None

Array = Any  # mx.nd.NDArray; MXNet has no types
__all__ = ["CORES", "Array", "HybridBlock", "autograd", "mx", "nd"]
