"""Settings that the user chooses: `finetune.learning_rate=5e-4,1e-3` becomes strategies, `base.epochs=3` a recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from bench.core.errors import BenchError
from bench.core.names import did_you_mean
from bench.learning.networks.batches import Recipe
from bench.results.row_names import setting_text
from bench.runs import outside, signature
from bench.runs.options import Options

if TYPE_CHECKING:
    from bench.runs.registry import Strategy

EXAMPLE = "such as --set finetune.learning_rate=5e-4"
NAME = re.compile(r"\.([^\W\d]\w*)=")
BASE = re.compile(r"base\.([^\W\d]\w*)=(.*)", re.DOTALL)
DEFAULT = "default"  # as a value: the setting's default, so that the strategy keeps its plain row too
# Fields of the base's recipe that can be set: from, to, and whether the first of them is left out.
RECIPE = {"epochs": (1, 10_000, False), "batch": (1, 1_000_000, False), "learning_rate": (0, 10, True),
          "warmup": (0, 1, False), "weight_decay": (0, 10, False), "word_dropout": (0, 0.95, False)}


def with_settings(strategies: Sequence[Strategy], texts: Sequence[str]) -> list[Strategy]:
    """The strategies, each as often as its chosen settings have combinations; those without any stay as they are.

    `texts` are `STRATEGY.SETTING=VALUE` with one value or several. The strategies are described. Raises `BenchError`
    for a strategy that is not among them, a setting that it has not, and a value that its signature does not take.
    """
    grids: dict[Strategy, dict[str, list[Any]]] = {}
    for text in texts:
        strategy, name, values = _parsed(text, strategies)
        known = grids.setdefault(strategy, {}).setdefault(name, [])
        known += [value for value in _values(text, strategy, name, values) if value not in known]
    rows = []
    for strategy in strategies:
        grid = grids.get(strategy, {})
        defaults = strategy.described().settings
        for combination in product(*grid.values()):
            chosen = {name: value for name, value in zip(grid, combination, strict=True) if value != defaults[name]}
            rows.append(replace(strategy, chosen=json.dumps(chosen, sort_keys=True, ensure_ascii=False)))
    return list(dict.fromkeys(rows))


def options_per_base(options: Options) -> list[Options]:
    """One set of options for each recipe of the base that `--set base.…` asks for; `BenchError` for a wrong one."""
    grid: dict[str, list[float | None]] = {}
    others = []
    for text in options.settings:
        match = BASE.fullmatch(text)
        if not match:
            others.append(text)
            continue
        name, values = match.groups()
        if name not in RECIPE:
            raise BenchError(f"--set {text!r}: the base has no setting {name!r}{did_you_mean(name, RECIPE)}",
                             f"its settings: {', '.join(RECIPE)}")
        if name == "epochs" and options.epochs:
            raise BenchError(f"--set {text!r} with --epochs {options.epochs}", "give one or the other")
        known = grid.setdefault(name, [])
        known += [None if part == DEFAULT else _recipe_value(text, name, part) for part in _parts(values)]
    plain = replace(options, settings=tuple(others))
    runs = []
    for combination in product(*grid.values()):
        recipe = tuple((name, value) for name, value in zip(grid, combination, strict=True) if value is not None)
        runs.append(replace(plain, base_recipe=recipe))
    return list(dict.fromkeys(runs))


def _recipe_value(text: str, name: str, part: str) -> float:
    low, high, above = RECIPE[name]
    kind = str(Recipe.__annotations__[name])
    value = low - 1.0
    with suppress(ValueError):
        value = signature.parsed(part, {kind})
    if not low <= value <= high or (above and value == low):
        raise BenchError(f"--set {text!r}: {part!r} is no {name} of a base",
                         f"{signature.SAID[kind]} {'above' if above else 'from'} {low:,} to {high:,}")
    return value


def _parsed(text: str, strategies: Sequence[Strategy]) -> tuple[Strategy, str, str]:
    """The strategy, the name of its setting and the values; a strategy's name may hold dots, colons and more."""
    prefixes = []
    for match in NAME.finditer(text):
        prefix = text[: match.start()]
        for strategy in strategies:
            if _is_called(strategy, prefix):
                return strategy, match[1], text[match.end() :]
        prefixes.append(prefix)
    if not prefixes or not prefixes[0]:
        raise BenchError(f"--set {text!r} is not STRATEGY.SETTING=VALUE", EXAMPLE)
    names = [strategy.name for strategy in strategies]
    raise BenchError(f"--set {text!r}: this run has no strategy {prefixes[0]!r}{did_you_mean(prefixes[0], names)}",
                     f"it has {', '.join(names)}; --baseline names others, and base is the network")


def _is_called(strategy: Strategy, name: str) -> bool:
    if name == strategy.name:
        return True
    if strategy.file:
        with suppress(BenchError):
            return outside.file_named(name) == (strategy.file, strategy.function)
    return False


def _values(text: str, strategy: Strategy, name: str, values: str) -> Iterator[Any]:
    described = strategy.described()
    defaults = described.settings
    listed = ", ".join(f"{key}={setting_text(value)}" for key, value in defaults.items())
    if name not in defaults:
        raise BenchError(f"--set {text!r}: {strategy.name} has no setting {name!r}{did_you_mean(name, defaults)}",
                         f"its settings and their defaults: {listed}" if listed else "it has no settings")
    kinds = described.kinds.get(name, frozenset())
    for part in _parts(values):
        if part == DEFAULT:
            yield defaults[name]
            continue
        try:
            value = signature.as_json(signature.parsed(part, kinds))
        except ValueError as error:
            raise BenchError(f"--set {text!r}: {part!r} is {error}",
                             f"the settings of {strategy.name} and their defaults: {listed}") from None
        # The suite's own settings are sizes, rates and shares: one that is 0 or more by default is never below 0.
        if not strategy.outside and _is_number(value) and value < 0 and _is_number(defaults[name]) \
                and defaults[name] >= 0:
            raise BenchError(f"--set {text!r}: {part!r} is below 0",
                             f"the settings of {strategy.name} and their defaults: {listed}")
        yield value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _parts(values: str) -> list[str]:
    """The values between commas; a comma inside brackets or quotes separates nothing."""
    parts, depth, quoted = [""], 0, False
    for i, c in enumerate(values):
        if c == '"' and values[i - 1 : i] != "\\":
            quoted = not quoted
        elif not quoted and c in "[{":
            depth += 1
        elif not quoted and c in "]}":
            depth -= 1
        if c == "," and not quoted and depth <= 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]
