"""A task card (TOML) becomes a `Task`: what the labels are, and where its data can be had."""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bench.core import places
from bench.core.errors import BenchError, CardError
from bench.core.names import is_name

BUILT_IN = places.ROOT / "tasks"

LARGEST = 64 << 10  # bytes of a card
DOTTED = re.compile(r"""(?:[\w"'-]{1,64}\s{0,8}\.\s{0,8}){32}""")  # tomllib takes the square of a key's parts

ROUTE_KEYS: Mapping[str, frozenset[str]] = {
    "directory": frozenset({"file"}),
    "archive": frozenset({"url", "checksum"}),
    "hub": frozenset({"dataset", "revision", "splits", "config"}),
    "package": frozenset({"distribution", "file", "member"}),
    "scikit-learn": frozenset({"dataset"}),
}
READER_KEYS = frozenset({"from", "reader", "text", "label", "labels", "where", "split", "incomplete", "split_column",
                         "group_column", "threshold"})


@dataclass(frozen=True)
class Route:
    """One way to an edition's bytes, and the reader that turns them into rows."""

    kind: str  # a key of ROUTE_KEYS
    options: Mapping[str, Any]  # what ROUTE_KEYS allows for the kind
    reader: str = "parquet"  # a key of readers.READERS
    reading: Mapping[str, Any] = field(default_factory=dict)  # text, label, labels, where, split, incomplete, …

    def __str__(self) -> str:
        """`archive https://…`, as shown in messages."""
        for key in ("file", "url", "dataset", "distribution"):
            if key in self.options:
                first = self.options.get("distribution", self.options[key])
                return f"{self.kind} {first}"
        return self.kind


@dataclass(frozen=True)
class Edition:
    """One concrete data set for a task; never mixed with another in a leaderboard."""

    name: str
    routes: tuple[Route, ...]
    rows: int = 0  # 0: not stated
    sha256: str = ""  # of the normalised content; empty: not checked
    licence: str = ""
    citation: str = ""
    test: str = "quarter"  # "official": rows with split == "test"; "quarter", "fifth": seeded and stratified
    split_by: str = ""  # "group": a group's rows stay on one side
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # column -> values kept
    strip: tuple[str, ...] = ()  # what is cut out of newsgroup posts: some of readers.STRIPS


@dataclass(frozen=True)
class Task:
    """A text-classification domain: its labels, and the editions of its data in order of choice."""

    name: str
    title: str
    labels: tuple[str, ...]
    editions: tuple[Edition, ...]
    imbalanced: bool = False  # balanced accuracy and AUC lead its leaderboard
    folder: Path | None = None  # where its card lies, unless built in: data files may lie beside it

    def edition(self, name: str) -> Edition:
        """The edition called `name`."""
        for edition in self.editions:
            if edition.name == name:
                return edition
        raise unknown_name("edition", name, [e.name for e in self.editions], f"editions of {self.name}")


def unknown_name(kind: str, name: str, known: Iterable[str], where: str) -> BenchError:
    """The error for an unknown name: says the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    tail = f"; did you mean {close[0]!r}?" if close else ""
    return BenchError(f"unknown {kind} {name!r}{tail}", where if close else f"known: {', '.join(names)}; {where}")


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
    editions = [_edition(e, origin) for e in _tables(raw.pop("editions", None), origin, "editions")]
    if not editions:
        raise CardError(f"{origin} has no [[editions]]", "a task needs at least one data set")
    _known(raw, _names(Task) - {"editions", "folder"}, origin)
    task = Task(editions=tuple(editions), **_typed(Task, raw, origin))
    if not is_name(task.name):
        raise CardError(f"{origin}: name {task.name!r} is not a task name", "lower-case letters, digits, '.', '_', '-'")
    if len(task.labels) < 2 or len(set(task.labels)) != len(task.labels):
        raise CardError(f"{origin}: labels {list(task.labels)!r} must be two or more different names")
    if len({e.name for e in editions}) != len(editions):
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


def all_tasks(extra: Iterable[Path] = ()) -> dict[str, Task]:
    """Every card of `tasks/`, of the folders in `extra`, and of the entry points, by name."""
    from bench.core.plugins import task_folders

    tasks: dict[str, Task] = {}
    for folder in (BUILT_IN, *task_folders(), *extra):
        if not folder.is_dir():
            raise BenchError(f"no such folder of task cards: {folder}", "--tasks takes a folder of .toml cards")
        for path in sorted(folder.glob("*.toml")):
            task = read_card(path)
            if task.name in tasks:
                raise CardError(f"{path}: a task named {task.name!r} exists already", "choose another name")
            tasks[task.name] = task
    return tasks


def _edition(raw: dict[str, Any], origin: str) -> Edition:
    from bench.data.public_formats import STRIPS

    routes = tuple(_route(r, origin) for r in _tables(raw.pop("routes", None), origin, "routes"))
    if not routes:
        raise CardError(f"{origin}: edition {raw.get('name', '?')!r} has no [[editions.routes]]")
    _known(raw, _names(Edition) - {"routes"}, origin)
    where = _where(raw.pop("where", {}), origin)
    edition = Edition(routes=routes, where=where, **_typed(Edition, raw, origin))
    if not is_name(edition.name):
        raise CardError(f"{origin}: edition name {edition.name!r} is not a name", "as for tasks")
    if edition.test not in ("official", "quarter", "fifth"):
        raise CardError(f"{origin}: test = {edition.test!r}", "official, quarter or fifth")
    if edition.split_by not in ("", "group"):
        raise CardError(f"{origin}: split_by = {edition.split_by!r}", "only 'group' is known")
    if edition.sha256 and not re.fullmatch(r"[0-9a-f]{64}", edition.sha256):
        raise CardError(f"{origin}: sha256 = {edition.sha256!r} is not 64 hexadecimal digits")
    if not set(edition.strip) <= set(STRIPS) or len(set(edition.strip)) != len(edition.strip):
        raise CardError(f"{origin}: strip = {list(edition.strip)!r}", f"some of {', '.join(STRIPS)}, each once")
    if not 0 <= edition.rows <= 10**12:
        wrong = "negative" if edition.rows < 0 else "no number of rows"
        raise CardError(f"{origin}: rows = {hex(edition.rows)[:40]} is {wrong}", "0 where it is not known")
    return edition


def _route(raw: dict[str, Any], origin: str) -> Route:
    from bench.data.public_formats import READERS

    kind = raw.get("from")
    if not isinstance(kind, str) or kind not in ROUTE_KEYS:
        raise CardError(f"{origin}: a route's from = {kind!r}", f"one of {', '.join(sorted(ROUTE_KEYS))}")
    _known(raw, READER_KEYS | ROUTE_KEYS[kind], origin)
    options = {k: v for k, v in raw.items() if k in ROUTE_KEYS[kind]}
    for key, value in options.items():
        if key == "splits":
            _strings(value, origin, "splits")
        elif not isinstance(value, str) or not value:
            raise CardError(f"{origin}: {key} = {value!r} must be text")
    required = {"directory": "file", "archive": "url", "hub": "dataset", "package": "distribution",
                "scikit-learn": "dataset"}[kind]
    if required not in options:
        raise CardError(f"{origin}: a {kind} route needs the key {required!r}")
    if kind == "hub" and "revision" not in options:
        raise CardError(f"{origin}: a hub route needs a pinned revision")
    reader = raw.get("reader", "parquet")
    if not isinstance(reader, str) or reader not in READERS:
        raise CardError(f"{origin}: reader = {reader!r}", f"one of {', '.join(sorted(READERS))}")
    reading: dict[str, Any] = {}
    for key in ("text", "label", "split", "incomplete", "split_column", "group_column"):
        if key in raw:
            if not isinstance(raw[key], str) or not raw[key]:
                raise CardError(f"{origin}: {key} = {raw[key]!r} must be text")
            reading[key] = raw[key]
    if "labels" in raw:
        labels = raw["labels"]
        if not isinstance(labels, dict) or not all(isinstance(v, str) for v in labels.values()):
            raise CardError(f"{origin}: a route's labels must map raw values to label names")
        reading["labels"] = labels
    if "where" in raw:
        reading["where"] = _where(raw["where"], origin)
    _check_incomplete(raw, reading, origin)
    return Route(kind, options, reader, reading)


def _check_incomplete(raw: Mapping[str, Any], reading: dict[str, Any], origin: str) -> None:
    """The keys of a route that leaves out and counts the rows that it cannot use."""
    if "threshold" in raw:
        if type(raw["threshold"]) not in (int, float) or not {"below", "above"} <= set(reading.get("labels", {})):
            raise CardError(f"{origin}: threshold = {raw['threshold']!r}",
                            'a number, with labels = { below = "…", above = "…" }')
        reading["threshold"] = float(raw["threshold"])
    if reading.get("incomplete", "skip") != "skip":
        raise CardError(f"{origin}: incomplete = {reading['incomplete']!r}",
                        "only skip: rows without a text or a label are left out")
    more = [key for key in ("split_column", "group_column", "threshold") if key in reading]
    if more and "incomplete" not in reading:
        raise CardError(f"{origin}: {more[0]} needs incomplete = \"skip\"")
    if "incomplete" in reading and ("where" in reading or "split" in reading or "labels" not in reading):
        raise CardError(f"{origin}: incomplete = \"skip\" needs labels, and neither where nor split")


def _where(raw: object, origin: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, dict):
        raise CardError(f"{origin}: where must be a table of column = [values]")
    return {k: _strings(v, origin, f"where.{k}") for k, v in raw.items()}


def _strings(value: object, origin: str, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
        raise CardError(f"{origin}: {key} = {value!r} must be a list of texts")
    return tuple(value)


def _tables(value: object, origin: str, key: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise CardError(f"{origin}: {key} must be an array of tables, [[{key}]]")
    return value


def _names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls))


def _known(raw: Mapping[str, Any], valid: frozenset[str], origin: str) -> None:
    for key in raw:
        if key not in valid:
            close = difflib.get_close_matches(key, valid, n=1)
            tail = f"; did you mean {close[0]!r}?" if close else ""
            raise CardError(f"{origin}: unknown key {key!r}{tail}", f"valid here: {', '.join(sorted(valid))}")


def _typed(cls: type, raw: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """The scalar fields of `cls` out of `raw`, their types checked, the required ones present."""
    out: dict[str, Any] = {}
    for spec in fields(cls):
        if spec.name in ("editions", "routes", "where", "folder"):
            continue
        if spec.name not in raw:
            if spec.name in ("name", "title", "labels"):
                raise CardError(f"{origin}: the key {spec.name!r} is missing")
            continue
        value = raw[spec.name]
        wanted = {"str": str, "int": int, "bool": bool}.get(str(spec.type))
        if wanted is None:
            value = _strings(value, origin, spec.name)
        elif type(value) is not wanted:
            raise CardError(f"{origin}: {spec.name} = {value!r} must be {wanted.__name__}")
        out[spec.name] = value
    return out
