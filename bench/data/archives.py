"""The files inside a .tar.gz or .zip, read one after the other without ever unpacking it to disk."""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from bench.core.errors import DataError

TOTAL = 4 << 30  # bytes, uncompressed, that one archive may hold
RATIO, SLACK = 200, 64 << 20  # and no more than 200 times the archive's own size + 64 MB
MEMBER = 512 << 20  # bytes of one file that is read into memory
COUNT = 500_000  # files in one archive
NAME = 1_000  # characters of a file's name
CHUNK = 1 << 20  # bytes read at once
# What the standard library raises on damaged gzip, tar and zip files.
BROKEN = (OSError, EOFError, ValueError, RuntimeError, OverflowError, struct.error, zlib.error, lzma.LZMAError,
          tarfile.TarError, zipfile.BadZipFile)
AGAIN = "put a whole copy in its place; one in the cache is fetched anew once deleted"


def everything(name: str) -> bool:
    """The filter that keeps each file."""
    return True


def members(path: Path, wanted: Callable[[str], bool] = everything) -> Iterator[tuple[str, bytes]]:
    """Name and content of each regular file of an archive whose name is `wanted`.

    Raises `DataError` for a damaged archive, a name that leaves the folder, a link, or a decompression bomb.
    """
    for name, stream in streams(path, wanted):
        data = bytearray()
        while chunk := chunk_of(stream, path):
            data += chunk
            if len(data) > MEMBER:
                raise DataError(f"{path}: {name[:200]!r} is larger than {MEMBER >> 20} MB", "is it the right archive?")
        yield name, bytes(data)


def streams(path: Path, wanted: Callable[[str], bool] = everything) -> Iterator[tuple[str, IO[bytes]]]:
    """As `members`, each file as an open stream that is good until the next one is asked for."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise broken(path, error) from None
    if magic[:2] == b"\x1f\x8b":
        found = _tar(path, wanted)
    elif magic[:2] == b"PK":
        found = _zip(path, wanted)
    else:
        raise DataError(f"{path} is neither a .tar.gz nor a .zip (it begins with {magic!r})",
                        AGAIN)
    try:
        yield from found
    except BROKEN as error:
        raise broken(path, error) from None


def chunk_of(stream: IO[bytes], path: Path) -> bytes:
    """The next bytes of a stream out of the archive `path`; raises `DataError` where it is damaged."""
    try:
        return stream.read(CHUNK)
    except BROKEN as error:
        raise broken(path, error) from None


def broken(path: Path, error: BaseException) -> DataError:
    """The error for a file that the standard library could not read."""
    if isinstance(error, OSError) and error.errno is not None:
        return DataError(f"cannot read {path}: {error.strerror}")
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(f"{path} is damaged or cut short: {reason}", AGAIN)


def _unzipped(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        bounded = Bounded(cast("IO[bytes]", file), path)
        while chunk := bounded.read(CHUNK):
            yield chunk


def bound(path: Path) -> int:
    """How many uncompressed bytes the archive at `path` may hold."""
    return min(TOTAL, RATIO * path.stat().st_size + SLACK)


class Bounded:
    """A forward-only reader that refuses to give more bytes than `bound(path)`, seeking included."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        """Read from `file`, the decompressed content of `path`."""
        self.file, self.path, self.limit = file, path, bound(path)
        self.position = 0
        self.last = b""  # the last answer, by which an archive's end is known from a damaged header

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, which must lie within the bound."""
        if size < 0 or self.position + size > self.limit + CHUNK:
            raise bomb(self.path, self.limit)
        self.last = self.file.read(size)
        self.position += len(self.last)
        if self.position > self.limit:
            raise bomb(self.path, self.limit)
        return self.last

    def tell(self) -> int:
        """Bytes given so far."""
        return self.position

    def seek(self, position: int, whence: int = 0) -> int:
        """Read on to `position` (from the start); there is no way back."""
        if whence != 0 or position < self.position:
            raise ValueError("seek backwards")
        if position > self.limit:
            raise bomb(self.path, self.limit)
        while self.position < position and self.read(min(CHUNK, position - self.position)):
            pass
        return self.position


def bomb(path: Path, limit: int) -> DataError:
    """The error for an archive that holds more than its size can explain."""
    return DataError(f"{path} unpacks to more than {limit >> 20} MB", "refused: this looks like a decompression bomb")


def _safe(path: Path, name: str) -> str:
    plain = name.replace("\\", "/")
    if len(plain) > NAME:
        raise DataError(f"{path} holds a file whose name has {len(plain)} characters", "refused: unsafe archive")
    if not plain or "\0" in plain or plain.startswith("/") or plain[1:2] == ":" or ".." in PurePosixPath(plain).parts:
        raise DataError(f"{path} holds a file named {name[:200]!r}, outside its own folder", "refused: unsafe archive")
    return plain


def _tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, IO[bytes]]]:
    deque(_unzipped(path), maxlen=0)  # its size and checksum are known before any of it is used
    with gzip.open(path) as unzipped:
        bounded = Bounded(cast("IO[bytes]", unzipped), path)
        with tarfile.open(fileobj=cast("IO[bytes]", bounded), mode="r:") as archive:
            count = 0
            while (entry := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # not in its stubs; else it keeps every entry
                count += 1
                if count > COUNT:
                    raise DataError(f"{path} holds more than {COUNT} files", "refused: unsafe archive")
                name = _safe(path, entry.name)
                if not (entry.isreg() or entry.isdir()):
                    raise DataError(f"{path}: {name[:200]!r} is a link or a device", "refused: unsafe archive")
                if bounded.tell() + entry.size > bounded.limit:
                    raise bomb(path, bounded.limit)
                if entry.isreg() and wanted(name):
                    stream = archive.extractfile(entry)
                    assert stream is not None  # a regular file has content
                    yield name, stream
            if bounded.last.strip(b"\0"):  # tarfile stops without a word at a damaged header
                raise tarfile.ReadError(f"damaged header before byte {bounded.tell()}")
        while bounded.read(CHUNK):  # on to the end, where gzip compares its checksum
            pass


def _zip(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        limit = bound(path)
        if len(entries) > COUNT:
            raise DataError(f"{path} holds more than {COUNT} files", "refused: unsafe archive")
        if sum(entry.file_size for entry in entries) > limit:
            raise bomb(path, limit)
        for entry in entries:
            name = _safe(path, entry.filename)
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise DataError(f"{path}: {name[:200]!r} is a link", "refused: unsafe archive")
            if not entry.is_dir() and wanted(name):
                with archive.open(entry) as stream:
                    yield name, stream
