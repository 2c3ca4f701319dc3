"""A data file inside a Python package: read where it is installed, or taken out of its distribution; never run."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bench.core import environment
from bench.core.errors import BenchError, DataError, RouteError
from bench.core.names import file_name, inside
from bench.data.archives import chunk_of, streams
from bench.data.download import fetch
from bench.data.http import Access, new_session
from bench.data.index_pages import ACCEPT, Candidate, folder_files, listed_files
from bench.data.sealed_files import digest, intact, lock, whole

if TYPE_CHECKING:
    import requests

LARGEST_FILE = 2 << 30  # bytes of one file out of a package


@dataclass(frozen=True)
class PipSettings:
    """Where the user's own pip looks for packages."""

    indexes: tuple[str, ...] = ("https://pypi.org/simple",)
    find_links: tuple[str, ...] = ()
    cert: str = ""
    proxy: str = ""


def package_file(pinned: str, file: str, member: str, access: Access) -> tuple[Path, str]:
    """The path of a file inside a package, and in words where it came from.

    `pinned` is "name==version". `file` is the path inside a wheel, and below the top folder of a source distribution;
    where the source distribution holds it elsewhere, `member` is that path. Raises `RouteError`.
    """
    requirement = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9._!+-]*)", pinned)
    if not requirement:
        raise RouteError(f"distribution {pinned!r} is not NAME==VERSION", "fix the task card")
    name, version = requirement[1], requirement[2]
    unpacked = access.cache / "packages" / f"{name}-{version}"
    for path in (file, member or file):
        try:
            cached = inside(unpacked, path)
        except BenchError:
            raise RouteError(f"{path[:200]!r} is not a path inside a package", "refused: fix the task card") from None
    installed = _installed(name, version, file)
    if installed is not None:
        return installed, f"installed package {name} {version}"
    origin = f"package {name} {version}"
    if intact(cached):
        return cached, origin
    downloads = access.cache / "packages" / "downloads"
    with lock(cached, access):
        if intact(cached):
            return cached, origin
        wanted = member or file
        lacking: list[str] = []  # names of distribution files that do not hold it
        try:
            for distribution in _distributions(name, version, downloads, access):
                if distribution.name in lacking or (member and distribution.suffix == ".whl"):
                    continue
                if _extract(distribution, wanted, cached):
                    return cached, origin
                lacking.append(distribution.name)
        except DataError as error:
            raise RouteError(error.message, error.hint) from None
    if lacking:
        raise RouteError(f"{pinned}: no {wanted} in {', '.join(lacking)}", "fix the task card")
    if access.offline:
        raise RouteError(f"{pinned} is not installed, not in the cache, and the network is off",
                         f"pip install {pinned}, or run once without --offline")
    raise RouteError(f"no package index that pip is set up with has {pinned}", f"pip install {pinned}")


def pip_settings() -> PipSettings:
    """The indexes, links, certificate and proxy of `pip config list`, which includes the PIP_ variables."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        listing = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                                 errors="replace", timeout=60, check=False, env=_for_pip()).stdout
    except (OSError, subprocess.SubprocessError):
        listing = ""
    values: dict[str, str] = {}
    for wanted in ("global", "download", ":env:"):  # later ones win, as in pip
        for line in listing.splitlines():
            section, _, value = line.partition("=")
            if section.rpartition(".")[0] == wanted:
                try:
                    values[section.rpartition(".")[2]] = str(ast.literal_eval(value))
                except (ValueError, SyntaxError):
                    continue  # a message of pip's, not a setting
    if not listing:  # this environment has no pip (one made by uv, say): the variables alone say where to look
        values = {k[4:].lower().replace("_", "-"): v for k, v in os.environ.items() if k.startswith("PIP_")}
    no_index = values.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = (values.get("index-url") or PipSettings.indexes[0], *values.get("extra-index-url", "").split())
    return PipSettings(() if no_index else indexes, tuple(values.get("find-links", "").split()),
                       values.get("cert", ""), values.get("proxy", ""))


def _for_pip() -> dict[str, str]:
    """Variables under which `pip config list` says all that it knows, in UTF-8, and nothing else."""
    # `user` is meant for installing, and would have pip list the user's own file alone; `site`, `global` likewise.
    plain = dict.fromkeys(("PIP_QUIET", "PIP_VERBOSE", "PIP_USER", "PIP_SITE", "PIP_GLOBAL"), "0")
    variables = environment.of_child(**plain, PIP_LOG=os.devnull, PYTHONUTF8="1")
    for name in ("PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PYTHONIOENCODING"):
        variables.pop(name, None)
    return variables


def _installed(name: str, version: str, file: str) -> Path | None:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    if distribution.version != version:
        return None
    path = Path(str(distribution.locate_file(file)))
    return path if path.is_file() else None


def _distributions(name: str, version: str, downloads: Path, access: Access) -> Iterator[Path]:
    """Distribution files on this machine: first those in the cache, then each that pip's indexes and links offer."""
    for candidate in _matching(folder_files(downloads), name, version):
        path = downloads / candidate.filename
        if intact(path):
            yield path
    if access.offline:
        return
    pip = pip_settings()
    session = new_session()
    session.headers["Accept"] = ACCEPT
    session.verify = pip.cert or True
    session.proxies = {"http": pip.proxy, "https": pip.proxy} if pip.proxy else {}
    project = re.sub(r"[-_.]+", "-", name).lower()
    failures: list[str] = []
    offered = False
    for address in (*pip.find_links, *(f"{index.rstrip('/')}/{project}/" for index in pip.indexes)):
        try:
            for candidate in _matching(listed_files(address, session, access), name, version):
                yield _download(candidate, downloads, session, access)
                offered = True
        except RouteError as error:
            failures.append(str(error))
    if failures and not offered:
        raise RouteError(f"{name} {version}: {'; '.join(failures)}"[:500], f"pip install {name}=={version}")


def _matching(candidates: list[Candidate], name: str, version: str) -> list[Candidate]:
    """The candidates of this name and version: pure-Python wheels, other wheels, then source distributions."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        canonicalize_name,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion, Version

    wheels: list[Candidate] = []
    sources: list[Candidate] = []
    for candidate in candidates:
        if file_name(candidate.filename) != candidate.filename:
            continue  # it would not stay in its folder, or is too long
        try:
            if candidate.filename.endswith(".whl"):
                release = parse_wheel_filename(candidate.filename)[:2]
                group = wheels
            elif candidate.filename.endswith((".tar.gz", ".zip")):
                release = parse_sdist_filename(candidate.filename)
                group = sources
            else:
                continue
            if release == (canonicalize_name(name), Version(version)):
                group.append(candidate)
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
            continue  # an index also lists files whose names follow no standard
    return [*sorted(wheels, key=lambda c: not c.filename.endswith("-none-any.whl")), *sources]


def _download(candidate: Candidate, downloads: Path, session: requests.Session, access: Access) -> Path:
    """The candidate as a file on this machine, which agrees with the checksum that the index gives."""
    if urlsplit(candidate.url).scheme != "file":
        return fetch(candidate.url, inside(downloads, candidate.filename), access, candidate.checksum, session)
    path = Path(url2pathname(urlsplit(candidate.url).path))
    if candidate.checksum and digest(path) != candidate.checksum:
        raise RouteError(f"{path} does not have the checksum that its index gives", "the index or the file is damaged")
    return path


def _extract(distribution: Path, file: str, path: Path) -> bool:
    """Copy `file` out of a wheel or source distribution to `path`; False if the distribution does not hold it."""
    top_folder = "" if distribution.suffix == ".whl" else "[^/]+/"
    pattern = re.compile(top_folder + re.escape(str(PurePosixPath(file))))
    for name, stream in streams(distribution, lambda n: bool(pattern.fullmatch(n))):
        with whole(path) as temporary, temporary.open("wb") as out:
            while chunk := chunk_of(stream, distribution):
                out.write(chunk)
                if out.tell() > LARGEST_FILE:
                    raise DataError(f"{distribution}: {name} is larger than {LARGEST_FILE >> 30} GB", "refused")
        return True
    return False
