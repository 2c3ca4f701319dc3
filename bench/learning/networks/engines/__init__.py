"""Engines train and score networks; only NumPy arrays go in and come out.

An engine is a module with `fit`, `features`, `scores`, `devices` and `version`. `batches.py` gives every engine the
same batches in the same order. A framework takes seconds to import, so `version` and `devices` here answer without
importing it where they can.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.text import Ragged
from bench.learning.networks.architectures import Architecture, Params
from bench.learning.networks.batches import Batches, Hooks, Recipe, TrainingState

ENGINES: Mapping[str, str] = {"torch": "bench.learning.networks.engines.torch",
                              "mxnet": "bench.learning.networks.engines.mxnet"}


class Engine(Protocol):
    """What a framework must do; `torch.py` and `mxnet.py` in this folder are engines."""

    def fit(
        self,
        net: Architecture,
        params: Params,
        batches: Batches,
        recipe: Recipe,
        device: str,
        hooks: Hooks | None = None,
        state: TrainingState | None = None,
    ) -> Params:
        """Train and return the new weights."""

    def features(self, net: Architecture, params: Params, x: Ragged, device: str) -> NDArray[np.float32]:
        """Pooled features, [n, net.features]."""

    def scores(self, net: Architecture, params: Params, x: Ragged, device: str) -> NDArray[np.float32]:
        """Logits, [n, net.classes]."""

    def devices(self) -> list[str]:
        """The devices available here, best first."""

    def version(self) -> str:
        """The framework's version."""


def engine(name: str) -> Engine:
    """The engine called `name`; imports its framework now, not before.

    Raises `BenchError` where there is no such engine or its framework cannot be loaded.
    """
    if name not in ENGINES:
        from bench.data.cards import unknown_name

        raise unknown_name("engine", name, ENGINES, "bench list engines")
    try:
        return cast(Engine, importlib.import_module(ENGINES[name]))
    except (ImportError, OSError) as error:
        no_memory = "failed to map segment" in str(error)
        raise BenchError(f"the engine {name} cannot be loaded: {' '.join(str(error).split())[:300]}",
                         "not enough memory" if no_memory else "bench doctor shows what is installed") from None


def version(name: str) -> str:
    """The version of the framework of the engine called `name`."""
    from importlib import metadata

    if name in ENGINES:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return engine(name).version()  # installed under another name, such as mxnet-cu112, or not at all


def kernels(name: str, device: str, kind: str = "") -> str:
    """What computes an engine's recurrent layers and optimiser on a device in place of its framework: `numba 0.68.1`.

    "none" where it could and is not installed; empty where the framework always does it all. Of a network's `kind` the
    answer says what older kernels left to the framework.
    """
    from bench.learning.networks.engines import compiled

    version = compiled.version() if (name, device) == ("torch", "cpu") else ""
    return f"{version}, lstm" if kind == "bilstm" and version not in ("", "none") else version


def possible(recipe: Recipe, name: str) -> Recipe:
    """The recipe without what an engine cannot do: MXNet learns against no adversarial steps."""
    return recipe if name == "torch" else replace(recipe, adversarial=0.0)


def prepare(name: str, device: str) -> None:
    """Load what an engine trains with, so that compiling the kernels, once per machine, is no training time."""
    if kernels(name, device):
        from bench.learning.networks.engines import compiled

        compiled.ready()


def devices(name: str) -> list[str]:
    """The devices available here to the engine called `name`, best first."""
    if name == "torch" and version(name).endswith("+cpu"):
        return ["cpu"]
    return engine(name).devices()


def name_of(engine: Engine) -> str:
    """An engine's name in `ENGINES`."""
    return next(name for name, module in ENGINES.items() if sys.modules.get(module) is engine)
