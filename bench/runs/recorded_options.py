"""What a record keeps of the options of its run: those without which the same data and base could not be had again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bench.data.hub_names import HubName
from bench.protocol.domain import Domain
from bench.runs.options import Options

OF_FILES = ("text_column", "label_column", "map_label", "rating_threshold")
OF_BASE = ("preset", "epochs")
IN_MEMORY = " (DataFrame)"  # what `Options.in_memory` adds to the name of one


def recorded_options(source: Domain, target: Domain, options: Options) -> dict[str, Any]:
    """The options that differ from the defaults, by their names in `Options`; files and folders by name alone.

    `target` and `source` are there only for a user's own data: the name of a file, or "" for data in memory.
    """
    usual = {field.name: field.default for field in fields(Options)}
    kept: dict[str, Any] = {role: name for role, domain in (("target", target), ("source", source))
                            if (name := _users_own(domain, options)) is not None}
    names = (*(OF_FILES if kept else ()), *OF_BASE)
    kept |= {name: value for name in names if (value := getattr(options, name)) != usual[name]}
    if options.base_recipe:
        kept["base_recipe"] = dict(options.base_recipe)
    if options.tasks:
        kept["tasks"] = [folder.name for folder in options.tasks]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


def _users_own(domain: Domain, options: Options) -> str | None:
    """How `--target` named a user's own data; None for a task that has a card."""
    route = domain.edition.routes[0]
    if "incomplete" not in route.reading:
        return None
    if route.kind == "hub":
        return str(HubName(*(str(route.options.get(name) or "") for name in ("dataset", "config", "revision"))))
    file = str(route.options["file"])
    return "" if f"{file}{IN_MEMORY}" in options.in_memory else file


def without_base(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a strategy that uses no base."""
    return {name: value for name, value in recorded.items() if name not in (*OF_BASE, "base_recipe")}
