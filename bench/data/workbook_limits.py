"""What the parts of an Excel workbook may hold before openpyxl reads them: a few kB can otherwise cost it minutes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from xml.parsers import expat

from bench.core.errors import DataError
from bench.data.archives import bomb

ROWS, WIDTH = 1 << 20, 1 << 14  # of a sheet, as Excel has them
RATIO, SLACK = 40, 8 << 20  # of unpacked bytes to those of the file: openpyxl takes seconds for 10 MB
CHUNK = 1 << 16  # bytes that are parsed at once
TAG = 1 << 18  # bytes of a tag
DEPTH = 64  # elements inside one another
ATTRIBUTES = 64  # of an element
PIECES = 10_000  # elements in a cell: openpyxl joins the pieces of its text one by one
STRINGS = 2_000_000  # texts that cells share
ELEMENTS = 150_000  # of a part that holds no cells: Excel has 65,490 styles at most
SHEETS = 1_000
GAPS = 1 << 23  # cells between others, each of which openpyxl makes an object of
EMPTY = 8 * ROWS  # numbers of the last rows of all sheets: openpyxl counts up to each
FORMATS = 10**8  # squares of the lengths of number formats: a regular expression of openpyxl takes that many steps
FEW, BYTES = 100_000, 2  # cells of a file of any size; bytes that each one more takes: in files of people 4 to 10
CELLS = ("xl/worksheets/", "xl/sharedStrings.xml")
REFUSED = "save it again in Excel or LibreOffice, or as CSV"


def check_parts(path: Path, stream: IO[bytes], limit: int) -> None:
    """Parse every part once; raise `DataError` where one goes beyond what a spreadsheet program writes.

    `limit`: bytes that all parts may unpack to. What is no XML is left to openpyxl to refuse.
    """
    with zipfile.ZipFile(stream) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > limit:
            raise bomb(path, limit)
        parts = _Parts(path)
        for entry in archive.infolist():
            if entry.filename.endswith((".xml", ".rels")):
                with archive.open(entry) as part:
                    parts.scan(entry.filename, part)
    stream.seek(0)


class _Parts:
    """Counts over all parts of a workbook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.most_cells = FEW + path.stat().st_size // BYTES
        self.all_cells = self.gaps = self.formats = self.rows = self.strings = 0  # of all parts
        self.depth = self.cells = self.row = self.pieces = self.elements = 0  # of the part that is read
        self.last = self.name = ""  # the place of the row's last cell, the part that is read
        self.sheets: set[str] = set()  # the relations that sheets name
        self.targets: set[str] = set()  # the parts that relations of the workbook name

    def scan(self, name: str, part: IO[bytes]) -> None:
        """Parse one part."""
        self.name, self.last = name, ""
        self.depth = self.cells = self.row = self.elements = 0
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._doctype
        fed = 0
        try:
            while data := part.read(CHUNK):
                parser.Parse(data, False)
                fed += len(data)
                if fed - parser.CurrentByteIndex > TAG:
                    raise self._refused(f"a tag of more than {TAG >> 10} kB")
        except expat.ExpatError:
            return
        self.rows += self.row
        if self.rows > EMPTY:
            raise self._refused(f"more than {EMPTY:,} rows")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        self.depth += 1
        if self.depth > DEPTH:
            raise self._refused(f"more than {DEPTH} elements inside one another")
        if len(attributes) > ATTRIBUTES:
            raise self._refused(f"an element of {len(attributes):,} attributes")
        self.pieces, self.elements = self.pieces + 1, self.elements + 1
        if self.elements > ELEMENTS and not self.name.startswith(CELLS):
            raise self._refused(f"more than {ELEMENTS:,} elements")
        if tag == "si":
            self.pieces, self.strings = 0, self.strings + 1
            if self.strings > STRINGS:
                raise self._refused(f"more than {STRINGS:,} texts")
        elif tag == "c":
            self.pieces = 0
            self.cells, self.all_cells = self.cells + 1, self.all_cells + 1
            if self.all_cells > self.most_cells:
                raise DataError(f"{self.path} holds more than {self.most_cells:,} cells, too many for a workbook of "
                                "its size", "save it as CSV")
            self.last = attributes.get("r", self.last)
        elif tag == "row":
            self._row(attributes.get("r", ""))
        elif tag == "numFmt":
            self.formats += len(attributes.get("formatCode", "")) ** 2
            if self.formats > FORMATS:
                raise self._refused("number formats of too many characters")
        elif tag == "sheet" and self.name == "xl/workbook.xml":
            self._once(self.sheets, next((value for key, value in attributes.items() if key.endswith(":id")), ""))
        elif self.pieces > PIECES and tag in ("r", "t"):
            raise self._refused(f"a cell of more than {PIECES:,} pieces of text")
        elif tag == "Relationship" and self.name == "xl/_rels/workbook.xml.rels":
            self._once(self.targets, attributes.get("Target", ""))

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if self.last and tag.rpartition(":")[2] == "row":
            self.gaps += max(_column(self.last) - self.cells, 0)
            self.last = ""
            if self.gaps > GAPS:
                raise self._refused(f"more than {GAPS:,} empty cells between others")

    def _row(self, number: str) -> None:
        self.cells = 0
        self.row = int(number) if number.isdecimal() and len(number) < 10 else self.row + 1

    def _once(self, known: set[str], name: str) -> None:
        if name in known or len(known) >= SHEETS:
            raise self._refused(f"more than {SHEETS:,} sheets, or one sheet twice")
        known.add(name)

    def _doctype(self, *_: object) -> None:
        raise self._refused("a document type, which could define endless texts")

    def _refused(self, what: str) -> DataError:
        return DataError(f"{self.path} has {what} in {self.name[:100]!r}, which no spreadsheet program writes", REFUSED)


def _column(place: str) -> int:
    """The number of the column of a place such as AB12; WIDTH where it is none."""
    number = 0
    for letter in place[:4].upper():
        if not "A" <= letter <= "Z":
            return number
        number = number * 26 + ord(letter) - 64
    return WIDTH
