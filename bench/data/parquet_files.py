"""Parquet tables: the columns asked for alone, repeated texts once in memory, sizes checked before anything is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core.errors import DataError
from bench.data.archives import bomb, bound, broken
from bench.data.cells import batched
from bench.data.headers import names_of
from bench.data.table import COLUMNS, Rows, TableFile
from bench.data.unpacking import seekable


def parquet_table(path: Path, is_data: Callable[[str], bool]) -> TableFile:
    """The table in a Parquet file, with the names of labels that Hugging Face's datasets keep in it.

    Columns of structures, embeddings and the like may be there: an error comes only where one of them is asked for.
    """
    import pyarrow as pa

    limit = bound(path) if path.is_file() else 0
    with _opened(path, is_data) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        if len(schema.names) > COLUMNS:
            raise DataError(f"{path} has {len(schema.names)} columns", f"at most {COLUMNS}")
        sizes = _sizes(file.metadata)
        names = names_of(path, schema.names)
    if not rows:
        raise DataError(f"{path} holds no rows", "is it the right file?")
    kinds = {name: schema.field(at).type for name, at in names.places.items()}
    strings = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        if rows * len(asked) * 8 > limit:
            raise bomb(path, limit)
        for name in asked:
            if _structure(kinds[name]):
                raise DataError(f"{path}: the column {name!r} holds {kinds[name]}, no text or label"[:300],
                                "name another with --text-column or --label-column")
            if sizes.get(name, 0) > limit:
                raise bomb(path, limit)
        with _opened(path, is_data, [name for name in asked if name in strings]) as file:
            yield from batched(path, "row", _values(path, file, asked, limit, size), asked, size)

    numeric = frozenset(name for name, kind in kinds.items() if pa.types.is_primitive(kind) or
                        pa.types.is_decimal(kind))
    return TableFile(path, "parquet", tuple(names.places), stream, "row", names.notes, _class_labels(schema), numeric,
                     names.twice)


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


def _values(path: Path, file: Any, asked: Sequence[str], limit: int, size: int
            ) -> Iterator[tuple[int, Sequence[object]]]:
    """The rows, counted from 1.

    A text that is repeated stands once in the file: a small one can unpack to any size. Read as dictionaries they stay
    small until their size is known.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    number = total = 0
    for batch in file.iter_batches(size, columns=list(asked)):
        columns: list[list[object]] = []
        for name in asked:
            column = batch.column(batch.schema.get_field_index(name))
            if pa.types.is_dictionary(column.type):
                if pa.types.is_string(column.type.value_type) or pa.types.is_large_string(column.type.value_type):
                    lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
                    total += pc.sum(lengths.cast(pa.int64())).as_py() or 0
                    if total > limit:
                        raise bomb(path, limit)
                column = column.dictionary_decode()
            else:
                total += column.nbytes
            if pa.types.is_floating(column.type):  # 0.1 in 32 bits is 0.1, not 0.10000000149
                column = column.cast(pa.string())
                columns.append([None if v is None else float(v) for v in column.to_pylist()])
            else:
                columns.append(column.to_pylist())
        if total > limit:
            raise bomb(path, limit)
        for values in zip(*columns, strict=True):
            number += 1
            yield number, values


def _sizes(metadata: Any) -> dict[str, int]:
    """Bytes per top-level column that the file says its pages unpack to."""
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            column = metadata.row_group(group).column(at)
            name = column.path_in_schema
            sizes[name] = sizes.get(name, 0) + column.total_uncompressed_size
    return sizes


def _structure(kind: Any) -> bool:
    """Whether values of this type can be no text: all that nests, but a list of texts, which may hold one."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = kind.value_type
        return not (pa.types.is_string(inner) or pa.types.is_large_string(inner))
    if pa.types.is_struct(kind):
        return not (kind.num_fields == 1 and kind.field(0).name == "choices" and not _structure(kind.field(0).type))
    return bool(pa.types.is_nested(kind))


def _class_labels(schema: Any) -> dict[str, tuple[str, ...]]:
    """The names that `datasets` stores for the values 0, 1, … of its ClassLabel columns."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {name: feature["names"] for name, feature in features.items()
                 if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: tuple(map(str, names)) for name, names in found.items() if isinstance(names, list)}
