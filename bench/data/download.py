"""Downloads: resumed where the connection broke, checked, and put in the cache whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.core.errors import DataError, RouteError
from bench.data.http import REDIRECTS, Access, cause, new_session, one_line, shown, within
from bench.data.sealed_files import CHECKSUM, intact, lock, scratch, seal

if TYPE_CHECKING:
    import requests

LARGEST = 8 << 30  # bytes of one download
RETRIES = 2
SLOWEST = 1024  # bytes per second; a download that is slower over a whole read timeout fails


def fetch(url: str, path: Path, access: Access, checksum: str = "", session: requests.Session | None = None) -> Path:
    """Download `url` to `path`, unless that file is in the cache and agrees with its checksum.

    Raises `RouteError` for a bad address, status, checksum or size, a slow or dead server, and when offline;
    `DataError` when offline and the file in the cache is damaged.
    """
    import pooch

    if checksum and not CHECKSUM.fullmatch(checksum):
        raise RouteError(f"checksum {checksum!r} is neither sha256:… nor md5:…", "fix the task card")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise RouteError(f"{shown(url)} is not an http or https address", "fix the task card")
    if intact(path, checksum):
        return path
    if access.offline and path.is_file():
        raise DataError(f"the cache's copy of {shown(url)} is damaged", "run once without --offline")
    if access.offline:
        raise RouteError(f"{shown(url)} is not in the cache and the network is off", "run once without --offline")
    with lock(path, access):
        if intact(path, checksum):  # another process fetched it while this one waited
            return path
        path.unlink(missing_ok=True)  # damaged; without a checksum, pooch would accept it as it is
        access.note(f"downloading {shown(url)}")
        pooch.get_logger().setLevel("WARNING")  # by default it writes INFO to stderr
        download = ResumedDownload(access, session or new_session(), _partial(path), has_checksum=bool(checksum))
        try:
            with scratch(path) as folder:  # pooch's temporary file goes there too
                pooch.retrieve(url, checksum or None, fname=path.name, path=folder, downloader=download)
                os.replace(folder / path.name, path)
        except ValueError as error:
            if "does not match the known hash" not in " ".join(str(error).split()):
                raise RouteError(f"{shown(url)}: {one_line(error)}") from None
            raise RouteError(f"{shown(url)} does not have the checksum {checksum}",
                             "the file changed on the server or on its way") from None
        seal(path)
    return path


@dataclass(frozen=True)
class ResumedDownload:
    """A downloader for pooch that resumes a partial file where the server allows it, and has a time limit."""

    access: Access
    session: requests.Session
    partial: Path  # what has arrived so far
    has_checksum: bool  # it will be verified, so it may be resumed even where the server sent no validator

    def __call__(self, url: str, output: str, pooch: object) -> None:
        """Write `url` to `output`; raises `RouteError`."""
        import requests
        import urllib3

        for attempt in range(RETRIES + 1):
            try:
                self._attempt(url)
                os.replace(self.partial, output)
                _validator(self.partial).unlink(missing_ok=True)
                return
            except Interrupted as error:  # worth another attempt: the server was there
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
                if self.partial.exists() and not (self.has_checksum or _validator(self.partial).exists()):
                    self.partial.unlink()  # it could never be resumed
            self.access.note(f"{shown(url)}: {reason}; attempt {attempt + 2} of {RETRIES + 1}")
            time.sleep(0.2 * (attempt + 1))
        raise RouteError(f"{shown(url)}: {reason}", f"{RETRIES + 1} attempts failed; the next run resumes from here")

    def _attempt(self, url: str) -> None:
        arrived = self.partial.stat().st_size if self.partial.exists() else 0
        validator = _validator(self.partial).read_text() if _validator(self.partial).exists() else ""
        headers = {"Accept-Encoding": "identity"}  # the bytes of the file, not a compressed form of it
        if arrived:
            headers["Range"] = f"bytes={arrived}-"
            if validator:
                headers["If-Range"] = validator
        timeouts = (self.access.connect_timeout, self.access.read_timeout)
        # In a thread: neither name resolution nor slowly arriving headers obey these timeouts.
        response = within(sum(timeouts), lambda: self.session.get(url, headers=headers, stream=True, timeout=timeouts))
        with response:
            if response.status_code == 416 and arrived:  # the partial file is longer than the file
                _discard(self.partial)
                raise Interrupted("the partial file is longer than the file on the server")
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise Interrupted(f"answered {response.status_code} {response.reason}")
            if response.status_code not in (200, 206):
                _discard(self.partial)
                raise RouteError(f"{shown(url)} answered {response.status_code} {response.reason}")
            if url.startswith("https:") and response.url.startswith("http:") and not self.has_checksum:
                raise RouteError(f"{shown(url)} redirects to plain http", "add a checksum to the card to allow it")
            start = arrived if response.status_code == 206 else 0
            if response.status_code == 206 and not _to_the_end(response.headers.get("Content-Range", ""), start):
                _discard(self.partial)
                raise Interrupted("sent another range than requested")
            self._write(url, response, start)

    def _write(self, url: str, response: requests.Response, start: int) -> None:
        import urllib3

        length = response.headers.get("Content-Length", "")
        size = start + int(length) if length.isdigit() else None  # bytes of the whole file
        etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        validator = etag if etag and not etag.startswith("W/") else modified
        if start == 0:
            _discard(self.partial)
            if validator and response.headers.get("Accept-Ranges", "bytes") == "bytes":
                _validator(self.partial).write_text(validator)
        arrived = start
        with self.partial.open("ab") as file, _progress_bar(self.access, url, start, size) as advance:
            clock, mark = time.monotonic(), arrived
            while True:
                if (size or arrived) > LARGEST:
                    _discard(self.partial)
                    raise RouteError(f"{shown(url)} is larger than {LARGEST >> 30} GB", "refused")
                try:
                    chunk = response.raw.read1(1 << 18, decode_content=False)
                except urllib3.exceptions.TimeoutError:
                    raise
                except (urllib3.exceptions.HTTPError, OSError) as error:
                    raise Interrupted(f"the connection was cut at byte {arrived} ({type(error).__name__})") from None
                if not chunk:
                    break
                file.write(chunk)
                arrived += len(chunk)
                advance(len(chunk))
                if time.monotonic() - clock > self.access.read_timeout:
                    if arrived - mark < SLOWEST * self.access.read_timeout:
                        raise RouteError(f"{shown(url)} is slower than {SLOWEST} bytes per second", "gave up")
                    clock, mark = time.monotonic(), arrived
        if size is not None and arrived != size:
            raise Interrupted(f"the connection was cut at byte {arrived} of {size}")


def _to_the_end(content_range: str, start: int) -> bool:
    """Whether a Content-Range begins at byte `start` and ends where the file does."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", content_range.strip())
    return found is not None and int(found[1]) == start and found[3] in ("*", str(int(found[2]) + 1))


class Interrupted(Exception):
    """A download that ended early and may be resumed."""


def _partial(path: Path) -> Path:
    """The file that holds what has arrived of `path`."""
    return path.with_name(f".{path.name}.part")


def _validator(partial: Path) -> Path:
    """The file that holds the server's ETag or date, by which it knows whether its file is still the same."""
    return partial.with_suffix(".validator")


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _validator(partial).unlink(missing_ok=True)


@contextlib.contextmanager
def _progress_bar(access: Access, url: str, start: int, size: int | None) -> Iterator[Callable[[int], Any]]:
    """Shows a bar where progress is wanted; yields the function that advances it by a number of bytes."""
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    if not access.progress:
        done = start

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if access.fetching is not None:
                access.fetching(name, done, size)

        yield advance
        return
    from tqdm import tqdm

    with tqdm(total=size, initial=start, unit="B", unit_scale=True, desc=name, leave=False) as bar:
        yield bar.update
