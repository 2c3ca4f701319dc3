"""Data from outside, checked against types. An error names the wrong key, its value and what is valid."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, overload

import msgspec
from msgspec import Meta

from bench.core.brief import brief, shown
from bench.core.errors import BenchError
from bench.core.names import LONGEST as LONGEST_NAME
from bench.core.names import did_you_mean

T = TypeVar("T")
END = r"$(?!\n)"  # of a pattern: in Python `$` alone also matches before a final line break
Text = Annotated[str, Meta(min_length=1, description="text")]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1, description="a list of one text or more")]
# A pattern that every language reads cannot say "lower-case letter of any script"; `core.names.is_name` does.
Name = Annotated[str, Meta(max_length=LONGEST_NAME, pattern=rf'^[^@._\-\s/\\:*?"<>|][^@\s/\\:*?"<>|]*{END}',
                           description="a name of lower-case letters, digits, '.', '_' and '-'")]
Sha256 = Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}{END}", description="64 hexadecimal digits")]
IN_WORDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
            "array": "a list", "object": "a table", "null": "nothing"}
Schema = Mapping[str, Any]


@overload
def checked(value: object, kind: type[T], where: str, error: type[BenchError] = ..., without: Iterable[str] = ...
            ) -> T: ...
@overload
def checked(value: object, kind: Any, where: str, error: type[BenchError] = ..., without: Iterable[str] = ...
            ) -> Any: ...
def checked(value: object, kind: Any, where: str, error: type[BenchError] = BenchError, without: Iterable[str] = ()
            ) -> Any:
    """Convert `value`, as parsed from JSON or TOML, to a dataclass, a `msgspec.Struct` or a union of tagged structs.

    Raises `error`, with a message that begins with `where`, for an unknown, a missing or a wrong key. `without` names
    the fields of a dataclass that are not keys. Unknown keys of nested dataclasses are ignored; a struct says itself
    whether it forbids them.
    """
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        names = {f.name for f in dataclasses.fields(kind)} - set(without)
        for key in value:
            if key not in names:
                raise error(f"{where}: {unknown_key(key, names)}", f"valid here: {', '.join(sorted(names))}")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        try:
            message, hint = _explained(str(problem), value, schema_of(kind))
        except (LookupError, TypeError, ValueError):  # a place that the path in msgspec's message does not lead to
            message, hint = brief(str(problem), 240), ""
        raise error(f"{where}: {message}", hint) from None


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema",
            **msgspec.json.schema(kind, schema_hook=lambda custom: {"type": "string"})}


def unknown_key(key: object, names: Iterable[str]) -> str:
    """`unknown key 'titel'; did you mean 'title'?`."""
    return f"unknown key {shown(key)}{did_you_mean(str(key), names)}"


def _explained(problem: str, value: Any, schema: Schema) -> tuple[str, str]:
    """Message and hint for an error of msgspec, such as "Expected `int`, got `str` - at `$.rows`"."""
    match = re.fullmatch(r"(.*?)(?: - at (?:`key` in )?`\$([^`]*)`)?", problem, re.DOTALL)
    assert match is not None, "every text matches"
    node, place = _resolved(schema, schema, value), ""
    for key, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.{3})\]", match[2] or ""):
        if index == "...":  # an entry of a table; msgspec does not say which one
            entry = node.get("additionalProperties")
            if isinstance(entry, Mapping) and match[1].startswith("Object "):
                node, place = _resolved(entry, schema, None), f"{place}[…]"
            break
        step, at = (key, f"{'.' if place else ''}{key}") if key else (int(index), f"[{index}]")
        value, place = value[step], place + at
        node = _resolved(node["properties"][key] if key else node["items"], schema, value)
    where = f"{place}: " if place else ""
    if missing := re.match(r"Object missing required field `(.*)`$", match[1], re.DOTALL):
        meaning = _meaning(_resolved(node["properties"][missing[1]], schema, None))
        return f"{where}the key {missing[1]!r} is missing", f"{missing[1]} must be {meaning}"
    if unknown := re.match(r"Object contains unknown field `(.*)`$", match[1], re.DOTALL):
        names = node["properties"]
        return where + unknown_key(unknown[1], names), f"valid here: {', '.join(sorted(names))}"
    return (f"{place} = {shown(value)} must be {_meaning(node)}" if place else f"it must be {_meaning(node)}",
            did_you_mean(value, node.get("enum", ())).removeprefix("; ") if isinstance(value, str) else "")


def _resolved(node: Schema, schema: Schema, value: Any) -> Schema:
    """The schema node that applies to `value`: references followed, and one type chosen where there are several."""
    while "$ref" in node:
        node = {**schema["$defs"][node["$ref"].rpartition("/")[2]], **{k: v for k, v in node.items() if k != "$ref"}}
    if "discriminator" in node:
        tag, kinds = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        named = value.get(tag) if isinstance(value, Mapping) else None
        if isinstance(named, str) and named in kinds:
            return _resolved({"$ref": kinds[named]}, schema, value)
        return {"type": "object", "properties": {tag: {"enum": list(kinds)}}}
    if "anyOf" in node and "description" not in node:
        return _resolved(node["anyOf"][0], schema, value)
    return node


def _meaning(node: Schema) -> str:
    """What a value must be, in words: its description, or else its type and limits."""
    if "description" in node:
        return str(node["description"])
    if "enum" in node:
        names = [str(name) for name in node["enum"]]
        return f"one of {', '.join(names)}" if len(names) > 1 else names[0]
    low, high = node.get("minimum"), node.get("maximum")
    limits = f" of {low} or more" if low is not None else ""
    if low is not None and high is not None:
        limits = f" from {low:,} to {high:,}"
    return IN_WORDS.get(node.get("type", ""), "something else") + limits
