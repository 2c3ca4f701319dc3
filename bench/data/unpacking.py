"""The bytes of a data file: plain, packed, or the one data file in a zip; never more than its size explains."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from bench.core.errors import DataError
from bench.data.archives import BROKEN, MEMBER, bomb, bound, broken, gunzipped

LARGEST = 4 << 30  # bytes of a file
FEW = 200_000  # rows that a file of any size may hold; each one more takes a byte of it
FILES = 10_000  # in a zip, whose list is read each time that it is opened
# What a file begins with that is no text, and what it then is.
MAGIC = {b"PAR1": "a Parquet file: name it .parquet", b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as .xlsx",
         b"%PDF": "a PDF document", b"SQLite format 3": "an SQLite database", b"BZh": "packed by bzip2: unpack it",
         b"\xfd7zXZ": "packed by xz: unpack it", b"7z\xbc\xaf": "a 7z archive: unpack it",
         b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it", b"Rar!": "a RAR archive: unpack it",
         b"\x93NUMPY": "a NumPy array", b"ARROW1": "an Arrow file: save it as Parquet",
         **dict.fromkeys((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
                         "a Python pickle, which could run code and is not opened: save it as Parquet or CSV")}
OFFICE = {"xl/workbook.xml": "an Excel workbook: name it .xlsx, or save the sheet as CSV",
          "word/document.xml": "a Word document: save its table as CSV",
          "content.xml": "an OpenDocument file: save it as .xlsx or CSV",
          "META-INF/MANIFEST.MF": "a Java archive"}  # a file in a zip: what the zip then is
ABOUT = re.compile(r"(readme|licen[cs]e|copying|changelog|citation)(\.\w+)?|.*\.(md|rst|pdf|png|jpg)", re.IGNORECASE)


class Unpacked(io.RawIOBase):
    """A forward-only stream that refuses to give more than `limit` bytes of the file `path`."""

    def __init__(self, stream: IO[bytes], path: Path, limit: int) -> None:
        """Read from `stream`."""
        super().__init__()
        self.stream, self.path, self.limit, self.position = stream, path, limit, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self.stream.read(len(buffer))
        self.position += len(data)
        if self.position > self.limit:
            raise bomb(self.path, self.limit)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path, is_data: Callable[[str], bool]) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of `path`, once through; `is_data` knows the data file of a zip by its name.

    Raises `DataError` for what is no file, too large, damaged, or a zip that holds not just one data file; so does the
    reading inside the `with`.
    """
    magic = first_bytes(path)
    try:
        if unpack := _unpacker(magic):
            with unpack(path) as stream:
                yield io.BufferedReader(Unpacked(stream, path, bound(path)), 1 << 18)
        elif magic[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            with zipfile.ZipFile(path) as archive, archive.open(_member(path, archive, is_data)) as stream:
                yield io.BufferedReader(Unpacked(stream, path, bound(path)), 1 << 18)
        else:
            with path.open("rb") as file:
                yield io.BufferedReader(Unpacked(file, path, LARGEST), 1 << 18)
    except (UnicodeError, DataError):
        raise
    except BROKEN as error:
        raise broken(path, error) from None


def is_packed(magic: bytes) -> bool:
    """Whether a file with this beginning holds another file, packed."""
    return magic[:2] == b"PK" or _unpacker(magic) is not None


def _unpacker(magic: bytes) -> Callable[[Path], AbstractContextManager[IO[bytes]]] | None:
    """What opens a packed file that begins so, other than a zip."""
    packers: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gunzipped, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open,
                                                   b"\x28\xb5\x2f\xfd": _zstd}
    return next((packer for start, packer in packers.items() if magic.startswith(start)), None)


def _zstd(path: Path) -> IO[bytes]:
    import pyarrow as pa

    return cast("IO[bytes]", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


@contextmanager
def seekable(path: Path, is_data: Callable[[str], bool], *, workbook: bool = False) -> Iterator[IO[bytes]]:
    """As `opened`, to be read from any place; what is packed is held in memory, at most 512 MB."""
    magic = first_bytes(path)
    if is_packed(magic) and not (workbook and magic[:2] == b"PK" and is_workbook(path)):
        with opened(path, is_data) as stream:
            data = stream.read(MEMBER + 1)
        if len(data) > MEMBER:
            raise DataError(f"{path} unpacks to more than {MEMBER >> 20} MB", "unpack it first")
        yield io.BytesIO(data)
        return
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise broken(path, error) from None


def most_rows(path: Path) -> int:
    """How many rows a file may hold: where it is packed, millions of rows in a few bytes are made to take time."""
    return FEW + path.stat().st_size


def too_many_rows(path: Path) -> DataError:
    """The error for a file that holds more rows than its size explains."""
    return DataError(f"{path} of {path.stat().st_size:,} bytes holds more than {most_rows(path):,} rows",
                     "refused: this looks like a decompression bomb")


def first_bytes(path: Path) -> bytes:
    """The first bytes of a regular file of fair size; a pipe or device, which would never end, is not opened."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{path} is a folder", "name one file in it")
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is no file but a pipe or a device",
                            "save what it gives as a file; bench predict reads standard input without --file")
        if status.st_size > LARGEST:
            raise DataError(f"{path} is larger than {LARGEST >> 20} MB", "take a part of it")
        with path.open("rb") as file:
            return file.read(16)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise broken(path, error) from None


def not_text(start: bytes) -> str:
    """What a file with this beginning is, if that is known and no text."""
    known = next((words for magic, words in MAGIC.items() if start.startswith(magic)), "")
    if not known and start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        known = "a web page: download the file itself"
    return known


def is_workbook(path: Path) -> bool:
    """Whether a zip is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except BROKEN as error:
        raise broken(path, error) from None


def data_name(path: Path, is_data: Callable[[str], bool]) -> str:
    """The name of the data file in a zip."""
    first_bytes(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _member(path, archive, is_data).filename
    except BROKEN as error:
        raise broken(path, error) from None


def _member(path: Path, archive: zipfile.ZipFile, is_data: Callable[[str], bool]) -> zipfile.ZipInfo:
    if len(archive.infolist()) > FILES:
        raise DataError(f"{path} holds {len(archive.infolist()):,} files", "unpack it and name the file that is meant")
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and _visible(entry.filename)]
    office = next((words for entry in entries if (words := OFFICE.get(entry.filename))), "")
    if office:
        raise DataError(f"{path} is no data file", f"it is {office}")
    entries = [entry for entry in entries if not ABOUT.fullmatch(PurePosixPath(entry.filename).name)] or entries
    data = [entry for entry in entries if is_data(entry.filename)] or (entries if len(entries) == 1 else [])
    if len(data) != 1:
        names = ", ".join(repr(entry.filename) for entry in (data or entries)[:5])
        held = f"{len(data)} data files" if data else "no data file"
        raise DataError(f"{path} holds {held}, not one" + (f": {names}" if names else ""),
                        "unpack it and name the file that is meant" +
                        ("; train and test can be one file with a column split" if len(data) > 1 else ""))
    if data[0].flag_bits & 1:
        raise DataError(f"{path} is locked by a password", "unpack it first")
    if data[0].file_size > bound(path):
        raise bomb(path, bound(path))
    return data[0]


def _visible(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not any(part.startswith((".", "__MACOSX")) for part in parts)
