"""A user's file, DataFrame or data set of the hub as a domain: classes that fit the split, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.core.errors import BenchError, DataError
from bench.data import hub, hub_download
from bench.data.cards import Task
from bench.data.hub_names import is_hub_name
from bench.data.load import LoadedTask, load_table, load_task
from bench.data.routes import Access, deliver
from bench.data.table import TableFile, errors_of
from bench.data.table_files import open_table
from bench.data.user_file import Choices, Origin, UserFile, task_from_file, task_from_table
from bench.protocol.domain import Domain, domain_of
from bench.runs.options import Options, Say


def load(name: str, options: Options, access: Access, say: Say, taken: Collection[str]) -> Domain:
    """The domain of a file or of a data set of the hub (`hf:…`); says which columns, labels and rows were taken.

    `taken` are names of other tasks. Classes whose texts are all copies of one another, or of another class's, are left
    out.
    """
    if is_hub_name(name):
        return _load_hub(name, options, access, say, taken)
    path = Path(name)
    user = task_from_file(path, choices_of(options))
    beside = replace(access, data_dir=path.resolve().parent)
    return _domain(user, name, lambda task: load_task(task, beside, options.cache_dir), options, say, taken)


def _load_hub(name: str, options: Options, access: Access, say: Say, taken: Collection[str]) -> Domain:
    data = hub.find(name, access)
    path = deliver(data.route, access).path
    origin = Origin(data.task, data.name, data.edition, data.route, hub_download.splits_of(path))
    with errors_of(path, data.name):
        table = open_table(path, data.route.reader).called(data.name)
    user = task_from_table(table, choices_of(options), origin)
    user = replace(user, notes=(*data.notes(), *user.notes))
    return _domain(user, data.name, lambda task: load_task(task, access, options.cache_dir), options, say, taken)


def load_frame(table: TableFile, options: Options, say: Say, taken: Collection[str]) -> Domain:
    """As `load`, of a table in memory."""
    user = task_from_table(table, choices_of(options))
    return _domain(user, str(table.path), lambda task: load_table(task, table, options.cache_dir), options, say, taken)


def _domain(user: UserFile, where: str, load: Callable[[Task], LoadedTask], options: Options, say: Say,
            taken: Collection[str]) -> Domain:
    if user.task.name in taken:
        user = replace(user, task=replace(user.task, name=f"my-{user.task.name}"))
    while True:
        domain = domain_of(load(user.task))
        few = _too_few(domain)
        if not few:
            break
        user = user.without(few, "have too few different texts to train on and to test with" if len(few) > 1 else
                            "has too few different texts to train on and to test with")
    for note in user.notes:
        say(f"{user.task.title}: {note}")
    if options.strict and domain.count:
        domain.count.refuse(where, user.asked, user.unit)
    tell_rows(domain, say)
    return domain


def choices_of(options: Options) -> Choices:
    """What the options say about a file."""
    return Choices(options.text_column, options.label_column, label_map(options.map_label), options.rating_threshold)


def label_map(pairs: Collection[str]) -> dict[str, str]:
    """`--map-label` pairs as class → label, cut at the last =; an empty label leaves the class out."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        raw, equals, label = pair.rpartition("=")
        if not equals or not raw.strip():
            raise BenchError(f"--map-label {pair!r} is not RAW=LABEL",
                             "such as --map-label good=positive; --map-label neutral= leaves a class out")
        if mapping.setdefault(raw, label.strip()) != label.strip():
            raise BenchError(f"--map-label says {raw!r} twice: {mapping[raw]!r} and {label.strip()!r}", "say it once")
    return mapping


def tell_rows(domain: Domain, say: Say) -> None:
    """Say how many of the file's rows are used, and what became of the others."""
    if domain.count is None:
        return
    texts, used = len(domain.data.y), len(domain.split.pool) + len(domain.split.test)
    file = domain.edition.routes[0].options.get("file")
    say(domain.count.sentence(Path(str(file)).name if file else domain.task.title, copies=texts - used))


def _too_few(domain: Domain) -> list[str]:
    """The labels without a text in the pool, and where the test set was drawn, without one in it."""
    classes = len(domain.data.labels)
    split = domain.split
    pool, test = (np.bincount(domain.data.y[rows], minlength=classes) for rows in (split.pool, split.test))
    absent = (pool == 0) if domain.edition.test == "official" else (pool == 0) | (test == 0)
    if absent.all():
        raise DataError(f"{domain.task.title}: no class has texts to train on and to test with",
                        "are most texts copies of one another? bench task check says how many")
    return [name for name, missing in zip(domain.data.labels, absent, strict=True) if missing]


