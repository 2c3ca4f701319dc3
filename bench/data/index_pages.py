"""The files that a package index, a page of links or a folder lists."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from bench.core.errors import RouteError
from bench.data.http import Access, is_this_machine, one_line, shown, within

if TYPE_CHECKING:
    import requests

LARGEST_PAGE = 64 << 20  # bytes
JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, text/html;q=0.5"  # the request header: JSON, if the index can


@dataclass(frozen=True)
class Candidate:
    """One distribution file that may hold the file we look for."""

    url: str  # http, https or file
    filename: str
    checksum: str = ""  # "sha256:…", or empty where the index gives none


def listed_files(address: str, session: requests.Session, access: Access) -> list[Candidate]:
    """The files that the page or folder at `address` lists; none where nothing is there.

    Raises `RouteError` for a server that fails, and for a page that is no index.
    """
    web = ("http", "https")
    scheme = urlsplit(address).scheme
    if scheme in web:
        final, content_type, body = _page(address, session, access)
    else:
        path = Path(url2pathname(urlsplit(address).path)) if scheme == "file" else Path(address).expanduser()
        index = path / "index.html"
        if path.is_dir() and not index.is_file():
            return folder_files(path)
        path = index if path.is_dir() else path
        if not path.is_file():
            return []  # as pip does: a place that does not exist offers nothing
        final, content_type = path.absolute().as_uri(), "text/html"
        body = path.read_bytes()[:LARGEST_PAGE].decode("utf-8", "replace")
    try:
        links = json_links(body, final) if "json" in content_type else html_links(body, final)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        # html.parser raises AssertionError for malformed marked sections
        raise RouteError(f"{shown(address)} is not an index page: {one_line(error)}") from None
    # A page from the network must not point into this machine.
    allowed = web if scheme in web else (*web, "file")
    links = [link for link in links if urlsplit(link.url).scheme in allowed]
    if scheme in web and not is_this_machine(urlsplit(final).hostname):
        links = [link for link in links if not is_this_machine(urlsplit(link.url).hostname)]
    return links


def folder_files(path: Path) -> list[Candidate]:
    """The files directly in a folder; none where the folder does not exist."""
    if not path.is_dir():
        return []
    return [Candidate(p.absolute().as_uri(), p.name) for p in sorted(path.iterdir()) if p.is_file()]


def json_links(body: str, base: str) -> list[Candidate]:
    """The files of an index page in JSON; addresses are relative to `base`."""
    links = []
    for file in json.loads(body)["files"]:
        sha256 = file.get("hashes", {}).get("sha256", "")
        links.append(Candidate(urljoin(base, file["url"]), str(file["filename"]), f"sha256:{sha256}" if sha256 else ""))
    return links


def html_links(body: str, base: str) -> list[Candidate]:
    """The files that an HTML page links to; addresses are relative to the page's own base, else to `base`."""
    parser = _Anchors()
    parser.feed(body)
    links = []
    for href in parser.hrefs:
        url, fragment = urldefrag(urljoin(urljoin(base, parser.base), href))
        sha256 = re.search(r"(?:^|&)sha256=([0-9a-f]{64})", fragment)
        links.append(Candidate(url, unquote(urlsplit(url).path.rsplit("/", 1)[-1]),
                               f"sha256:{sha256[1]}" if sha256 else ""))
    return links


class _Anchors(html.parser.HTMLParser):
    """Collects the addresses of a page's links, and its base address."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        href = dict(attributes).get("href")
        if tag == "base" and href:
            self.base = self.base or href
        elif tag == "a" and href:
            self.hrefs.append(href)


def _page(address: str, session: requests.Session, access: Access) -> tuple[str, str, str]:
    """Final address, content type and text of a page; an empty text for a page that does not exist (404)."""
    import requests

    timeouts = (access.connect_timeout, access.read_timeout)

    def ask() -> tuple[int, str, str, bytes]:
        with session.get(address, timeout=timeouts, stream=True) as response:
            body = bytearray()
            for chunk in response.iter_content(1 << 16):
                body += chunk
                if len(body) > LARGEST_PAGE:
                    raise RouteError(f"{shown(address)} is larger than {LARGEST_PAGE >> 20} MB",
                                     "is it a package index?")
            return response.status_code, response.url, response.headers.get("Content-Type", ""), bytes(body)

    try:
        status, final, content_type, text = within(sum(timeouts), ask)
    except requests.RequestException as error:
        raise RouteError(f"{shown(address)}: {type(error).__name__}") from None
    if status == 404:
        return address, "text/html", ""
    if status != 200:
        raise RouteError(f"{shown(address)} answered {status}")
    return final, content_type, text.decode("utf-8", "replace")
