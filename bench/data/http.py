"""Talking to web servers: what a route may use, time limits, and addresses and errors in words."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit, urlunsplit

from bench.core.errors import RouteError
from bench.core.store import default_cache

if TYPE_CHECKING:
    import requests

REDIRECTS = 5
T = TypeVar("T")


def ignore(message: str) -> None:
    """Drop a message."""


Fetching = Callable[[str, int, int | None], object]  # gets the name of a download, its bytes so far and in all


@dataclass(frozen=True)
class Access:
    """What a route may use: folders, the network with its time limits, and where messages for the user go."""

    data_dir: Path | None = None
    cache: Path = field(default_factory=lambda: default_cache() / "raw")
    offline: bool = False
    connect_timeout: float = 5.0  # seconds
    read_timeout: float = 30.0  # seconds without a byte
    progress: bool = False
    fetching: Fetching | None = None  # what shows downloads, where no bar of their own does
    note: Callable[[str], None] = ignore


def new_session() -> requests.Session:
    """An HTTP session with at most `REDIRECTS` redirects; proxies and certificates come from the environment.

    A user and password are sent where the address itself holds them, to that server alone; none come from `~/.netrc`.
    A server elsewhere cannot redirect to this machine: `requests.exceptions.InvalidURL`.
    """
    import requests
    from requests.auth import HTTPBasicAuth
    from requests.utils import get_auth_from_url

    def of_address(request: requests.PreparedRequest) -> requests.PreparedRequest:
        user, password = get_auth_from_url(request.url or "")
        return HTTPBasicAuth(user, password)(request) if user or password else request

    class Session(requests.Session):
        def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
            """Drop the password on the way to another server; requests would also look into `~/.netrc`."""
            before, after = response.request.url or "", prepared_request.url or ""
            if is_this_machine(urlsplit(after).hostname) and not is_this_machine(urlsplit(before).hostname):
                raise requests.exceptions.InvalidURL(f"redirects to {shown(after)}, on this machine")
            if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
                prepared_request.headers.pop("Authorization", None)

    session = Session()
    session.auth = of_address  # requests looks into ~/.netrc where there is none
    session.max_redirects = REDIRECTS
    session.headers["User-Agent"] = "transferbench"
    return session


def is_this_machine(host: str | None) -> bool:
    """Whether a host's name or number, however it is written, says that it is this machine or its metadata server."""
    name = (host or "").rstrip(".").lower().partition("%")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    number: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        number = ipaddress.IPv4Address(socket.inet_aton(name))  # also 127.1, 0x7f000001 and 2130706433
    except (OSError, UnicodeError):
        try:
            version_6 = ipaddress.IPv6Address(name)
        except ValueError:
            return False
        number = version_6.ipv4_mapped or version_6
    return number.is_loopback or number.is_link_local or number.is_unspecified


def reachable(url: str, access: Access) -> None:
    """Raises `RouteError` unless a server at `url` answers anything at all within the connect timeout."""
    import requests

    timeout = access.connect_timeout

    def ask() -> int:
        with new_session().head(url, timeout=timeout, allow_redirects=False) as response:
            return response.status_code

    try:
        within(timeout, ask)
    except requests.Timeout:
        raise RouteError(f"{shown(url)} did not answer within {timeout:g} s") from None
    except requests.RequestException as error:
        raise RouteError(f"{shown(url)} cannot be reached: {cause(error)}") from None


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call()`; raises `requests.ConnectTimeout` after `seconds` and abandons the call in its thread."""
    import requests

    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # whatever it is, the caller's thread raises it
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise requests.ConnectTimeout(f"no answer within {seconds:g} s")
    return results[0]


def shown(url: str) -> str:
    """An address for messages: without user, password and query, at most 300 characters."""
    try:
        parts = urlsplit(url)
    except ValueError:  # http://[::1
        return url[:300]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:300]


def one_line(error: BaseException) -> str:
    """An error's message on one line, at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def cause(error: BaseException) -> str:
    """The operating system's reason inside an HTTP library's error; else the name of the error's class."""
    for reason in ("Name or service not known", "Temporary failure in name resolution", "Connection refused",
                   "Network is unreachable", "CERTIFICATE_VERIFY_FAILED", "Connection reset", "Remote end closed"):
        if reason.lower() in str(error).lower():
            return reason.replace("_", " ").lower()
    return type(error).__name__
