"""A file from a web address: resumed when it is cut, checked, and put in the cache whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from bench.core.errors import RouteError
from bench.core.files import replacing
from bench.core.store import default_cache

if TYPE_CHECKING:
    import requests

LARGEST = 8 << 30  # bytes of one download
RETRIES = 2
SLOWEST = 1024  # bytes a second; slower for a whole read timeout is given up
REDIRECTS = 5
CHECKSUM = re.compile(r"(sha256):[0-9a-f]{64}|(md5):[0-9a-f]{32}")
T = TypeVar("T")


def ignore(message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Access:
    """What a route may use: folders, the network and its time limits, and where to tell what happens."""

    data_dir: Path | None = None
    cache: Path = field(default_factory=lambda: default_cache() / "raw")
    offline: bool = False
    connect_timeout: float = 5.0  # seconds
    read_timeout: float = 30.0  # seconds without a byte
    progress: bool = False
    note: Callable[[str], None] = ignore


def fetch(url: str, to: Path, access: Access, checksum: str = "", session: requests.Session | None = None) -> Path:
    """The file at `url` as `to`, from the cache if it is there and still agrees with its checksum.

    Raises `RouteError` for a bad address, status, checksum or size, a slow or dead server, and when offline.
    """
    import pooch

    if checksum and not CHECKSUM.fullmatch(checksum):
        raise RouteError(f"checksum {checksum!r} is neither sha256:… nor md5:…", "mend the task card")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise RouteError(f"{shown(url)} is not an http or https address", "mend the task card")
    if intact(to, checksum):
        return to
    if access.offline:
        raise RouteError(f"{shown(url)} is not in the cache and the network is off", "run once without --offline")
    with lock(to, access):
        if intact(to, checksum):  # another process fetched it while this one waited
            return to
        to.unlink(missing_ok=True)  # damaged; pooch would keep a file that has no checksum to compare with
        access.note(f"downloading {shown(url)}")
        pooch.get_logger().setLevel("WARNING")  # its INFO goes to stderr unasked
        download = Resumed(access, session or new_session(), _part(to), trusted=bool(checksum))
        try:
            with scratch(to) as folder:  # pooch's temporary file and all
                pooch.retrieve(url, checksum or None, fname=to.name, path=folder, downloader=download)
                os.replace(folder / to.name, to)
        except ValueError as error:
            if "does not match the known hash" not in " ".join(str(error).split()):
                raise RouteError(f"{shown(url)}: {one_line(error)}") from None
            raise RouteError(f"{shown(url)} does not have the checksum {checksum}",
                             "the file changed there, or was changed on the way") from None
        seal(to)
    return to


@dataclass(frozen=True)
class Resumed:
    """A downloader for pooch that goes on with a `.part` file where the server can, and gives up in time."""

    access: Access
    session: requests.Session
    part: Path
    trusted: bool  # a checksum follows, so a part may be continued without the server's validator

    def __call__(self, url: str, output: str, pooch: object) -> None:
        """Write `url` to `output`; raises `RouteError`."""
        import requests
        import urllib3

        part = self.part
        for attempt in range(RETRIES + 1):
            try:
                self._attempt(url, part)
                os.replace(part, output)
                _validator(part).unlink(missing_ok=True)
                return
            except Cut as error:  # worth another attempt: the server was there
                reason = one_line(error)
            except requests.TooManyRedirects:
                raise RouteError(f"{shown(url)} redirects more than {REDIRECTS} times") from None
            except requests.ConnectTimeout:
                raise RouteError(f"{shown(url)}: no connection within {self.access.connect_timeout:g} s") from None
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                raise RouteError(f"{shown(url)}: no answer within {self.access.read_timeout:g} s") from None
            except requests.ConnectionError as error:
                raise RouteError(f"{shown(url)} cannot be reached: {cause(error)}") from None
            except requests.RequestException as error:
                raise RouteError(f"{shown(url)}: {one_line(error)}") from None
            finally:
                if part.exists() and not (self.trusted or _validator(part).exists()):
                    part.unlink()  # nothing could ever continue it
            self.access.note(f"{shown(url)}: {reason}; attempt {attempt + 2} of {RETRIES + 1}")
            time.sleep(0.2 * (attempt + 1))
        raise RouteError(f"{shown(url)}: {reason}", f"{RETRIES + 1} attempts; the next run goes on from here")

    def _attempt(self, url: str, part: Path) -> None:
        have = part.stat().st_size if part.exists() else 0
        validator = _validator(part).read_text() if _validator(part).exists() else ""
        headers = {"Accept-Encoding": "identity"}  # the bytes of the file, not of some compressed form
        if have:
            headers["Range"] = f"bytes={have}-"
            if validator:
                headers["If-Range"] = validator
        timeouts = (self.access.connect_timeout, self.access.read_timeout)
        # In a thread, since neither the look-up of a host's name nor a trickle of headers obeys these timeouts.
        response = within(sum(timeouts), lambda: self.session.get(url, headers=headers, stream=True, timeout=timeouts))
        with response:
            if response.status_code == 416:  # the part is longer than the file: not a part of it
                _drop(part)
                raise Cut("the partial file did not fit")
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise Cut(f"answered {response.status_code} {response.reason}")
            if response.status_code not in (200, 206):
                _drop(part)
                raise RouteError(f"{shown(url)} answered {response.status_code} {response.reason}")
            if url.startswith("https:") and response.url.startswith("http:") and not self.trusted:
                raise RouteError(f"{shown(url)} redirects to plain http", "add a checksum to the card to allow it")
            start = have if response.status_code == 206 else 0
            if start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                _drop(part)
                raise Cut("answered another range than asked for")
            self._write(url, response, part, start)

    def _write(self, url: str, response: requests.Response, part: Path, start: int) -> None:
        import urllib3

        length = response.headers.get("Content-Length", "")
        size = start + int(length) if length.isdigit() else None  # bytes of the whole file
        etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        validator = etag if etag and not etag.startswith("W/") else modified
        if start == 0:
            _drop(part)
            if validator and response.headers.get("Accept-Ranges", "bytes") == "bytes":
                _validator(part).write_text(validator)
        got = start
        with part.open("ab") as file, _bar(self.access, url, start, size) as advance:
            since, mark = time.monotonic(), got
            while True:
                if (size or got) > LARGEST:
                    _drop(part)
                    raise RouteError(f"{shown(url)} is larger than {LARGEST >> 30} GB", "refused")
                try:
                    chunk = response.raw.read1(1 << 18, decode_content=False)
                except urllib3.exceptions.TimeoutError:
                    raise
                except (urllib3.exceptions.HTTPError, OSError) as error:
                    raise Cut(f"the connection was cut at byte {got} ({type(error).__name__})") from None
                if not chunk:
                    break
                file.write(chunk)
                got += len(chunk)
                advance(len(chunk))
                if time.monotonic() - since > self.access.read_timeout:
                    if got - mark < SLOWEST * self.access.read_timeout:
                        raise RouteError(f"{shown(url)} is slower than {SLOWEST} bytes a second", "given up")
                    since, mark = time.monotonic(), got
        if size is not None and got != size:
            raise Cut(f"the connection was cut at byte {got} of {size}")


class Cut(Exception):
    """A download that ended early and may go on."""


def new_session() -> requests.Session:
    """An HTTP session with this module's bounds; proxies and certificates as the environment says."""
    import requests

    session = requests.Session()
    session.max_redirects = REDIRECTS
    session.headers["User-Agent"] = "transferbench"
    return session


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
    """`call()`, or `requests.ConnectTimeout` if it takes longer; it is then left behind in its thread."""
    import requests

    answers: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # handed on to the caller's thread, whatever it is
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise requests.ConnectTimeout(f"no answer within {seconds:g} s")
    return answers[0]


def intact(path: Path, checksum: str = "") -> bool:
    """Whether `path` is there and has the bytes that `checksum`, or else its seal, says."""
    if not path.is_file():
        return False
    if not checksum:
        try:
            checksum = _seal(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return False
    return CHECKSUM.fullmatch(checksum) is not None and digest(path, checksum.split(":")[0]) == checksum


def seal(path: Path) -> None:
    """Write down the SHA-256 of a finished file beside it, so that `intact` can tell later."""
    with replacing(_seal(path)) as temporary:
        temporary.write_text(digest(path) + "\n", encoding="ascii")


def digest(path: Path, algorithm: str = "sha256") -> str:
    """`sha256:…` of a file."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """An empty folder beside `path` for what is on its way there; what a killed process left in it is removed.

    The caller holds the lock of `path`: the folder's name is the same in every process.
    """
    folder = path.with_name(f".{path.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, as from `replacing`; then `path` is sealed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        yield temporary
    seal(path)


@contextlib.contextmanager
def lock(path: Path, access: Access) -> Iterator[None]:
    """Only one process at a time makes `path`."""
    from filelock import FileLock, Timeout

    folder = access.cache / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    name = os.path.relpath(path, access.cache)  # a cache that was moved keeps its locks' names
    held = FileLock(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock")
    try:
        held.acquire(timeout=1)
    except Timeout:
        access.note(f"waiting for another process that fetches {path.name}")
        held.acquire(timeout=3600)
    try:
        yield
    finally:
        held.release()


def shown(url: str) -> str:
    """An address for messages: without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:300]


def one_line(error: BaseException) -> str:
    """An error's words on one line, at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def cause(error: BaseException) -> str:
    """What the operating system said under an HTTP library's wrapping."""
    for name in ("Name or service not known", "Temporary failure in name resolution", "Connection refused",
                 "Network is unreachable", "CERTIFICATE_VERIFY_FAILED", "Connection reset", "Remote end closed"):
        if name.lower() in str(error).lower():
            return name.replace("_", " ").lower()
    return type(error).__name__


def _seal(path: Path) -> Path:
    return path.with_name(f".{path.name}.seal")


def _part(path: Path) -> Path:
    """What has come of `path` so far, to go on from."""
    return path.with_name(f".{path.name}.part")


def _validator(part: Path) -> Path:
    return part.with_suffix(".validator")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _validator(part).unlink(missing_ok=True)


@contextlib.contextmanager
def _bar(access: Access, url: str, start: int, size: int | None) -> Iterator[Callable[[int], Any]]:
    if not access.progress:
        yield lambda count: None
        return
    from tqdm import tqdm

    name = urlsplit(url).path.rsplit("/", 1)[-1]
    with tqdm(total=size, initial=start, unit="B", unit_scale=True, desc=name, leave=False) as bar:
        yield bar.update
