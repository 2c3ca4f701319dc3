"""The files inside a .tar.gz or .zip, read one after the other; nothing is ever unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Self, cast

from bench.core.errors import DataError

# Limits of one archive.
TOTAL = 4 << 30  # uncompressed bytes
RATIO, SLACK = 100, 64 << 20  # uncompressed bytes: at most 100 times the archive's size + 64 MB
MEMBER = 512 << 20  # bytes of a file that is read into memory
COUNT = 200_000  # files
EXTENDED = 1 << 16  # bytes of an extended header of a tar, which holds what a plain header has no room for
NAME = 1_000  # characters of a file's name
CHUNK = 1 << 20  # bytes per read
SMALL, FEW_BYTES = 1 << 20, 16  # reads of so few bytes: gzip takes one for each byte of padding
# What the standard library raises on damaged gzip, tar and zip files.
BROKEN = (OSError, EOFError, ValueError, RuntimeError, OverflowError, struct.error, zlib.error, lzma.LZMAError,
          tarfile.TarError, zipfile.BadZipFile)
AGAIN = "replace it with a complete copy; a file in the cache is downloaded again once you delete it"


def everything(name: str) -> bool:
    """The filter that accepts every file."""
    return True


def members(path: Path, wanted: Callable[[str], bool] = everything) -> Iterator[tuple[str, bytes]]:
    """Name and content of each regular file of an archive, of those whose names `wanted` accepts.

    Raises `DataError` for a damaged archive, a name outside the archive's own folder, a link, or a decompression bomb.
    """
    for name, stream in streams(path, wanted):
        data = bytearray()
        while chunk := chunk_of(stream, path):
            data += chunk
            if len(data) > MEMBER:
                raise DataError(f"{path}: {name[:200]!r} is larger than {MEMBER >> 20} MB", "is it the right archive?")
        yield name, bytes(data)


def streams(path: Path, wanted: Callable[[str], bool] = everything) -> Iterator[tuple[str, IO[bytes]]]:
    """As `members`, but each file is an open stream, which is valid until the next file is requested."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise broken(path, error) from None
    if magic[:2] == b"\x1f\x8b":
        files = _tar(path, wanted)
    elif magic[:2] == b"PK":
        files = _zip(path, wanted)
    else:
        raise DataError(f"{path} is neither a .tar.gz nor a .zip (it begins with {magic!r})", AGAIN)
    try:
        yield from files
    except BROKEN as error:
        raise broken(path, error) from None


def chunk_of(stream: IO[bytes], path: Path) -> bytes:
    """The next bytes of a stream from the archive `path`, empty at its end; raises `DataError` where it is damaged."""
    try:
        return stream.read(CHUNK)
    except BROKEN as error:
        raise broken(path, error) from None


def broken(path: Path, error: BaseException) -> DataError:
    """The `DataError` for a file that the standard library could not read."""
    if isinstance(error, OSError) and error.errno is not None:
        return DataError(f"cannot read {path}: {error.strerror}")
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(f"{path} is damaged or cut short: {reason}", AGAIN)


class _Compressed(io.FileIO):
    """A file that refuses to be read in very many small steps, as `gzip` reads the zeros that may follow its data."""

    small = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes."""
        if size is not None and 0 <= size <= FEW_BYTES:
            self.small += 1
            if self.small > SMALL:
                raise DataError(f"{self.name} ends in more padding than any program writes",
                                "unpack it and pack it again")
        return super().read(size)


@contextmanager
def gunzipped(path: Path) -> Iterator[gzip.GzipFile]:
    """The unpacked content of a gzip file."""
    with _Compressed(path) as packed, gzip.GzipFile(fileobj=packed) as file:
        yield file


def _unzipped(path: Path) -> Iterator[bytes]:
    with gunzipped(path) as file:
        bounded = Bounded(cast("IO[bytes]", file), path)
        while chunk := bounded.read(CHUNK):
            yield chunk


def bound(path: Path) -> int:
    """The most uncompressed bytes that the archive at `path` may hold."""
    return min(TOTAL, RATIO * path.stat().st_size + SLACK)


class Bounded:
    """A forward-only reader that raises `DataError` beyond `bound(path)` bytes, whether read or skipped."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        """Read from `file`, the decompressed content of `path`."""
        self.file, self.path, self.limit = file, path, bound(path)
        self.position = 0
        self.last = b""  # the last bytes read: they tell an archive's end from a damaged header
        self.extended = False  # whether the next bytes are an extended header

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        if size < 0 or self.position + size > self.limit + CHUNK:
            raise bomb(self.path, self.limit)
        self.last = self.file.read(size)
        if self.extended:
            self.extended = False
            _check_extended(self.last)
        self.position += len(self.last)
        if self.position > self.limit:
            raise bomb(self.path, self.limit)
        return self.last

    def tell(self) -> int:
        """The number of bytes read so far."""
        return self.position

    def seek(self, position: int, whence: int = 0) -> int:
        """Read on to `position`, counted from the start; raises `ValueError` for a position before this one."""
        if whence != 0 or position < self.position:
            raise ValueError("cannot seek backwards")
        if position > self.limit:
            raise bomb(self.path, self.limit)
        while self.position < position and self.read(min(CHUNK, position - self.position)):
            pass
        return self.position


def bomb(path: Path, limit: int) -> DataError:
    """The `DataError` for an archive that holds more than its size can explain."""
    return DataError(f"{path} unpacks to more than {limit >> 20} MB", "refused: this looks like a decompression bomb")


def _safe(path: Path, name: str) -> str:
    """The name with forward slashes; raises `DataError` for one that is too long or points outside the archive."""
    plain = name.replace("\\", "/")
    if len(plain) > NAME:
        raise DataError(f"{path} holds a file whose name has {len(plain)} characters", "refused: unsafe archive")
    if not plain or "\0" in plain or plain.startswith("/") or plain[1:2] == ":" or ".." in PurePosixPath(plain).parts:
        raise DataError(f"{path} holds a file named {name[:200]!r}, outside its own folder", "refused: unsafe archive")
    return plain


def _tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, IO[bytes]]]:
    deque(_unzipped(path), maxlen=0)  # its size and checksum are known before any of it is used
    with gunzipped(path) as unzipped:
        bounded = Bounded(cast("IO[bytes]", unzipped), path)
        with tarfile.open(fileobj=cast("IO[bytes]", bounded), mode="r:", tarinfo=_headers_of(bounded)) as archive:
            count = 0
            while (entry := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # not in its stubs; otherwise it keeps every entry in memory
                count += 1
                if count > COUNT:
                    raise DataError(f"{path} holds more than {COUNT} files", "refused: unsafe archive")
                name = _safe(path, entry.name)
                if entry.issparse() or not (entry.isreg() or entry.isdir()):
                    raise DataError(f"{path}: {name[:200]!r} is a link, a device or has holes",
                                    "refused: unsafe archive")
                if bounded.tell() + entry.size > bounded.limit:
                    raise bomb(path, bounded.limit)
                if entry.isreg() and wanted(name):
                    stream = archive.extractfile(entry)
                    assert stream is not None  # a regular file has content
                    yield name, stream
            if bounded.last.strip(b"\0"):  # at a damaged header, tarfile stops without an error
                raise tarfile.ReadError(f"damaged header before byte {bounded.tell()}")
        while bounded.read(CHUNK):  # to the end, where gzip verifies its checksum
            pass


def _headers_of(bounded: Bounded) -> type[tarfile.TarInfo]:
    """The headers of one archive: `tarfile` takes the square of an extended header's length, so they are kept short."""
    class Header(tarfile.TarInfo):
        """A header whose kind is known before the bytes that follow it are read."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            """The header in a block."""
            header = super().frombuf(buf, encoding, errors)
            if header.type not in (*tarfile.REGULAR_TYPES, tarfile.DIRTYPE):
                if header.size > EXTENDED:
                    raise DataError(f"{bounded.path} has an extended header of {header.size:,} bytes",
                                    "refused: unsafe archive")
                bounded.extended = header.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
            return header

    return Header


def _check_extended(data: bytes) -> None:
    """Raise `tarfile.ReadError` unless an extended header is made of `LENGTH KEY=VALUE` lines and short numbers.

    The regular expressions of `tarfile` would try a line of digits, or of keys without =, from each of its bytes.
    """
    at, end = 0, len(data.rstrip(b"\0"))
    while at < end:
        space = data.find(b" ", at, at + 7)
        number = data[at:space] if space > 0 else b""
        length = int(number) if number.isdigit() else 0
        line = data[at : at + length]
        if not line.endswith(b"\n") or b"=" not in line[len(number) :]:
            raise tarfile.ReadError("an extended header that is none")
        at += length
    if re.search(rb"\d{64}", data):
        raise tarfile.ReadError("an extended header with a number of more than 63 digits")


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
