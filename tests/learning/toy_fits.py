"""Every strategy of the table, fitted on trials of the toys; what several tests look at is fitted once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_encoder
import toy
from conftest import World

from bench.baselines import BASELINES
from bench.learning.models.model import Fitted
from bench.learning.networks.architectures import with_classes
from bench.learning.networks.engines import engine
from bench.learning.resources import Resources
from bench.learning.source_linear import fit_source_linear
from bench.protocol.domain import Domain
from bench.runs.registry import Strategy, strategies_named

STRATEGIES = strategies_named(("all",), BASELINES)
every = pytest.mark.parametrize("strategy", STRATEGIES, ids=[s.name for s in STRATEGIES])
_FITS: dict[tuple[Path, Strategy, str, int | str], Fitted] = {}


def named(name: str) -> Strategy:
    return next(s for s in STRATEGIES if s.name == name)


def fit_anew(world: World, strategy: Strategy, target: Domain, budget: int | str, seed: int = 0,
             **given: Any) -> Fitted:
    """What the strategy makes of a trial of the target, with settings that are `given`."""
    if strategy.missing():
        pytest.skip(str(strategy.missing()))
    on_target = world.on_target(strategy, target)
    assert on_target is not None
    source = world.source.data.examples(world.source.split.pool)
    resources = Resources(engine("torch"), with_classes(toy.NET, len(target.data.labels)), "cpu", seed, world.base,
                          world.vectors, source, world.source.data.labels == target.data.labels,
                          fit_source_linear(source), on_target.needs(),
                          **tiny_encoder.resources(world.root, world.source, strategy.described().needs))
    fitted: Fitted = getattr(strategy.load(), strategy.function)(world.trial(budget, seed, target), resources, **given)
    return fitted


def fitted(world: World, strategy: Strategy, target: Domain, budget: int | str) -> Fitted:
    """The same, of the first seed, made once: nobody may change it."""
    key = world.root, strategy, target.name, budget
    if key not in _FITS:
        _FITS[key] = fit_anew(world, strategy, target, budget)
    return _FITS[key]
