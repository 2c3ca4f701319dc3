"""The data of a task: its first available edition, by the first route that delivers it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.core import store
from bench.core.errors import BenchError, DataError, RouteError
from bench.core.locks import locked
from bench.core.names import TaskRef
from bench.data import corpus, usable_rows
from bench.data.cards import Edition, Route, Task
from bench.data.corpus import Dataset
from bench.data.public_formats import read, stripped
from bench.data.routes import Access, Delivered, deliver, discard
from bench.data.table import TableFile
from bench.data.table_files import open_table
from bench.data.usable_rows import RowCount, frame_of

Say = Callable[[str], None]


@dataclass(frozen=True)
class LoadedTask:
    """A task with the data of one of its editions, and where the data came from."""

    task: Task
    edition: Edition
    data: Dataset
    origin: str  # in words, for the user
    count: RowCount | None = field(default=None, kw_only=True)  # of the rows, where some may have been left out

    @property
    def name(self) -> str:
        """`amazon@blitzer-2007`."""
        return str(TaskRef(self.task.name, self.edition.name))


def load_task(task: Task, access: Access, root: Path, edition: str = "", say: Say = lambda text: None) -> LoadedTask:
    """The data of a task: of `edition`, or of its first edition that is available. `root` is the cache.

    Raises `DataError` where a file is not what its card says, and `BenchError` where no route delivers, each with
    all reasons.
    """
    reasons: list[str] = []
    wrong: list[str] = []  # the kinds of routes that delivered something else
    for candidate in [task.edition(edition)] if edition else task.editions:
        loaded = _edition(task, candidate, access, root, reasons, wrong)
        if loaded:
            if reasons and not edition and candidate is not task.editions[0]:
                say(f"{task.name}: edition {candidate.name} is used, because {task.editions[0].name} is unavailable: "
                    + "; ".join(reasons))
            return loaded
    raise (DataError if wrong else BenchError)(
        f"no data for {task.name}: " + "; ".join(reasons),
        "name a folder with the file by --data-dir, or connect to the network; bench doctor tests the routes",
    )


def load_unlabelled(task: Task, edition: Edition, access: Access, root: Path,
                    say: Say = lambda text: None) -> Dataset | None:
    """More texts of an edition, without labels; None where it has none, or `say` hears why there are none here.

    Raises `DataError` where a file is not what the card says.
    """
    if edition.unlabelled is None:
        return None
    unlabelled = edition.unlabelled
    more = Edition(f"{edition.name}-unlabelled", unlabelled.routes, unlabelled.rows, unlabelled.sha256)
    reasons: list[str] = []
    found = _edition(replace(task, labels=(), editions=(more,)), more, access, root, reasons, [])
    if found is None:
        say(f"{TaskRef(task.name, edition.name)}: word vectors are learned from its labelled texts alone, "
            f"because the others are not available: {'; '.join(reasons)}")
    return found.data if found else None


def load_table(task: Task, table: TableFile, root: Path) -> LoadedTask:
    """The data of a task that was made from a table in memory; `root` is the cache.

    Raises `DataError` where no row can be used.
    """
    edition = task.editions[0]
    origin = f"the DataFrame {table.path}"
    rows, count = frame_of(table, edition.routes[0].reading)
    normalised, sha256 = corpus.normalised_rows(rows, task.labels, origin)
    count.add("without a text", len(rows) - len(normalised))  # nothing but markup
    data = corpus.load(root, sha256, task.labels) or corpus.build(root, normalised, task.labels, sha256)
    return LoadedTask(task, edition, data, origin, count=count)


def _edition(task: Task, edition: Edition, access: Access, root: Path, reasons: list[str],
             wrong: list[str]) -> LoadedTask | None:
    """The task with the data of an edition; None where no route delivers, and `reasons` gets why.

    `wrong` gets the kinds of the routes that delivered what the card does not describe.
    """
    routes = sorted(edition.routes, key=lambda route: route.kind != "directory")
    for route in routes:
        if route.kind != "directory" and (cached := _cached(task, edition, root)):
            return cached
        try:
            delivered = _deliver(route, access, task)
            data, count = _read(task, edition, route, delivered.path, delivered.origin, root)
            return LoadedTask(task, edition, data, delivered.origin, count=count)
        except RouteError as error:
            reasons.append(f"{edition.name} by {route.kind}: {error}")
        except DataError as error:
            if route.kind == "directory":  # the user chose this file: a wrong one must not be passed over
                raise
            reasons.append(f"{edition.name} by {route.kind}: {error}")
            wrong.append(route.kind)
            discard(route, access)
    return _cached(task, edition, root)


def _cached(task: Task, edition: Edition, root: Path) -> LoadedTask | None:
    data = corpus.load(root, edition.sha256, task.labels) if edition.sha256 else None
    return LoadedTask(task, edition, data, "the cache") if data else None


def _deliver(route: Route, access: Access, task: Task) -> Delivered:
    """A directory route looks into the data folder, then into the folder of a card that is not built in."""
    try:
        return deliver(route, access)
    except RouteError:
        if route.kind == "directory" and task.folder and task.folder != access.data_dir:
            return deliver(route, replace(access, data_dir=task.folder))
        raise


def _read(task: Task, edition: Edition, route: Route, path: Path, origin: str,
          root: Path) -> tuple[Dataset, RowCount | None]:
    """The data in a delivered file; the cache knows a file that was read before by its digest."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    version = [usable_rows.FORMAT_VERSION] if "incomplete" in route.reading else []
    key = store.key_of([digest, route.reader, route.reading, edition.where, edition.strip, task.labels,
                        corpus.FORMAT_VERSION, *version])
    with locked(root / "files" / f"{key}.lock", f"waiting for another process that reads {path}"):
        earlier = store.load(root / "files" / key)
        if earlier and (data := corpus.load(root, earlier.facts["sha256"], task.labels)):
            return data, RowCount.of(earlier.facts["rows"]) if "rows" in earlier.facts else None
        return _parse(task, edition, route, path, origin, root, key)


def _parse(task: Task, edition: Edition, route: Route, path: Path, origin: str, root: Path,
           key: str) -> tuple[Dataset, RowCount | None]:
    """Read a file with the reader of its route, check its content, and save it in the cache."""
    count: RowCount | None = None
    if "incomplete" in route.reading:
        table = open_table(path, route.reader, header=route.reading.get("header", True))
        rows, count = frame_of(table, route.reading)
    else:
        rows = read(route.reader, path, route.reading, labelled=bool(task.labels))
    for column, values in edition.where.items():
        if column not in rows:
            raise DataError(f"{origin} has no column {column!r}, which the card's where names",
                            f"its columns: {', '.join(map(str, rows.columns))}")
        rows = rows[rows[column].astype(str).isin(values)]
    if edition.strip:
        rows = rows.assign(text=stripped(rows["text"].tolist(), edition.strip))
    normalised, sha256 = corpus.normalised_rows(rows, task.labels, origin)
    if edition.sha256 and sha256 != edition.sha256:
        raise DataError(f"{origin} is not what the card {TaskRef(task.name, edition.name)} describes: content hash "
                        f"{sha256[:16]}… of {len(normalised)} rows, expected {edition.sha256[:16]}… of {edition.rows}",
                        "the file is damaged or another version; remove it, or write a card for it")
    if count:
        count.add("without a text", len(rows) - len(normalised))  # nothing but markup
    del rows  # the texts would stand in memory twice
    data = corpus.build(root, normalised, task.labels, sha256)
    store.save(root / "files" / key, {}, {"sha256": sha256, **({"rows": count.facts()} if count else {})})
    return data, count
