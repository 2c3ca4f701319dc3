"""How large the pages of a Parquet column say they are: what its footer says of them can be anything.

https://parquet.apache.org/docs/file-format/data-pages, in Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import IO

STEP = 1 << 13  # bytes that are read for a header; more where it holds long statistics
PAGES = 100_000  # of a column's row group that are looked at
UNPACKED, PACKED = 2, 3  # the fields of a page's header that hold its sizes in bytes
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


def largest_page(stream: IO[bytes], start: int, length: int) -> int:
    """Bytes of the largest page, unpacked, of those from `start` on; what is no header ends the search."""
    largest, end = 0, start + length
    for _ in range(PAGES):
        if not 0 <= start < end:
            break
        header = _header(stream, start, end - start)
        if header is None:
            break
        size, unpacked, packed = header
        largest, start = max(largest, unpacked), start + size + max(packed, 0)
    return largest


def _header(stream: IO[bytes], start: int, most: int) -> tuple[int, int, int] | None:
    """The bytes of a page's header, and of the page unpacked and packed."""
    step = STEP
    while True:
        stream.seek(start)
        data = stream.read(min(step, most))
        try:
            reader = _Compact(data)
            fields = reader.struct()
            return reader.at, fields.get(UNPACKED, 0), fields.get(PACKED, 0)
        except IndexError:
            if len(data) < step:
                return None
            step *= 16
        except (ValueError, RecursionError):
            return None


class _Compact:
    """Bytes in the compact protocol; beyond their end is an `IndexError`, what is none of it a `ValueError`."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> dict[int, int]:
        """The whole numbers of a structure, by field."""
        fields: dict[int, int] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._whole()
            kind = head & 15
            if kind in (I16, I32, I64):
                fields[number] = self._whole()
            elif kind not in (TRUE, FALSE):
                self._skip(kind)
        return fields

    def _skip(self, kind: int) -> None:
        if kind in (TRUE, FALSE, BYTE):
            self._forward(1)
        elif kind in (I16, I32, I64):
            self._varint()
        elif kind == DOUBLE:
            self._forward(8)
        elif kind == BINARY:
            self._forward(self._varint())
        elif kind == STRUCT:
            self.struct()
        elif kind in (LIST, SET):
            head = self._byte()
            for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
                self._skip(head & 15)
        else:
            raise ValueError(f"a field of kind {kind}")

    def _forward(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError

    def _byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 127:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
        return value | byte << shift

    def _whole(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
