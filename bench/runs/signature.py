"""The signature of a strategy's function: `fit(trial, resources, *, setting=default)`, checked before anything runs."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from bench.core.brief import shown, text_of
from bench.core.errors import BenchError

EXPECTED = "it is called as fit(trial, resources), and its other parameters need defaults"
JSON = "a record holds None, true, false, finite numbers, texts, and lists and tables of these"
# The words of a default's or an annotation's type → the kind of JSON value.
KINDS = {**{kind: kind for kind in ("int", "float", "bool", "str", "list", "dict", "None")}, "NoneType": "None",
         "Optional": "None", "tuple": "list", "Sequence": "list", "Mapping": "dict"}
SAID = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text", "list": "a list [...]",
        "dict": "a table {...}", "None": "none"}
WORDS = re.compile(r"\w+")
ITEMS = re.compile(r"(?<=list|dict)\[.*?\]+|(?<=tuple)\[.*?\]+|(?<=Mapping)\[.*?\]+|(?<=Sequence)\[.*?\]+")
DEEPEST = 20  # levels of lists and tables in a setting
LARGEST = 1 << 63  # of whole numbers, which a record's readers take for 64 bits


def settings_of(function: Callable[..., Any], strategy: str) -> dict[str, Any]:
    """The settings of a strategy's function with their defaults, as a record holds them.

    Settings are the parameters after the first two. NumPy's numbers become Python's, tuples become lists. Raises
    `BenchError`, which names the strategy and the parameter, where the function cannot be called or a default is
    nothing that a record can hold.
    """
    who = f"baseline {strategy!r}"
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise BenchError(f"{who}: its function is async or a generator", "it must return a predictor")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError) as error:
        raise BenchError(f"{who}: its signature cannot be read: {text_of(error)}", EXPECTED) from None
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise BenchError(f"{who}: its parameter {stars}{parameter.name} takes anything",
                             "name each setting, so that records can hold its value")
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) < 2:
        raise BenchError(f"{who}: it takes ({', '.join(p.name for p in parameters)})", EXPECTED)
    settings = {}
    for parameter in [p for p in parameters if p not in positional[:2]]:
        if parameter.default is parameter.empty:
            raise BenchError(f"{who}: its parameter {parameter.name} has no default", EXPECTED)
        try:
            settings[parameter.name] = as_json(parameter.default)
        except ValueError as error:
            raise BenchError(f"{who}: its setting {parameter.name} = {shown(parameter.default)} cannot be recorded: "
                             f"{error}", JSON) from None
    return settings


def kinds_of(function: Callable[..., Any]) -> dict[str, frozenset[str]]:
    """What each setting may be, by the type of its default and by its annotation: int, float, bool, str, list, dict.

    An annotation widens what the default shows (`C: float = 1`, `model: str | None = None`). Empty: any JSON value.
    """
    kinds = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is parameter.empty:
            continue
        hint = parameter.annotation
        words = set(WORDS.findall(ITEMS.sub("", hint.__name__ if type(hint) is type else str(hint))))
        stated = {KINDS[word] for word in words if word in KINDS}
        found = stated | {KINDS[type(as_json(parameter.default)).__name__]}
        if "float" in stated and "int" not in stated:  # C: float = 1
            found -= {"int"}
        kinds[parameter.name] = frozenset() if words & {"Any", "object"} or found == {"None"} else frozenset(found)
    return kinds


def parsed(text: str, kinds: Collection[str]) -> Any:
    """The value that a text stands for, of one of the `kinds` (empty: of any); `ValueError` says what it is not."""
    value = _json_value(text)
    finite = not isinstance(value, float) or math.isfinite(value)
    kind = "None" if value is None else type(value).__name__
    if text and finite and (not kinds or (kind in kinds and kind != "float")):
        return value
    if finite and kind in ("int", "float"):
        if "int" in kinds and value == int(value):
            return int(value)
        if "float" in kinds:
            return float(value)
    if text and "str" in kinds:
        return text
    raise ValueError(f"not {' or '.join(said for kind, said in SAID.items() if kind in kinds) or 'a value'}")


def _json_value(text: str) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    with suppress(ValueError):
        return float(text.replace("_", "?"))
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def as_json(value: Any, depth: int = 0) -> Any:
    """The value as JSON holds it; `ValueError` says what it has not."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) is bool:
        return value
    if isinstance(value, int):
        if not -LARGEST <= value < LARGEST:
            raise ValueError("a whole number of more than 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("no finite number")
        return float(value)
    if isinstance(value, str):
        if any(0xD800 <= ord(c) < 0xE000 for c in value):
            raise ValueError("a text with half a character (a lone surrogate)")
        return str(value)
    if depth == DEEPEST:
        raise ValueError(f"lists or tables in more than {DEEPEST} levels")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a table whose keys are not all texts")
        return {as_json(key): as_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview, range)):
        return [as_json(item, depth + 1) for item in value]
    raise ValueError(f"{'an' if type(value).__name__[:1] in 'aeiou' else 'a'} {type(value).__name__}")
