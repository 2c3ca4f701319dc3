"""What works on this machine: available tasks, strategies, engines and devices, and routes that answer."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.core import hardware, store
from bench.core.errors import BenchError, DataError, RouteError
from bench.data import corpus
from bench.data.cards import Edition, Route, Task
from bench.data.routes import Access, deliver
from bench.learning.features import encoders
from bench.learning.networks.engines import ENGINES, compiled, devices, engine
from bench.learning.networks.engines import version as engine_version
from bench.runs.inputs import access_for, known_tasks
from bench.runs.options import ALL, Options, Say
from bench.runs.registry import Strategy, describe_all, strategies_named

PACKAGES = ("transferbench", "torch", "mxnet", "numba", "numpy", "pandas", "scikit-learn", "datasets", "pyarrow",
            "tabulate")


def tasks(options: Options, say: Callable[[str], object] | None = None) -> list[dict[str, Any]]:
    """A row per task and edition: rows, classes, licence, and where it is available without a download.

    `say`: as for `known_tasks`.
    """
    access = access_for(options, lambda text: None, progress=False)
    return [{"task": task.name, "edition": edition.name, "rows": edition.rows or "?", "classes": len(task.labels),
             "role": task.role, "available": availability(task, edition, options, access), "licence": edition.licence,
             "title": task.title}
            for task in known_tasks(options, say).values() for edition in task.editions]


def availability(task: Task, edition: Edition, options: Options, access: Access) -> str:
    """Where an edition is already: the cache, the data folder, an installed package; else where it would come from."""
    if edition.sha256 and corpus.load(options.cache_dir, edition.sha256, task.labels):
        return "in the cache"
    without_network = replace(access, offline=True)
    for route in edition.routes:
        try:
            deliver(route, without_network)
        except (RouteError, DataError):  # a damaged download is fetched again
            continue
        return f"by {route.kind}"
    downloads = [r.kind for r in edition.routes if r.kind != "directory"]
    return f"download ({', '.join(downloads)})" if downloads else "no: --data-dir only"


def baselines(table: Mapping[str, str], main: Sequence[str], say: Say) -> list[dict[str, Any]]:
    """A row per baseline: what it needs, whether it runs by default, what to install first, what it is.

    `say` hears of those of other packages that cannot be used.
    """
    rows = []
    known = strategies_named((ALL,), table, say)
    for s, described in zip(known, describe_all(known), strict=True):
        if isinstance(described, BenchError):
            say(f"{s.name} left out: {described}")
            continue
        error = described.missing()
        rows.append({"baseline": s.name, "needs": _needs(described),
                     "by default": "yes" if s.name in main else "no", "here": error.hint if error else "yes",
                     "what it is": described.described().summary})
    return rows


def _needs(strategy: Strategy) -> str:
    names, all_names = ({need.partition(" ")[0] for need in found}  # without the settings of an encoder
                        for found in (strategy.needs(), strategy.optional_needs()))
    needs, optional = sorted(names), sorted(all_names - names)
    return ", ".join([*needs, *(f"{name}?" for name in optional)]) or "nothing"  # ?: used where it is available


def engines() -> list[dict[str, Any]]:
    """A row per engine: version and devices, or how to install it."""
    rows = []
    for name in ENGINES:
        if importlib.util.find_spec(name) is None:
            rows.append({"engine": name, "version": "not installed", "devices": "",
                         "note": f"pip install 'transferbench[{name}]'"})
            continue
        try:
            engine(name)
        except BenchError as error:  # installed, but it does not load: that is the answer
            rows.append({"engine": name, "version": "broken", "devices": "", "note": str(error)})
            continue
        rows.append({"engine": name, "version": engine_version(name), "devices": ", ".join(devices(name)), "note": ""})
    return rows


def doctor(options: Options) -> dict[str, dict[str, str]]:
    """Versions, what of the machine may be used, devices, routes and cache, as sections of name and value."""
    versions = {"python": platform.python_version(), "system": platform.platform()}
    of_host = os.cpu_count() or 1
    machine = {"cores": f"{hardware.cores()}" + (f" of {of_host}" if of_host != hardware.cores() else ""),
               "memory": f"{hardware.memory() / 1e9:.1f} GB"}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    engine_rows = {row["engine"]: f"{row['version']}: {row['devices'] or row['note']}" for row in engines()}
    access = access_for(options, lambda text: None, progress=False)
    error = encoders.missing()
    encoder = f"not installed: {error.hint}" if error else version(encoders.PACKAGE)
    return {"versions": versions, "machine": machine, "engines": engine_rows,
            "kernels": _kernels(), "sentence encoder": {"all-MiniLM-L6-v2": encoder},
            "routes": _routes(options, access),
            "cache": _cache(options.cache_dir)}


def _kernels() -> dict[str, str]:
    """Whether the CPU's recurrent layers and optimiser are compiled."""
    why_not = compiled.why_not()
    return {"GRU, LSTM and Adam on a CPU": f"PyTorch's own, slower: {why_not}" if why_not else
            f"compiled by {compiled.version()}"}


def _routes(options: Options, access: Access) -> dict[str, str]:
    """Each distinct place that the cards name, and whether it answers; all are asked at the same time."""
    places: dict[str, Route] = {}
    for task in known_tasks(options).values():
        for edition in task.editions:
            for route in edition.routes:
                places.setdefault(place(route), route)
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda route: _answer(route, access), places.values())
        return dict(zip(places, answers, strict=True))


def place(route: Route) -> str:
    """What a route asks: one name for all routes that the same server or folder answers."""
    if route.kind == "archive":
        return f"archive {urlsplit(route.options['url']).netloc}"
    if route.kind in ("hub", "scikit-learn"):
        return route.kind
    return str(route)


def _answer(route: Route, access: Access) -> str:
    """Whether a route answers, in words."""
    from bench.data.http import reachable

    try:
        if route.kind in ("directory", "package"):
            try:
                return f"yes: {deliver(route, replace(access, offline=True)).origin}"
            except RouteError as error:
                if route.kind == "package" and not access.offline:
                    return "not installed; pip's index would be asked"
                return f"no: {error}"
        if access.offline:
            return "not asked: offline"
        reachable(_address(route), access)
    except RouteError as error:
        return f"no: {error}"
    return "yes"


def _address(route: Route) -> str:
    if route.kind == "archive":
        return str(route.options["url"])
    if route.kind == "hub":
        return os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    return "https://ndownloader.figshare.com"


def _cache(root: Path) -> dict[str, str]:
    files = [f for f in root.rglob("*") if f.is_file()] if root.exists() else []
    size = sum(f.stat().st_size for f in files)
    chosen_by = "TRANSFERBENCH_CACHE or --cache-dir" if root != store.default_cache() else "default"
    bases = len(list((root / "bases").glob("*/facts.json"))) if root.exists() else 0
    return {"folder": f"{root} ({chosen_by})", "size": f"{size / 1e6:,.0f} MB in {len(files):,} files",
            "bases": str(bases)}
