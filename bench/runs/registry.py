"""The strategies that can be named: from the built-in table, from other packages, or as `module:function`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bench.core import environment
from bench.core.errors import BenchError, MissingExtra
from bench.core.plugins import baseline_entries
from bench.data.cards import Task, unknown_name
from bench.protocol.trial import Predictor
from bench.runs import needs
from bench.runs.options import ALL, Say


@dataclass(frozen=True)
class Strategy:
    """A strategy by its name on the command line, and where its function is."""

    name: str
    module: str
    function: str = "fit"

    def load(self) -> ModuleType:
        """Its module; `BenchError` where it cannot be imported or has no such function."""
        if not self.module.startswith("bench."):
            environment.find_in_working_directory()
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            raise BenchError(f"baseline {self.name!r}: cannot import {self.module}: {error}",
                             "--baseline takes a name (bench list baselines) or package.module:function") from None
        if not callable(getattr(module, self.function, None)):
            raise BenchError(f"baseline {self.name!r}: {self.module} has no function {self.function!r}")
        return module

    def fit(self) -> Callable[..., Predictor]:
        """Its function: `fit(trial, resources, **settings)`."""
        function: Callable[..., Predictor] = getattr(self.load(), self.function)
        return function

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of its function, with their defaults."""
        parameters = inspect.signature(self.fit()).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def needs(self) -> frozenset[str]:
        """Names of what it needs, from its module's `NEEDS`; bench/runs/needs.py says what each means."""
        names = frozenset(getattr(self.load(), "NEEDS", ()))
        unknown = sorted(names - set(needs.NEEDS))
        if unknown:
            raise BenchError(f"baseline {self.name!r} needs {unknown}", f"known: {', '.join(needs.NEEDS)}")
        return needs.complete(names)

    def missing(self) -> MissingExtra | None:
        """The error for an extra that has to be installed first; None where nothing is missing."""
        return needs.missing(self.needs())


def strategies_named(names: Sequence[str], table: Mapping[str, str]) -> list[Strategy]:
    """The strategies named: in the table, as an entry point, or as `package.module:function`; `all` is all known."""
    known = {name: Strategy(name, *place.split(":")) for name, place in table.items()}
    for name, entry in baseline_entries().items():
        known.setdefault(name, Strategy(name, entry.module, entry.attr or "fit"))
    strategies: list[Strategy] = []
    for name in names:
        if name == ALL:
            strategies += known.values()
        elif name in known:
            strategies.append(known[name])
        elif ":" in name:
            module, _, function = name.partition(":")
            strategies.append(Strategy(name, module, function))
        else:
            raise unknown_name("baseline", name, known, "bench list baselines")
    return list(dict.fromkeys(strategies))


def installed(names: Sequence[str], table: Mapping[str, str], say: Say) -> list[Strategy]:
    """The strategies named whose extra is installed; `MissingExtra` for one that was asked for by its own name."""
    strategies = []
    for strategy in strategies_named(names, table):
        error = strategy.missing()
        if error is None:
            strategies.append(strategy)
        elif strategy.name in names:
            raise error
        else:
            say(f"{strategy.name} left out: {error}")
    return strategies


def applicable(strategies: Iterable[Strategy], source: Task, target: Task, glove: bool, say: Say) -> list[Strategy]:
    """The strategies that can run on a target; `say` hears why others cannot."""
    usable = []
    for strategy in strategies:
        reason = needs.refusal(strategy.needs(), source, target, glove)
        if reason:
            say(f"{strategy.name} {reason}")
        else:
            usable.append(strategy)
    return usable


def needs_of(strategies: Iterable[Strategy]) -> frozenset[str]:
    """What the strategies need together."""
    return frozenset().union(*(strategy.needs() for strategy in strategies))
