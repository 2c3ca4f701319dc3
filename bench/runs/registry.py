"""The strategies that can be named: from the built-in table, from other packages, or as `module:function`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from bench.core import environment
from bench.core.errors import BenchError, MissingExtra
from bench.core.plugins import baseline_entries
from bench.data.cards import Task, unknown_name
from bench.protocol.trial import Predictor
from bench.runs import needs, strategy_code
from bench.runs.options import ALL, Say


@dataclass(frozen=True)
class Declared:
    """What a strategy's module said when the run was planned."""

    sha256: str  # of its code; empty for a strategy of the suite
    settings: Mapping[str, Any]
    needs: frozenset[str]


@dataclass(frozen=True)
class Strategy:
    """A strategy by its name on the command line, and where its function is."""

    name: str
    module: str
    function: str = "fit"
    declared: Declared | None = field(default=None, compare=False, repr=False)  # as planned; None: asked of its module

    def load(self) -> ModuleType:
        """Its module; `BenchError` where it cannot be imported, has no such function, or other code than planned."""
        try:
            if self.declared is not None and not self.declared.sha256:
                module = importlib.import_module(self.module)
            else:
                environment.find_in_working_directory()
                module = strategy_code.load(self.module, self.declared.sha256 if self.declared else "")
        except (ImportError, ValueError) as error:
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
        if self.declared is not None:
            return dict(self.declared.settings)
        parameters = inspect.signature(self.fit()).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def needs(self) -> frozenset[str]:
        """Names of what it needs, from its module's `NEEDS`; bench/runs/needs.py says what each means."""
        if self.declared is not None:
            return self.declared.needs
        names = frozenset(getattr(self.load(), "NEEDS", ()))
        unknown = sorted(names - set(needs.NEEDS))
        if unknown:
            raise BenchError(f"baseline {self.name!r} needs {unknown}", f"known: {', '.join(needs.NEEDS)}")
        return needs.complete(names)

    def planned(self) -> Strategy:
        """The same strategy with what its module says now, so that all trials of a run are of one version."""
        fresh = replace(self, declared=None)
        code = strategy_code.digest(self.module)
        return replace(self, declared=Declared(code, fresh.settings(), fresh.needs()))

    def code_sha256(self) -> str:
        """The digest of its code; empty for a strategy of the suite."""
        return strategy_code.digest(self.module) if self.declared is None else self.declared.sha256

    def missing(self) -> MissingExtra | None:
        """The error for an extra that has to be installed first; None where nothing is missing."""
        return needs.missing(self.needs())


def strategies_named(names: Sequence[str], table: Mapping[str, str]) -> list[Strategy]:
    """The strategies named: in the table, as an entry point, or as `package.module:function`; `all` is all known."""
    places = {name: place.partition(":") for name, place in table.items()}
    known = {name: Strategy(name, module, function or "fit") for name, (module, _, function) in places.items()}
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
    for named in strategies_named(names, table):
        strategy = named.planned()
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
