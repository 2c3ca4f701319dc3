"""A task's data: the first edition that can be had, by the first route that delivers it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.core import files, store
from bench.core.errors import BenchError, DataError, RouteError
from bench.core.names import TaskRef
from bench.data import corpus
from bench.data.cards import Edition, Route, Task
from bench.data.corpus import Dataset
from bench.data.public_formats import read, stripped
from bench.data.routes import Access, Delivered, deliver
from bench.data.table_files import open_table
from bench.data.usable_rows import RowCount, frame_of

Say = Callable[[str], None]


@dataclass(frozen=True)
class LoadedTask:
    """An edition of a task whose data is here, and where it came from."""

    task: Task
    edition: Edition
    data: Dataset
    origin: str  # words for the user
    count: RowCount | None = field(default=None, kw_only=True)  # of the rows, where some may have been left out

    @property
    def name(self) -> str:
        """`amazon@blitzer-2007`."""
        return str(TaskRef(self.task.name, self.edition.name))


def load_task(task: Task, access: Access, root: Path, edition: str = "", say: Say = lambda text: None) -> LoadedTask:
    """The data of a task: of `edition`, else of the first of its editions that can be had.

    Raises `DataError` where a file delivers something else than its card says, and `BenchError` with every route
    tried and why it failed where none delivers.
    """
    reasons: list[str] = []
    for choice in [task.edition(edition)] if edition else task.editions:
        found = _edition(task, choice, access, root, reasons)
        if found:
            if reasons and not edition and choice is not task.editions[0]:
                say(f"{task.name}: edition {choice.name} is used, because {task.editions[0].name} cannot be had: "
                    + "; ".join(reasons))
            data, origin, count = found
            return LoadedTask(task, choice, data, origin, count=count)
    raise BenchError(
        f"no data for {task.name}: " + "; ".join(reasons),
        "give a folder that holds the file with --data-dir, or connect to the network; bench doctor tests the routes",
    )


def _edition(task: Task, edition: Edition, access: Access, root: Path,
             reasons: list[str]) -> tuple[Dataset, str, RowCount | None] | None:
    routes = sorted(edition.routes, key=lambda route: route.kind != "directory")
    for route in routes:
        if route.kind != "directory" and edition.sha256:
            found = corpus.load(root, edition.sha256, task.labels)
            if found:
                return found, "the cache", None
        try:
            delivered = _deliver(route, access, task)
        except RouteError as error:
            reasons.append(f"{edition.name} by {route.kind}: {error}")
            continue
        try:
            data, count = _read(task, edition, route, delivered.path, delivered.origin, root)
            return data, delivered.origin, count
        except DataError as error:
            if route.kind == "directory":  # the user's own choice of file: nothing else is taken in its place
                raise
            reasons.append(f"{edition.name} by {route.kind}: {error}")
    if edition.sha256:
        found = corpus.load(root, edition.sha256, task.labels)
        if found:
            return found, "the cache", None
    return None


def _deliver(route: Route, access: Access, task: Task) -> Delivered:
    """A directory route looks into the data folder, then beside a card that is not built in."""
    try:
        return deliver(route, access)
    except RouteError:
        if route.kind == "directory" and task.folder and task.folder != access.data_dir:
            return deliver(route, replace(access, data_dir=task.folder))
        raise


def _read(task: Task, edition: Edition, route: Route, path: Path, origin: str,
          root: Path) -> tuple[Dataset, RowCount | None]:
    """Read a delivered file; one that was read before is known by its digest."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    key = store.key_of(
        [digest, route.reader, route.reading, edition.where, edition.strip, task.labels, corpus.FORMAT_VERSION]
    )
    with files.locked(root / "files" / f"{key}.lock", f"waiting for another process that reads {path}"):
        return _rows(task, edition, route, path, origin, root, key)


def _rows(task: Task, edition: Edition, route: Route, path: Path, origin: str, root: Path,
          key: str) -> tuple[Dataset, RowCount | None]:
    known = store.load(root / "files" / key)
    if known:
        found = corpus.load(root, known.facts["sha256"], task.labels)
        if found:
            return found, RowCount.of(known.facts["rows"]) if "rows" in known.facts else None
    count: RowCount | None = None
    if "incomplete" in route.reading:
        rows, count = frame_of(open_table(path, route.reader), route.reading)
    else:
        rows = read(route.reader, path, route.reading)
    for column, values in edition.where.items():
        if column not in rows:
            raise DataError(f"{origin} has no column {column!r}, which the card's where names",
                            f"its columns: {', '.join(map(str, rows.columns))}")
        rows = rows[rows[column].astype(str).isin(values)]
    if edition.strip:
        rows = rows.assign(text=stripped(rows["text"].tolist(), edition.strip))
    lines, sha256 = corpus.normalised_rows(rows, task.labels, origin)
    if edition.sha256 and sha256 != edition.sha256:
        raise DataError(f"{origin} is not what the card {TaskRef(task.name, edition.name)} describes: content hash "
                        f"{sha256[:16]}… of {len(lines)} rows, expected {edition.sha256[:16]}… of {edition.rows}",
                        "the file is damaged or another version; remove it, or make a card of its own for it")
    data = corpus.build(root, lines, task.labels, sha256)
    if count:
        count.add("without a text", len(rows) - len(lines))  # nothing but markup
    store.save(root / "files" / key, {}, {"sha256": sha256, **({"rows": count.facts()} if count else {})})
    return data, count
