"""`bench run --config study.toml` and `--save-config study.toml`: the options of a run in a file."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli import help
from bench.cli.terminal import errors
from bench.core.errors import BenchError
from bench.core.names import did_you_mean

NOT_OF_THE_STUDY = ("config", "save", "dry_run", "as_json", "debug", "rerun", "limit", "time_limit", "verbose", "help")
PATHS = ("data_dir", "cache_dir", "results_dir", "tasks")
NAMED = ("target", "source")  # options that name a task or a file
CODE = re.compile(r"[^=]*?\.py(?=$|[:.])")  # the file in my.py, my.py:fit and my.py:fit.C=1
Move = Callable[[str], str]  # a path of one folder as a path of another


def use_config(context: typer.Context, file: Path | None) -> Path | None:
    """Take the options in a file for the defaults of this call: what stands on the command line wins."""
    if file is not None and not context.resilient_parsing:
        with errors():
            context.default_map = {**(context.default_map or {}), **_options_in(file, context.command.params)}
    return file


Config = Annotated[Path | None, typer.Option(
    "--config", is_eager=True, callback=use_config, metavar="FILE.toml", rich_help_panel=help.WHAT,
    help="File with options of this command, such as seeds = 5 or target = [\"amazon\", \"mine.csv\"]; those on the "
         "command line win. Its relative paths begin at its folder (docs/running.md).")]
SaveConfig = Annotated[Path | None, typer.Option(
    "--save-config", metavar="FILE.toml", rich_help_panel=help.OUTPUT,
    help="Write the options of this run to a file for --config.")]


def _options_in(file: Path, parameters: list[Any]) -> dict[str, Any]:
    """The options that a file gives, by parameter; `BenchError` for a key or a value that no option has."""
    try:
        given = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BenchError(f"--config {file}: {reason}", "a TOML file such as bench run --save-config writes") from None
    known = {_key(parameter): parameter for parameter in parameters if parameter.name not in ("config", "save", "help")}
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = key.replace("_", "-")
        if name not in known:
            raise BenchError(f"--config {file}: there is no option {key!r}{did_you_mean(name, known)}",
                             "its keys are the options of bench run --help, without the dashes before them")
        parameter = known[name]
        if parameter.name in values:
            raise BenchError(f"--config {file}: {key!r} stands there twice", "with - or with _")
        found = _value(value, parameter, f"--config {file}: {key} = {value!r}"[:300])
        move: Move = lambda text: str(file.parent / text)  # noqa: E731
        values[parameter.name] = [_moved(parameter, text, move) for text in found] if isinstance(found, list) else \
            _moved(parameter, found, move)
    return values


def _key(parameter: Any) -> str:
    return str(max(parameter.opts, key=len)).lstrip("-")


def _value(value: Any, parameter: Any, where: str) -> Any:
    """A value of TOML as the command line would give it: a flag, a text, or a list of texts."""
    if getattr(parameter, "is_flag", False):
        if isinstance(value, bool):
            return value
        raise BenchError(f"{where} is not true or false", "write it without quotes")
    if isinstance(value, dict) and parameter.name == "settings":
        return list(_settings(value, where))
    texts = [_text(one, where) for one in (value if isinstance(value, list) else [value])]
    if parameter.multiple:
        return texts
    if len(texts) != 1:
        raise BenchError(f"{where} is a list", "this option takes one value")
    return ",".join(texts)


def _text(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    raise BenchError(f"{where} is no value of this option", "a text or a number, or a list of them")


def _settings(table: Mapping[str, Any], where: str) -> Iterator[str]:
    """`[set.finetune] learning_rate = [5e-4, 1e-3]` as the texts of `--set`."""
    for strategy, settings in table.items():
        if not isinstance(settings, dict):
            raise BenchError(f"{where} names no strategy", "[set.finetune] with a line such as learning_rate = 5e-4")
        for name, value in settings.items():
            values = value if isinstance(value, list) else [value]
            yield f"{strategy}.{name}=" + ",".join(one if isinstance(one, str) else json.dumps(one) for one in values)


def _moved(parameter: Any, value: Any, move: Move) -> Any:
    """The value with its relative path, if it is or begins with one, moved."""
    if not isinstance(value, str) or not value or value.startswith("~"):
        return value
    if parameter.name in ("baseline", "settings"):
        code = CODE.match(value)
        return move(code[0]) + value[code.end() :] if code and not os.path.isabs(code[0]) else value
    is_path = parameter.name in PATHS or (parameter.name in NAMED and _is_file(value))
    return move(value) if is_path and not os.path.isabs(value) else value


def _is_file(name: str) -> bool:
    from bench.data.hub_names import is_hub_name
    from bench.data.table_files import format_of

    return not is_hub_name(name) and ("/" in name or "\\" in name or format_of(Path(name)) is not None)


def save_config(file: Path, context: typer.Context, chosen: Mapping[str, list[str]]) -> None:
    """Write the options of a run, whole: those that were given and the defaults, so that they stay the same.

    `chosen` are options whose default is a list. Raises `BenchError` where the file exists and says something else.
    """
    from bench.core.files import save_bytes

    folder = file.parent
    given = {**context.params, **chosen}
    lines = ["# The options of a run: bench run --config takes them; those on the command line win."]
    for parameter in context.command.params:
        value = given.get(parameter.name)
        if parameter.name in NOT_OF_THE_STUDY or value in (None, "", [], ()):
            continue
        move: Move = lambda text: os.path.relpath(text, folder)  # noqa: E731
        if isinstance(value, (list, tuple)):
            texts = [_toml(_moved(parameter, str(one), move)) for one in value]
            lines.append(f"{_key(parameter)} = [{', '.join(texts)}]")
        else:
            value = _moved(parameter, str(value), move) if isinstance(value, (str, Path)) else value
            lines.append(f"{_key(parameter)} = {_toml(value)}")
    content = ("\n".join(lines) + "\n").encode()
    if file.exists() and (file.is_dir() or file.read_bytes() != content):
        raise BenchError(f"--save-config: {file} exists, and says something else", "remove it, or name another file")
    save_bytes(file, content, "", shared=False)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
