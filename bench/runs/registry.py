"""The strategies that can be named: built in, from other packages, or as module:function."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from bench.core.errors import BenchError, MissingExtra
from bench.data.cards import unknown_name
from bench.learning.features import sentence_encoder
from bench.runs.inputs import ALL

KNOWN_NEEDS = ("base", "features", "glove", "counts", "sentences", "source", "source-linear", "same-labels")


@dataclass(frozen=True)
class Strategy:
    """A baseline as named on the command line, and where its function is."""

    name: str
    module: str
    function: str = "fit"

    def load(self) -> ModuleType:
        """Its module; `BenchError` where it cannot be imported or has no such function."""
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            raise BenchError(f"baseline {self.name!r}: cannot import {self.module}: {error}",
                             "--baseline takes a name (bench list baselines) or package.module:function") from None
        if not callable(getattr(module, self.function, None)):
            raise BenchError(f"baseline {self.name!r}: {self.module} has no function {self.function!r}")
        return module

    def needs(self) -> frozenset[str]:
        """What must exist before its clock starts."""
        needs = frozenset(getattr(self.load(), "NEEDS", ()))
        unknown = needs - set(KNOWN_NEEDS)
        if unknown:
            raise BenchError(f"baseline {self.name!r} needs {sorted(unknown)}", f"known: {', '.join(KNOWN_NEEDS)}")
        return needs | ({"base"} if "features" in needs else set())

    def missing(self) -> MissingExtra | None:
        """What has to be installed first; None where nothing has to."""
        return sentence_encoder.missing() if "sentences" in self.needs() else None


def strategies_named(names: Sequence[str], table: Mapping[str, str]) -> list[Strategy]:
    """The baselines named: by name, entry point, or `package.module:function`; `all` is every one that is known."""
    from bench.core.plugins import baseline_entries

    entries = baseline_entries()
    known = {name: Strategy(name, *place.split(":")) for name, place in table.items()}
    for name, entry in entries.items():
        known.setdefault(name, Strategy(name, entry.module, entry.attr or "fit"))
    out: list[Strategy] = []
    for name in names:
        if name == ALL:
            out += known.values()
        elif name in known:
            out.append(known[name])
        elif ":" in name:
            module, _, function = name.partition(":")
            out.append(Strategy(name, module, function))
        else:
            raise unknown_name("baseline", name, known, "bench list baselines")
    return list(dict.fromkeys(out))
