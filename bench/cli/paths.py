"""Paths as the command line takes them: `~` is the home folder, and what cannot be a path is refused by its option."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.models import OptionInfo, ParameterInfo

from bench.core.errors import BenchError
from bench.core.places import home_expanded

LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes, on Linux and macOS


def path(given: str | Path) -> Path:
    """The path, with the home folder in place of `~`; `typer.BadParameter` for what cannot be one."""
    try:
        text = home_expanded(os.fspath(given))
    except BenchError as error:
        raise typer.BadParameter(str(error)) from None
    if not text:
        raise typer.BadParameter("the path is empty; . is the working directory")
    names = [len(os.fsencode(part)) for part in Path(text).parts]
    if max(names, default=0) > LONGEST_NAME or len(os.fsencode(text)) > LONGEST_PATH:
        raise typer.BadParameter(f"{text[:60]}… is too long: a name has at most {LONGEST_NAME} bytes, "
                                 f"a path {LONGEST_PATH}")
    return Path(text)


def annotation_with_parser(annotation: Any) -> Any:
    """The annotation of an option or argument; where it is one path or several, `path` reads what is given for it."""
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, *extras = get_args(annotation)
    if kind is Path or (Path in get_args(kind) and get_origin(kind) is not tuple) or list[Path] in get_args(kind):
        extras = [_with_parser(extra) if isinstance(extra, ParameterInfo) else extra for extra in extras]
    return Annotated[(kind, *extras)]


def _with_parser(info: ParameterInfo) -> ParameterInfo:
    info = copy.copy(info)
    info.parser = path
    if isinstance(info, OptionInfo):  # an argument is named in the usage line
        info.metavar = info.metavar or "PATH"
    return info
