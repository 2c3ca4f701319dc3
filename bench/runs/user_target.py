"""A user's file or DataFrame as a domain: read, its classes checked against the split, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.core.errors import BenchError, DataError
from bench.data.cards import Task
from bench.data.load import LoadedTask, load_table, load_task
from bench.data.routes import Access
from bench.data.table import TableFile
from bench.data.user_file import Choices, UserFile, task_from_file, task_from_table
from bench.protocol.domain import Domain, domain_of
from bench.runs.options import Options, Say


def load(path: Path, options: Options, access: Access, say: Say, taken: Collection[str]) -> Domain:
    """The file's domain; says which columns, labels and rows were taken. `taken` names are those of other tasks.

    Classes whose texts are all copies of one another, or of another class's, are left out.
    """
    user = task_from_file(path, choices_of(options))
    beside = replace(access, data_dir=path.resolve().parent)
    return _domain(user, path, lambda task: load_task(task, beside, options.cache_dir, "", say), options, say, taken)


def load_frame(table: TableFile, options: Options, say: Say, taken: Collection[str]) -> Domain:
    """As `load`, of a table in memory."""
    user = task_from_table(table, choices_of(options))
    return _domain(user, table.path, lambda task: load_table(task, table, options.cache_dir), options, say, taken)


def _domain(user: UserFile, path: Path, load: Callable[[Task], LoadedTask], options: Options, say: Say,
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
        say(f"{path.name}: {note}")
    if options.strict and domain.count:
        domain.count.refuse(str(path), user.asked, user.unit)
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
    say(domain.count.sentence(Path(str(domain.edition.routes[0].options["file"])).name, copies=texts - used))


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


