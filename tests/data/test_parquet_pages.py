"""A page of a Parquet file is as large as its own header says, whatever the footer says."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.core.errors import DataError
from bench.data import parquet_files
from bench.data.parquet_pages import largest_page
from bench.data.table_files import open_table


def varint(number: int, length: int = 0) -> bytes:
    """A number in Thrift's compact protocol, filled up to `length` bytes."""
    parts = [number & 127]
    while number := number >> 7:
        parts.append(number & 127)
    parts += [0] * (length - len(parts))
    return bytes([*(part | 128 for part in parts[:-1]), parts[-1]])


def lying(path: Path) -> Path:
    """A file of a few kB, of which one page unpacks to 72 MB and the footer says that it is of 1,000 bytes."""
    text = ["good bad " * 1_000_000] * 8
    pq.write_table(pa.table({"text": text, "label": ["a", "b"] * 4}), path, compression="zstd", use_dictionary=False,
                   data_page_size=1 << 30, write_statistics=False, store_schema=False)
    said = pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    number = varint(said << 1)
    assert number in data[footer:]
    path.write_bytes(data[:footer] + data[footer:].replace(number, varint(1_000 << 1, len(number))))
    assert pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size == 1_000
    return path


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_largest_page_is_found(tmp_path: Path, version: str):
    path = tmp_path / "a.parquet"
    rows = [f"a text of some words {i}" * (1 + i % 50) for i in range(5_000)]
    pq.write_table(pa.table({"text": rows}), path, data_page_version=version, data_page_size=20_000,
                   use_dictionary=False, write_statistics=True, row_group_size=2_000, write_batch_size=50)
    file = pq.ParquetFile(path)
    for group in range(file.metadata.num_row_groups):
        chunk = file.metadata.row_group(group).column(0)
        with path.open("rb") as stream:
            largest = largest_page(stream, chunk.data_page_offset, chunk.total_compressed_size)
        assert 20_000 <= largest < chunk.total_uncompressed_size / 3


def test_damaged_headers_end_the_search(tmp_path: Path):
    for data in (b"", b"\x15\x04\x15", b"\x19\xf5\xff\xff\xff\x7f", b"\xff" * 100, b"\x1c" * 5_000, b"\x15\x00\x15"):
        (tmp_path / "a").write_bytes(data)
        with (tmp_path / "a").open("rb") as stream:
            assert largest_page(stream, 0, 1 << 20) == 0


def test_a_footer_that_understates_a_page_is_no_way_in(tmp_path: Path):
    table = open_table(lying(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match="decompression bomb"):
        table.read(table.columns)


def test_a_description_larger_than_any_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pq.write_table(pa.table({"text": ["a text"], "label": ["a"]}), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_files, "FOOTER", 100)
    with pytest.raises(DataError, match="describes its columns in"):
        open_table(tmp_path / "a.parquet")


def test_many_row_groups_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet_files, "GROUPS", 5)
    pq.write_table(pa.table({"text": ["a text"] * 9, "label": ["a"] * 9}), tmp_path / "a.parquet", row_group_size=1)
    with pytest.raises(DataError, match="9 row groups, at most 5"):
        open_table(tmp_path / "a.parquet")
