"""Data sets of the Hugging Face hub that a user names: the commit is looked up once, and then found in the cache."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.core.errors import BenchError, RouteError
from bench.core.files import replacing
from bench.core.names import file_name
from bench.data.cards import Route
from bench.data.http import Access
from bench.data.hub_names import HubName, task_name

NAMES = "hub-names"  # folder of the cache: one file per name that was asked for


@dataclass(frozen=True)
class HubData:
    """What a name of the hub stands for: a data set at a commit, and one of its configurations."""

    asked: str  # the name as it was typed
    dataset: str
    commit: str
    config: str
    configs: tuple[str, ...]  # all of the data set
    day: str  # when the commit was looked up

    @property
    def task(self) -> str:
        """The name of its task in records; the configuration is part of it where there are several."""
        return task_name(self.dataset, self.config if len(self.configs) > 1 else "")

    @property
    def edition(self) -> str:
        """The name of its edition: the first digits of the commit."""
        return self.commit[:12]

    @property
    def name(self) -> str:
        """What messages call it, such as `hf:nyu-mll/glue:sst2`."""
        return str(HubName(self.dataset, self.config if len(self.configs) > 1 else ""))

    @property
    def route(self) -> Route:
        """The route that delivers it, as in a card."""
        several = {"config": self.config} if len(self.configs) > 1 else {}
        return Route("hub", {"dataset": self.dataset, "revision": self.commit, **several})

    def notes(self) -> list[str]:
        """Sentences about what was chosen, and how to choose otherwise."""
        asked = HubName.parse(self.asked)
        first = f"commit {self.edition}"
        if not self.commit.startswith(asked.revision or "main"):
            branch = replace(asked, revision=asked.revision or "main")
            first += f", {branch.revision} of {self.day} ({branch} asks the hub again)"
        if len(self.configs) > 1 and not asked.config:
            others = [name for name in self.configs if name != self.config]
            first += f"; config {self.config!r}, the default (others: {', '.join(others)[:200]})"
        return [first]


def find(text: str, access: Access) -> HubData:
    """What a name of the hub stands for.

    A name without a revision stands for the commit that was found first, whatever was added since; a branch or a tag
    is asked for again where the hub can be reached. Raises `RouteError` where the hub has no such thing, or cannot be
    asked and was not before, and `BenchError` for a text that is no name.
    """
    asked = HubName.parse(text)
    known = _known(asked, access)
    if known is not None and (access.offline or not asked.revision or known.commit.startswith(asked.revision)):
        return known
    if access.offline:
        raise RouteError(f"{asked} is not in the cache and the network is off",
                         f"without --offline, bench data pull {asked} fetches it")
    try:
        return _look_up(asked, access)
    except RouteError as error:
        if known is None:
            raise
        access.note(f"{asked}: the cache's commit {known.edition} is used, because {error}")
        return known


def known_as(name: str, root: Path) -> str:
    """The data set that records call `name` or `name@edition`, as it is typed; "" where the cache `root` has none."""
    task, _, edition = name.partition("@")
    found = [data for path in (root / "raw" / NAMES).glob("*.json") if (data := _read(path)) is not None
             and data.task == task and edition in ("", data.edition)]
    if edition:
        return str(replace(HubName.parse(found[0].asked), revision=found[0].commit)) if found else ""
    return min((data.asked for data in found), key=lambda asked: (len(asked), asked), default="")


def _look_up(asked: HubName, access: Access) -> HubData:
    """Ask the hub, and keep the answer."""
    from bench.data import hub_download
    from bench.data.http import reachable, shown

    place = hub_download.endpoint()
    try:
        reachable(place, access)
    except RouteError as error:
        raise RouteError(f"{asked}: {error.message}", "it is not in the cache; connect to the network once") from None
    access.note(f"asking {shown(place)} for {asked}")
    dataset, commit = hub_download.commit_of(asked.dataset, asked.revision, access)
    config, configs = hub_download.configs_of(dataset, commit, asked.config, access)
    data = HubData(str(asked), dataset, commit, config, configs, datetime.date.today().isoformat())
    for name in {asked, replace(asked, revision=commit)}:
        _keep(replace(data, asked=str(name)), name, access)
    return data


def _place(asked: HubName, access: Access) -> Path:
    digest = hashlib.sha256(str(asked).encode()).hexdigest()[:12]
    return access.cache / NAMES / f"{file_name(asked.dataset, 100)}-{digest}.json"


def _known(asked: HubName, access: Access) -> HubData | None:
    """What a name stood for when it was looked up before; a commit may be cut short then, as records have it."""
    data = _read(_place(asked, access))
    if data is not None and data.asked == str(asked):
        return data
    if len(asked.revision) >= 7:
        for path in sorted((access.cache / NAMES).glob("*.json")):
            found = _read(path)
            if found is not None and found.commit.startswith(asked.revision) and \
                    found.asked == str(replace(asked, revision=found.commit)):
                return found
    return None


def _read(path: Path) -> HubData | None:
    """A file of the folder of names; None where it is missing or damaged."""
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        data = HubData(**{**raw, "configs": tuple(raw["configs"])})
        HubName.parse(data.asked)
    except (OSError, ValueError, TypeError, KeyError, BenchError):
        return None
    texts = (data.dataset, data.commit, data.config, data.day, *data.configs)
    return data if all(isinstance(text, str) for text in texts) else None


def _keep(data: HubData, asked: HubName, access: Access) -> None:
    path = _place(asked, access)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(asdict(data), indent=1), encoding="utf-8")
