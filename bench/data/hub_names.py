"""How a data set of the Hugging Face hub is named as a source or target: `hf:OWNER/NAME:CONFIG@REVISION`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.core.brief import shown
from bench.core.errors import BenchError
from bench.core.names import is_name, name_of

PREFIX = "hf:"
FORM = "hf:OWNER/NAME, or hf:OWNER/NAME:CONFIG@REVISION, such as hf:stanfordnlp/imdb"
DATASET = r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?"
NAMED = re.compile(rf"hf:(?://datasets/)?({DATASET})(?::([^:@/\\]+))?(?:@([A-Za-z0-9][\w./-]*))?", re.ASCII)
PAGE = re.compile(rf"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/({DATASET})"
                  r"(?:/viewer/([^/?#]+)|/(?:tree|commit)/([A-Za-z0-9][\w./-]*))?[^?#]*(?:[?#].*)?", re.ASCII)


@dataclass(frozen=True)
class HubName:
    """A data set of the hub as the user named it."""

    dataset: str
    config: str = ""  # empty: the only one, or the one that the hub marks as the default
    revision: str = ""  # a branch, tag or commit; empty: the commit that was read first, at first that of `main`

    @staticmethod
    def parse(text: str) -> HubName:
        """The data set that `hf:OWNER/NAME:CONFIG@REVISION`, or the address of its page, names; else `BenchError`."""
        match = NAMED.fullmatch(text) or PAGE.fullmatch(text)
        if match is None or ".." in text:
            raise BenchError(f"{shown(text)} names no data set of the hub", f"write {FORM}")
        dataset, config, revision = match.groups()
        return HubName(dataset, (config or "").strip(), (revision or "").strip("/"))

    def __str__(self) -> str:
        """As it is typed."""
        return PREFIX + self.dataset + (f":{self.config}" if self.config else "") + \
            (f"@{self.revision}" if self.revision else "")


def is_hub_name(text: str) -> bool:
    """Whether a source or target is meant to be a data set of the hub."""
    return text.startswith(PREFIX) or PAGE.fullmatch(text) is not None


def with_prefix(path: str) -> str:
    """How `OWNER/NAME`, which is no file, is typed where the hub may be meant; "" where it cannot be."""
    return PREFIX + path if path.count("/") == 1 and NAMED.fullmatch(PREFIX + path) else ""


def task_name(dataset: str, config: str) -> str:
    """The name of a data set's task: `nyu-mll-glue-sst2` of `nyu-mll/glue` and its configuration `sst2`."""
    text = "-".join(filter(None, (*dataset.split("/"), config))).lower()
    return text if is_name(text) else name_of(text)
