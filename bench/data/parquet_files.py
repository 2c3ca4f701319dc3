"""Parquet tables: the columns asked for alone, repeated texts once in memory, sizes checked before anything is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.core.errors import DataError
from bench.data.archives import bomb, bound, broken
from bench.data.cells import batched
from bench.data.headers import names_of
from bench.data.parquet_pages import largest_page
from bench.data.table import COLUMNS, Rows, TableFile
from bench.data.unpacking import most_rows, seekable, too_many_rows

GROUPS = 10_000  # each takes as long to open as a thousand rows to read
NAMES = 4 << 20  # bytes of what datasets keeps of the columns
FOOTER = 8 << 20  # bytes of the description of all columns and row groups, which takes many times as much in memory
PAGE = 256 << 20  # bytes of a page, which is unpacked whole; usual is 1 MB
AT_ONCE = 16 << 20  # bytes that the texts of one batch may take


def parquet_table(path: Path, is_data: Callable[[str], bool]) -> TableFile:
    """The table in a Parquet file, with the names of labels that Hugging Face's datasets keep in it.

    Columns of structures, embeddings and the like may be there: an error comes only where one of them is asked for.
    """
    import pyarrow as pa

    with seekable(path, is_data) as stored:
        _check_footer(path, stored)
    with _opened(path, is_data) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        if len(schema.names) > COLUMNS:
            raise DataError(f"{path} has {len(schema.names)} columns", f"at most {COLUMNS}")
        if file.metadata.num_row_groups > GROUPS:
            raise DataError(f"{path} has {file.metadata.num_row_groups:,} row groups, at most {GROUPS:,}",
                            "read it in pandas and write it again")
        names = names_of(path, schema.names)
    if not rows:
        raise DataError(f"{path} holds no rows", "is it the right file?")
    if rows > most_rows(path):
        raise too_many_rows(path)
    limit = bound(path)
    kinds = {name: schema.field(at).type for name, at in names.places.items()}

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        for name in asked:
            if pa.types.is_nested(kinds[name]) and not _list_of_cells(kinds[name]):
                raise DataError(f"{path}: the column {name!r} holds {kinds[name]}, no text or label"[:300],
                                "name another with --text-column or --label-column")
        with _opened(path, is_data) as file:
            columns = [_leaf(file, name, names.places[name]) for name in asked]
        if rows * len(asked) * 8 > limit or any(max(leaf.size, leaf.values * 8) > limit for leaf in columns):
            raise bomb(path, limit)
        with seekable(path, is_data) as raw:
            for place in (place for leaf in columns for place in leaf.places):
                if largest_page(raw, *place) > min(limit, PAGE):
                    raise bomb(path, min(limit, PAGE))
        repeated = [leaf.path for leaf in columns if leaf.text]
        with _opened(path, is_data, repeated) as probe, \
                _opened(path, is_data, [leaf.path for leaf in columns if leaf.nested]) as file:
            yield from batched(path, "row", _values(path, (file, probe), columns, limit, size), asked, size)

    numeric = frozenset(name for name, kind in kinds.items() if pa.types.is_primitive(kind) or
                        pa.types.is_decimal(kind))
    return TableFile(path, "parquet", tuple(names.places), stream, "row", names.notes, _class_labels(schema), numeric,
                     names.twice)


def _check_footer(path: Path, stream: IO[bytes]) -> None:
    size = stream.seek(0, os.SEEK_END)
    if size >= 8:
        stream.seek(-8, os.SEEK_END)
        length = int.from_bytes(stream.read(4), "little")
        if FOOTER < length < size and stream.read(4) == b"PAR1":  # pyarrow refuses one longer than its file
            raise DataError(f"{path} describes its columns in {length:,} bytes, at most {FOOTER:,}",
                            "read it in pandas and write the columns of texts and labels again")


@dataclass(frozen=True)
class Leaf:
    """What is stored of a column: its path in the schema, and how much the file says it unpacks to."""

    name: str
    path: str
    text: bool  # stored as bytes, of which those that are repeated may stand once in the file
    size: int  # bytes
    values: int
    places: tuple[tuple[int, int], ...]  # where its pages begin in the file, and their bytes, by row group

    @property
    def nested(self) -> bool:
        """Whether it is part of a list."""
        return self.path != self.name


def _leaf(file: Any, name: str, place: int) -> Leaf:
    """The first leaf of the column that stands at `place` among the columns.

    Raises `OSError` where its description is damaged. pyarrow ends the process when a damaged one is asked for its size
    (`ColumnChunk` raises in C++ what its binding does not expect). So a batch of no rows comes first: it opens the
    column, reads none of its pages, and turns the same damage into an exception.
    """
    at = sum(_leaf_count(field.type) for field in list(file.schema_arrow)[:place])
    groups = range(file.metadata.num_row_groups)
    chunks = []
    for group in groups:
        next(file.reader.iter_batches(0, row_groups=[group], column_indices=[at], use_threads=False), None)
        chunks.append(file.metadata.row_group(group).column(at))
    stored = file.metadata.schema.column(at)
    return Leaf(name, stored.path, stored.physical_type == "BYTE_ARRAY",
                sum(chunk.total_uncompressed_size for chunk in chunks), sum(chunk.num_values for chunk in chunks),
                tuple((min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset),
                       chunk.total_compressed_size) for chunk in chunks))


def _leaf_count(kind: Any) -> int:
    """How many columns a type takes in the file: one, or those of what it nests."""
    import pyarrow as pa

    if not pa.types.is_nested(kind):
        return 1
    return sum(_leaf_count(kind.field(at).type) for at in range(kind.num_fields))


@contextmanager
def _opened(path: Path, is_data: Callable[[str], bool], dictionaries: Sequence[str] = ()) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with seekable(path, is_data) as stream:
        try:
            with pq.ParquetFile(stream, read_dictionary=list(dictionaries), pre_buffer=False) as file:
                yield file
        except (pa.ArrowException, OSError, ValueError) as error:
            raise broken(path, error) from None


def _values(path: Path, files: tuple[Any, Any], columns: Sequence[Leaf], limit: int,
            size: int) -> Iterator[tuple[int, Sequence[object]]]:
    """The rows, counted from 1.

    A text that is repeated stands once in the file: a small file can unpack to any size. So few rows are taken at once
    where texts are long, and all that was unpacked is counted. `files` is the same file twice, the second with texts as
    dictionaries.
    """
    file, probe = files
    names = [leaf.name for leaf in columns]
    number = total = 0
    for group in range(file.metadata.num_row_groups):
        longest = 0
        for leaf in columns:
            length = _longest(probe, group, leaf)
            if leaf.nested and length * leaf.values > limit:  # how many a row holds is not known before it is read
                raise bomb(path, limit)
            longest = max(longest, length)
        for batch in file.iter_batches(max(1, min(size, AT_ONCE // max(longest, 1))), [group], columns=names):
            cells = [_cells(batch.column(batch.schema.get_field_index(name))) for name in names]
            total += batch.nbytes
            if total > limit:
                raise bomb(path, limit)
            for values in zip(*cells, strict=True):
                number += 1
                yield number, values
    if number != file.metadata.num_rows:
        raise broken(path, ValueError(f"{number:,} rows, of {file.metadata.num_rows:,} that it says it holds"))


def _longest(probe: Any, group: int, leaf: Leaf) -> int:
    """Bytes of the longest text in the dictionary of a column's row group; 0 where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not leaf.text:
        return 0
    batch = next(probe.iter_batches(1, [group], columns=[leaf.name]), None)
    if batch is None:
        return 0
    column = batch.column(batch.schema.get_field_index(leaf.name))
    column = column.values if leaf.nested else column
    if not pa.types.is_dictionary(column.type) or not len(column.dictionary):
        return 0
    return int(pc.max(pc.binary_length(column.dictionary)).as_py() or 0)


def _cells(column: Any) -> list[object]:
    import pyarrow as pa

    if pa.types.is_floating(column.type):  # 0.1 in 32 bits is 0.1, not 0.10000000149
        return [None if value is None else float(value) for value in column.cast(pa.string()).to_pylist()]
    if pa.types.is_nested(column.type):  # of a list of several values only the number is needed
        return [[""] * length if length > 1 else column[i].as_py()
                for i, length in enumerate(column.value_lengths().fill_null(0).to_pylist())]
    cells: list[object] = column.to_pylist()
    return cells


def _list_of_cells(kind: Any) -> bool:
    """Whether a column holds lists of texts or class numbers; not of decimal numbers, which are embeddings."""
    import pyarrow as pa

    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    value = kind.value_type
    return any(is_one(value) for is_one in (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer,
                                            pa.types.is_boolean))


def _class_labels(schema: Any) -> dict[str, tuple[str, ...]]:
    """The names that `datasets` stores for the values 0, 1, … of its ClassLabel columns, or of lists of them."""
    try:
        kept = (schema.metadata or {})[b"huggingface"]
        features = json.loads(kept if len(kept) <= NAMES else b"")["info"]["features"]
        found = {name: feature["names"] for name, listed in features.items()
                 if isinstance(feature := _member_feature(listed), dict) and feature.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: tuple(map(str, names)) for name, names in found.items() if isinstance(names, list)}


def _member_feature(feature: Any) -> Any:
    """What a list holds: `{"feature": …, "_type": "List"}`, "Sequence" and "LargeList", or `[…]` in older files."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    if isinstance(feature, dict) and feature.get("_type") in ("List", "LargeList", "Sequence"):
        return feature.get("feature")
    return feature
