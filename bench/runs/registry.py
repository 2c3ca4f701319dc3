"""The strategies that can be named: those of the built-in table, of other packages, `file.py:fit` and `module:fit`."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.core import environment
from bench.core.brief import brief, shown
from bench.core.errors import BenchError, MissingExtra
from bench.core.plugins import baseline_entries
from bench.data.cards import unknown_name
from bench.protocol.trial import Predictor
from bench.results.row_names import row_name
from bench.runs import chosen_settings, failures, isolation, needs, outside, processes, signature, strategy_code
from bench.runs.options import ALL, Say

OURS = ("bench",)  # packages whose strategies run in this process
TAKES = "--baseline takes a name (bench list baselines), file.py:function or package.module:function"
IMPORT_SECONDS = 300.0  # that importing a strategy from outside may take, if no other limit is set


@dataclass(frozen=True)
class Description:
    """What a strategy's module says of it."""

    needs: frozenset[str]
    settings: Mapping[str, Any]  # its keyword arguments with their defaults, as JSON
    summary: str  # the first line of its documentation
    sha256: str = ""  # of its code; empty for a strategy of the suite
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what each setting may be
    optional: tuple[tuple[str, frozenset[str]], ...] = ()  # strategies that it combines where they can run, their needs
    without: tuple[str, ...] = ()  # of these, the ones that lack something here that could be installed


@dataclass(frozen=True)
class Strategy:
    """A strategy by its name on the command line, where its function is, and the settings that the user chose.

    One from outside is imported in processes of its own alone: here it is known by its description.
    """

    name: str
    module: str  # empty where `file` says it
    function: str = "fit"
    file: Path | None = None
    description: Description | None = field(default=None, compare=False, repr=False)  # as planned; None: asked anew
    chosen: str = "{}"  # JSON: the settings that the user chose, where they are not the defaults

    @property
    def outside(self) -> bool:
        """Whether it is none of ours."""
        return self.file is not None or self.module.partition(".")[0] not in OURS

    def load(self) -> ModuleType:
        """Its module, imported into this process.

        Raises `BenchError` where it cannot be, has no such function, or other code than planned.
        """
        where = str(self.file or self.module)
        if self.outside:
            environment.find_in_working_directory()
            self._check_code()
        try:
            module = outside.import_file(self.file) if self.file else importlib.import_module(self.module)
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError) and f"{where}.".startswith(f"{error.name}.")
            reason = str(error) if missing else failures.reason_of(error, self.code())
            raise BenchError(f"baseline {self.name!r}: cannot import {where}: {reason}", TAKES if missing else ""
                             ) from error
        if not callable(getattr(module, self.function, None)):
            raise BenchError(f"baseline {self.name!r}: {where} has no function {self.function!r}")
        return module

    def fit(self) -> Callable[..., Predictor]:
        """Its function, with the chosen settings: `fit(trial, resources)`."""
        function: Callable[..., Predictor] = getattr(self.load(), self.function)
        chosen = json.loads(self.chosen)
        return partial(function, **chosen) if chosen else function

    def described(self) -> Description:
        """What its module says of it; one from outside is asked in a process of its own."""
        if self.description is not None:
            return self.description
        return _described_once(self) if self.outside else describe(self)

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of its function, with their defaults or what the user chose, as JSON."""
        return {**self.described().settings, **json.loads(self.chosen)}

    @property
    def row(self) -> str:
        """Its name with the chosen settings: `finetune[learning_rate=5e-4]`."""
        return row_name(self.name, json.loads(self.chosen))

    def needs(self) -> frozenset[str]:
        """Names of what it needs, from its module's `NEEDS`, with the settings that choose; see bench/runs/needs.py."""
        return needs.with_settings(self.described().needs, self.settings())

    def optional_needs(self) -> frozenset[str]:
        """Names of what it also uses, on targets where that is available."""
        return frozenset().union(*(of_name for _, of_name in self.described().optional))

    def without(self) -> tuple[str, ...]:
        """Strategies that it would combine on its target, and cannot since something is not installed here."""
        return self.described().without

    def code_sha256(self) -> str:
        """The digest of its code; empty for a strategy of the suite."""
        return self.described().sha256

    def _check_code(self) -> None:
        """Raise `BenchError` where its code is not what was planned; nothing compiled is taken for it."""
        files = strategy_code.files_of(self.module, self.file)
        strategy_code.forget_compiled(files)
        planned = self.description.sha256 if self.description else ""
        if planned and (now := strategy_code.digest(files, self.module)) != planned:
            raise BenchError(f"the code of {self.name!r} has changed since the run began, or is another on this "
                             f"machine: digest {now[:12]}, planned {planned[:12]}", "run the same command again")

    def missing(self) -> MissingExtra | None:
        """The error for an extra that has to be installed first; None where nothing is missing."""
        return needs.missing(self.needs())

    def code(self) -> Path | None:
        """The file of its module, without importing it."""
        if self.file:
            return self.file
        try:
            spec = importlib.util.find_spec(self.module)
        except (ImportError, ValueError, AttributeError):
            return None
        return Path(spec.origin) if spec and spec.origin else None


def describe(strategy: Strategy) -> Description:
    """Import a strategy into this process and say what it is; `BenchError` where no trial of it could run."""
    module = strategy.load()
    function = getattr(module, strategy.function)
    asked = getattr(module, "NEEDS", ())
    if isinstance(asked, str) or not isinstance(asked, Iterable):
        raise BenchError(f"baseline {strategy.name!r}: its NEEDS is {shown(asked)}", "such as NEEDS = {'features'}")
    names = list(asked)
    unknown = [shown(name) for name in names if not isinstance(name, str) or name not in needs.NEEDS]
    if unknown:
        raise BenchError(f"baseline {strategy.name!r} needs [{', '.join(sorted(unknown))}]",
                         f"known: {', '.join(needs.NEEDS)}")
    optional = () if strategy.outside else tuple(
        (name, needs.complete(of_name)) for name, of_name in getattr(module, "OPTIONAL_NEEDS", ()))
    text = function.__doc__ if strategy.function != "fit" else module.__doc__
    code = strategy_code.digest(strategy_code.files_of(strategy.module, strategy.file), strategy.module) \
        if strategy.outside else ""
    return Description(needs.complete(names), signature.settings_of(function, strategy.name),
                       brief(str(text or "").strip().split("\n")[0]), code, signature.kinds_of(function), optional)


def _described_apart(strategies: Sequence[Strategy], engine: str) -> list[Description | BenchError]:
    """Strategies from outside, each described by a process of its own."""
    if not strategies:
        return []
    processes.warm_up(engine)
    results = isolation.call_each(_describe_outside, [(strategy,) for strategy in strategies], IMPORT_SECONDS)
    return [BenchError(f"baseline {strategy.name!r}: cannot import {strategy.file or strategy.module}: {result}")
            if isinstance(result, isolation.ProcessDied) else result
            for strategy, result in zip(strategies, results, strict=True)]


@lru_cache(256)
def _described_once(strategy: Strategy) -> Description:
    description = _described_apart([strategy], "torch")[0]
    if isinstance(description, BenchError):
        raise description
    return description


def _describe_outside(strategy: Strategy) -> Description:
    try:
        return describe(strategy)
    except BenchError as error:
        refusal, cause = BenchError(error.message, error.hint), error.__cause__
    except BaseException as error:  # sys.exit(), or an error of a class that nothing here knows
        refusal, cause = BenchError(f"baseline {strategy.name!r}: cannot import {strategy.file or strategy.module}: "
                                    f"{failures.reason_of(error, strategy.code())}"), error
    refusal.details = failures.full(cause) if cause else ""
    raise refusal


def strategies_named(names: Sequence[str], table: Mapping[str, str], say: Say = lambda text: None) -> list[Strategy]:
    """The strategies named: in the table, as an entry point, by file or `package.module:function`; `all` is all known.

    `say` hears of entry points that name nothing.
    """
    places = {name: place.partition(":") for name, place in table.items()}
    known = {name: Strategy(name, module, function or "fit") for name, (module, _, function) in places.items()}
    for name, (module, function) in baseline_entries(say if ALL in names else lambda text: None).items():
        known.setdefault(name, Strategy(name, module, function or "fit"))
    strategies: list[Strategy] = []
    for name in names:
        if name == ALL:
            strategies += known.values()
        elif name in known:
            strategies.append(known[name])
        elif place := outside.file_named(name):
            strategies.append(Strategy(_as_name(f"{place[0].stem}:{place[1]}"), "", place[1], place[0]))
        elif ":" in name:
            module, _, function = name.partition(":")
            if not all(part.isidentifier() for part in (*module.split("."), function)):
                raise BenchError(f"baseline {name!r} is no package.module:function", TAKES)
            strategies.append(Strategy(name, module, function))
        else:
            raise unknown_name("baseline", name, known, "bench list baselines; a file is named file.py:function")
    return _with_names_of_their_own(list(dict.fromkeys(strategies)))


def _as_name(text: str) -> str:
    """The text as a record can hold it for a strategy's name."""
    return "".join(c if c.isprintable() and c not in "/\\" else "_" for c in text)


def _with_names_of_their_own(strategies: list[Strategy]) -> list[Strategy]:
    """The same strategies; two files of one name get the names of their folders too."""
    several = {name for name, count in Counter(s.name for s in strategies).items() if count > 1}
    renamed = []
    for strategy in strategies:
        if strategy.file and strategy.name in several:
            folders = [part for part in strategy.file.parent.parts if part != strategy.file.anchor]
            others = [s.file.parent.parts for s in strategies if s.file and s.name == strategy.name and s != strategy]
            depth = next((n for n in range(1, len(folders)) if all(tuple(folders[-n:]) != o[-n:] for o in others)),
                         len(folders))
            strategy = replace(strategy, name=_as_name(".".join([*folders[-depth:], strategy.name])))
        renamed.append(strategy)
    return renamed


def describe_all(strategies: Sequence[Strategy], engine: str = "torch") -> list[Strategy | BenchError]:
    """The strategies with their descriptions, or why one has none; `engine` is the one that their trials will use."""
    from_outside = [strategy for strategy in strategies if strategy.outside]
    apart = dict(zip(from_outside, _described_apart(from_outside, engine), strict=True))
    results: list[Strategy | BenchError] = []
    for strategy in strategies:
        try:
            description = apart[strategy] if strategy.outside else describe(strategy)
        except BenchError as error:
            description = error
        results.append(description if isinstance(description, BenchError) else
                       replace(strategy, description=description))
    return results


def installed(names: Sequence[str], table: Mapping[str, str], say: Say, engine: str = "torch",
              settings: Sequence[str] = ()) -> list[Strategy]:
    """The strategies named that can run here, described, with the settings that `--set` chose for them.

    Raises `BenchError` for one that was asked for by its own name and cannot; `say` hears of the others.
    """
    strategies = []
    named = strategies_named(names, table, say)
    for strategy, described in zip(named, describe_all(named, engine), strict=True):
        error = described if isinstance(described, BenchError) else described.missing()
        if isinstance(described, Strategy) and error is None:
            strategies.append(described)
        elif ALL not in names or strategy.name in names:
            assert error is not None
            raise error
        else:
            say(f"{strategy.name} left out: {error}")
    return chosen_settings.with_settings(strategies, settings)
