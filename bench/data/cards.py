"""A task card (TOML) becomes a `Task`: what the labels are, and where its data come from."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from bench.core import places
from bench.core.brief import shown
from bench.core.errors import BenchError, CardError
from bench.core.names import did_you_mean, is_name
from bench.core.schema import END, Name, Text, checked
from bench.data.route_keys import (
    READING,
    ArchiveRoute,
    DirectoryRoute,
    HubRoute,
    PackageRoute,
    ScikitLearnRoute,
    Where,
)

BUILT_IN = places.shipped("tasks")

TWICE = "choose another name"  # the hint where two cards have one name
LARGEST = 64 << 10  # bytes of a card
DOTTED = re.compile(r"""(?:[\w"'-]{1,64}\s{0,8}\.\s{0,8}){32}""")  # tomllib takes the square of a key's parts
Role = Literal["development", "confirmation"]
Rows = Annotated[int, Meta(ge=0, le=10**12, description="the number of rows, or 0 where it is unknown")]
Strip = Annotated[tuple[Literal["headers", "footers", "quotes"], ...],
                  Meta(min_length=1, description="a list of some of headers, footers and quotes, each once")]


@dataclass(frozen=True)
class Route:
    """One way to an edition's bytes, and the reader that turns them into rows."""

    kind: str  # the tag of one of the routes above
    options: Mapping[str, Any]  # the keys of that kind that the card has
    reader: str = "parquet"  # a key of public_formats.READERS
    reading: Mapping[str, Any] = field(default_factory=dict)  # those of READING that the card has

    def __str__(self) -> str:
        """`archive https://…`, as shown in messages."""
        for key in ("distribution", "file", "url", "dataset"):
            if key in self.options:
                return f"{self.kind} {self.options[key]}"
        return self.kind


@dataclass(frozen=True)
class Unlabelled:
    """More texts of an edition's kind, without labels: a base learns word vectors from them."""

    routes: tuple[Route, ...]
    rows: Rows = 0
    sha256: Annotated[str, Meta(pattern=f"^([0-9a-f]{{64}})?{END}", description="64 hexadecimal digits")] = ""


@dataclass(frozen=True)
class Edition:
    """One concrete data set for a task; never mixed with another in a leaderboard."""

    name: Name
    routes: tuple[Route, ...]
    rows: Rows = 0
    sha256: Annotated[str, Meta(pattern=f"^([0-9a-f]{{64}})?{END}", description="64 hexadecimal digits")] = ""
    licence: str = ""
    citation: str = ""
    references: tuple[Text, ...] = ()  # keys of bench/references.toml: what `bench cite` prints
    test: Literal["official", "quarter", "fifth"] = "quarter"  # rows with split == "test"; or seeded and stratified
    split_by: Annotated[Literal["", "group"], Meta(description="'group'")] = ""  # a group's rows stay on one side
    where: Where = field(default_factory=dict)
    strip: Strip = ()  # what is cut out of newsgroup posts
    unlabelled: Unlabelled | None = None


@dataclass(frozen=True)
class Task:
    """A text-classification domain: its labels, and the editions of its data in order of choice."""

    name: Name
    title: str
    labels: Annotated[tuple[Text, ...], Meta(min_length=2, description="a list of two or more different names")]
    editions: tuple[Edition, ...]
    imbalanced: bool = False  # balanced accuracy and AUC lead its leaderboard
    role: Role = "confirmation"  # whether the suite's recipes, members or defaults were chosen on its training texts
    folder: Path | None = None  # where its card lies, unless built in: data files may lie beside it

    def edition(self, name: str) -> Edition:
        """The edition called `name`."""
        for edition in self.editions:
            if edition.name == name:
                return edition
        raise unknown_name("edition", name, [e.name for e in self.editions], f"editions of {self.name}")


def unknown_name(kind: str, name: str, known: Iterable[str], where: str) -> BenchError:
    """The error for an unknown name: names the nearest known one, or all of them."""
    names = sorted(known)
    nearest = did_you_mean(name, names)
    hint = where if nearest else f"known: {', '.join(names)}; {where}"
    return BenchError(f"unknown {kind} {name!r}{nearest}", hint)


@lru_cache(maxsize=256)  # a command reads all cards once for each data set
def parse_card(text: str, origin: str) -> Task:
    """A card's TOML text as a `Task`; every key, type and value is checked.

    Raises `CardError` naming `origin`, the key and what is valid.
    """
    if len(text) > LARGEST or DOTTED.search(text):
        raise CardError(f"{origin} is larger than {LARGEST >> 10} kB, or has a key of more than 32 parts",
                        "is it a task card?")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits
        raise CardError(f"{origin} is not valid TOML: {str(error)[:200]}", "see docs/adding-a-task.md") from None
    raw["editions"] = tuple(_edition(edition, f"{origin}: edition {_called(edition, number)}")
                            for number, edition in enumerate(_tables(raw, "editions", origin), 1))
    task = checked(raw, Task, origin, CardError, without=["folder"])
    _check_name(task.name, origin)
    if len(set(task.labels)) < len(task.labels):
        raise CardError(f"{origin}: labels = {shown(list(task.labels))} must be a list of two or more different names")
    if len({edition.name for edition in task.editions}) < len(task.editions):
        raise CardError(f"{origin}: two editions have the same name")
    return task


def read_card(path: Path) -> Task:
    """The `Task` of one card file (UTF-8, at most LARGEST bytes)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) or path.stat().st_size > LARGEST:  # a pipe would never end
            raise CardError(f"{path} is no file, or larger than {LARGEST >> 10} kB", "is it a task card?")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CardError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise CardError(f"cannot read {path}: {error.strerror or error}") from None
    task = parse_card(text, str(path))
    folder = path.resolve().parent
    return task if folder == BUILT_IN.resolve() else replace(task, folder=folder)


def all_tasks(extra: Iterable[Path] = (), broken: Callable[[CardError], object] | None = None) -> dict[str, Task]:
    """Every card of `tasks/`, of the folders in `extra`, and of the entry points, by name.

    Raises `CardError` for a card that cannot be used, or hands it to `broken` and goes on where that is given.
    """
    from bench.core.plugins import task_folders

    tasks: dict[str, Task] = {}
    for folder in (BUILT_IN, *task_folders(), *extra):
        if not folder.is_dir():
            raise BenchError(f"no such folder of task cards: {folder}", "--tasks takes a folder of .toml cards")
        for path in sorted(folder.glob("*.toml")):
            try:
                task = read_card(path)
                if task.name in tasks:
                    raise CardError(f"{path}: a task named {task.name!r} exists already", TWICE)
            except CardError as error:
                if broken is None:
                    raise
                broken(error)
                continue
            tasks[task.name] = task
    return tasks


def _edition(raw: dict[str, Any], where: str) -> Edition:
    raw["routes"] = _routes(raw, where, "editions.routes")
    if isinstance(more := raw.get("unlabelled"), dict):
        its = f"{where}, unlabelled"
        more["routes"] = _routes(more, its, "editions.unlabelled.routes")
        raw["unlabelled"] = checked(more, Unlabelled, its, CardError)
    edition = checked(raw, Edition, where, CardError)
    _check_name(edition.name, where)
    if len(set(edition.strip)) < len(edition.strip):
        raise CardError(f"{where}: strip = {shown(list(edition.strip))} must name each of its parts once")
    return edition


def _routes(raw: Mapping[str, Any], where: str, header: str) -> tuple[Route, ...]:
    return tuple(_route(route, f"{where}, route {number}")
                 for number, route in enumerate(_tables(raw, "routes", where, header), 1))


def _route(raw: dict[str, Any], where: str) -> Route:
    kinds = DirectoryRoute | ArchiveRoute | HubRoute | PackageRoute | ScikitLearnRoute
    keys = msgspec.structs.asdict(checked(raw, kinds, where, CardError))
    options = {key: value for key, value in keys.items() if value is not None}
    _check_place(options, where)
    reading = {key: options.pop(key) for key in READING if key in options}
    _check_incomplete(reading, where)
    return Route(raw["from"], options, options.pop("reader"), reading)


def _check_name(name: str, where: str) -> None:
    if not is_name(name):
        raise CardError(f"{where}: name = {shown(name)} must be a name of lower-case letters, digits, '.', '_' and '-'")


def _check_place(options: Mapping[str, Any], where: str) -> None:
    """A file or web address that can be one: the others would be errors of every command that lists tasks."""
    for key in ("file", "files", "member", "url"):
        if not "".join(options.get(key, "")).isprintable():
            raise CardError(f"{where}: {key} = {shown(options[key])} holds a character that cannot be seen")
    if "distribution" in options and ("file" in options) == ("files" in options):
        raise CardError(f"{where}: a package route needs either file or files", 'such as file = "NAME/data.csv"')
    if "files" in options and "member" in options:
        raise CardError(f"{where}: member goes with file, not with files")
    try:
        parts = urlsplit(options.get("url", "http://localhost"))
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:  # http://[::1, or a port that is no number
        wrong = True
    if wrong:
        raise CardError(f"{where}: url = {shown(options['url'])} is no web address", "such as https://example.org/a.csv")


def _check_incomplete(reading: Mapping[str, Any], where: str) -> None:
    """The keys of a route that leaves out and counts the rows that it cannot use."""
    if "threshold" in reading and not {"below", "above"} <= set(reading.get("labels", {})):
        raise CardError(f"{where}: threshold needs labels = {{ below = \"…\", above = \"…\" }}")
    dependent = [key for key in ("split_column", "group_column", "threshold") if key in reading]
    if dependent and "incomplete" not in reading:
        raise CardError(f"{where}: {dependent[0]} needs incomplete = \"skip\"")
    if "incomplete" in reading and (reading.keys() & {"where", "split", "title"}
                                    or not {"text", "label", "labels"} <= reading.keys()):
        raise CardError(f"{where}: incomplete = \"skip\" needs text, label and labels, and none of where, split and "
                        "title")


def _tables(raw: Mapping[str, Any], key: str, where: str, header: str = "") -> list[dict[str, Any]]:
    """The array of tables under `key`, which TOML writes as `[[key]]`."""
    tables = raw.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CardError(f"{where}: {key} must be an array of tables, [[{header or key}]]")
    if not tables:
        raise CardError(f"{where} has no [[{header or key}]]", "a task needs an edition, and an edition a route")
    return tables


def _called(edition: Mapping[str, Any], number: int) -> str:
    return shown(edition["name"]) if "name" in edition else str(number)
