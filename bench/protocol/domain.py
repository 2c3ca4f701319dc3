"""A source or target domain: a task's data together with its split."""

from __future__ import annotations

from dataclasses import dataclass

from bench.data.load import LoadedTask
from bench.protocol.split import Split, saved_split


@dataclass(frozen=True)
class Domain(LoadedTask):
    """The data of a task, and which of its rows are for training and which for the test."""

    split: Split


def domain_of(loaded: LoadedTask) -> Domain:
    """The domain of a loaded task; its split is read from the cache where it was computed before."""
    split = saved_split(loaded.data, loaded.edition.test, loaded.edition.split_by, loaded.name)
    return Domain(loaded.task, loaded.edition, loaded.data, loaded.origin, split)
