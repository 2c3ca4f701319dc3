"""A source or target domain: a task's data together with its split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bench.data.corpus import Examples
from bench.data.load import LoadedTask, Say, load_unlabelled
from bench.data.routes import Access
from bench.protocol.split import NO_TEST, Split, not_in_test, saved_split


@dataclass(frozen=True)
class Domain(LoadedTask):
    """The data of a task, and which of its rows are for training and which for the test."""

    split: Split
    unlabelled: Examples | None = field(default=None, kw_only=True)  # more texts, for a source; none of its test set


def domain_of(loaded: LoadedTask) -> Domain:
    """The domain of a loaded task; its split is read from the cache where it was computed before."""
    split = saved_split(loaded.data, loaded.edition.test, loaded.edition.split_by, loaded.name)
    return Domain(loaded.task, loaded.edition, loaded.data, loaded.origin, split, count=loaded.count)


def without_test_set(domain: Domain) -> Domain:
    """The same domain with every text in its pool: for a model to be used, of which no score will be known."""
    edition = replace(domain.edition, test=NO_TEST)  # type: ignore[arg-type]  # what no card can say
    return replace(domain, edition=edition,
                   split=saved_split(domain.data, NO_TEST, edition.split_by, domain.name))


def with_unlabelled(domain: Domain, access: Access, root: Path, say: Say) -> Domain:
    """The same domain with the texts without labels that its card names, less those that its test set has, or nearly.

    `say` hears why there are none where the card names some.
    """
    more = load_unlabelled(domain.task, domain.edition, access, root, say)
    if more is None:
        return domain
    rows = not_in_test(more.corpus, np.arange(len(more.corpus)), domain.data, domain.split.test)
    return replace(domain, unlabelled=Examples(more.corpus, rows))
