"""Option groups: a command takes frozen dataclasses, and each of their fields becomes one of its options."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

from bench.cli import lists
from bench.cli.paths import annotation_with_parser
from bench.cli.terminal import errors
from bench.core import ranges

Command = Callable[..., None]
METAVARS = {int: "N", float: "NUMBER", str: "TEXT"}  # of options that name none
NUMERIC = frozenset(option.rpartition(".")[2] for option in ranges.RANGES)  # options with a number in them


@dataclass(frozen=True)
class After:
    """Annotates an option or a group that `--help` lists right after another option, not where the signature has it."""

    option: str  # its parameter name


def typer_command(function: Command) -> Command:
    """Return `function` as typer takes it: groups are expanded into options, and errors end as `terminal.errors` says.

    A parameter whose type is a dataclass is a group. Its fields are annotated and have defaults as typer's parameters
    do. The function is then called with the groups filled in.
    """
    groups: dict[str, type] = {}
    options: list[Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        annotated = get_origin(parameter.annotation) is Annotated
        kind, *extras = get_args(parameter.annotation) if annotated else [parameter.annotation]
        expanded = [parameter]
        if isinstance(kind, type) and is_dataclass(kind):
            groups[parameter.name], expanded = kind, _options_of(kind)
        expanded = [option.replace(annotation=_finished(option.annotation)) for option in expanded]
        names = [option.name for option in options]
        at = next((names.index(extra.option) + 1 for extra in extras if isinstance(extra, After)), len(options))
        options[at:at] = expanded

    name = function.__name__.removesuffix("_command")
    usual = {option.name: option.default for option in options}

    def command(**given: Any) -> None:
        with errors():
            for option, value in given.items():
                if option in NUMERIC and isinstance(value, (int, float)) and value != usual[option]:
                    ranges.check(option, value, name)
            values = {name: group(**{field.name: given.pop(field.name) for field in fields(group)})
                      for name, group in groups.items()}
            function(**values, **given)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__annotations__ = {}  # typer reads the signature
    command.__signature__ = Signature(  # type: ignore[attr-defined]
        [option.replace(kind=Parameter.KEYWORD_ONLY) for option in options])
    return command


def _finished(annotation: Any) -> Any:
    """The annotation of an option or argument with what is the same for all of its type: paths, lists, metavars."""
    annotation = annotation_with_parser(annotation)
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, *extras = get_args(annotation)
    is_list = any(get_origin(part) is list for part in (kind, *get_args(kind)))
    split = next((extra.split for extra in extras if isinstance(extra, lists.SplitBy)), lists.parts)
    finished = []
    for extra in extras:
        if isinstance(extra, OptionInfo):
            extra = copy.copy(extra)
            if is_list:
                extra.callback = _splitter(split)
            basic = next((part for part in (kind, *get_args(kind)) if part in METAVARS), str)
            extra.metavar = extra.metavar or METAVARS[basic]
        finished.append(extra)
    return Annotated[(kind, *finished)]


def _splitter(split: Callable[[str], list[str]]) -> Callable[[Any], Any]:
    def callback(value: Any) -> Any:
        return lists.split_all(value, split)

    return callback


def _options_of(group: type) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name])
            for field in fields(group)]


def _default(field: Field[Any]) -> Any:
    return Parameter.empty if field.default is MISSING else field.default
