"""A data set of the Hugging Face hub as one Parquet file, by the libraries of the hub; programs in it are never run."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.errors import BenchError, RouteError
from bench.data.download import LARGEST
from bench.data.http import Access, shown
from bench.data.hub_errors import hub_error

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000  # rows that are in memory at once
SPLITS_KEY = b"transferbench.splits"  # in the file's metadata: the splits of the hub, and the rows of each
MEDIA = ("Image", "Audio", "Video", "Pdf", "Nifti")  # features of columns that are not kept
FOLDERS = ("imagefolder", "audiofolder", "videofolder", "pdffolder", "niftifolder", "webdataset")


def endpoint() -> str:
    """The address of the hub."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def check_name(name: str) -> None:
    """Raise `RouteError` for a name that `datasets` would take for files on this machine, not for a data set."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?", name) or ".." in name:
        raise RouteError(f"{name[:80]!r} is not a data set of the hub", "fix the task card: it should say OWNER/NAME")
    if Path(name).exists():
        raise RouteError(f"{name!r} is also a file or folder here, which would be read instead",
                         "start from another folder")


def commit_of(dataset: str, revision: str, access: Access) -> tuple[str, str]:
    """The name of a data set as the hub writes it, and the commit that a revision means now; else `RouteError`."""
    with _library(dataset, access):
        info = _info(dataset, revision, access)
        return str(info.id), str(info.sha)


def configs_of(dataset: str, commit: str, config: str, access: Access) -> tuple[str, tuple[str, ...]]:
    """The configuration of a data set that is read, and all that it has at a commit; else `RouteError`.

    Where none is named, it is the only one or the default.
    """
    check_name(dataset)
    with _library(dataset, access):
        import datasets

        configs = tuple(map(str, datasets.get_dataset_config_names(dataset, revision=commit)))
        chosen = config or (configs[0] if len(configs) == 1 else
                            datasets.get_dataset_default_config_name(dataset, revision=commit) or "")
    if chosen in configs:
        return chosen, configs
    names = ", ".join(configs)[:500]
    if config:
        raise RouteError(f"the data set {dataset} has no config {config!r}", f"it has: {names}")
    raise RouteError(f"the data set {dataset} has {len(configs)} configs, and none is the default: {names}",
                     f"name one, such as hf:{dataset}:{configs[0]}")


def write_parquet(options: Mapping[str, Any], access: Access, scratch: Path, path: Path) -> None:
    """Fetch what a hub route names and write it to `path`, with a column `split` and labels by their names.

    A data set of one split keeps its own column of that name. `scratch` is an empty folder.
    Raises `RouteError` where the hub does not deliver, and for more bytes than one download may have.
    """
    dataset, commit = options["dataset"], options["revision"]
    wanted: list[str] = list(options.get("splits", ()))
    with _library(dataset, access):
        import datasets

        builder = datasets.load_dataset_builder(dataset, options.get("config"), revision=commit, cache_dir=str(scratch))
        _check_files(builder, _info(dataset, commit, access, sizes=True), dataset)
        builder.download_and_prepare()
        loaded = builder.as_dataset(split=wanted or None)
        parts = dict(zip(wanted, loaded, strict=True)) if wanted else dict(loaded)
        _write(parts, path)


def splits_of(path: Path) -> dict[str, int]:
    """The rows of each split of the hub in a file that `write_parquet` wrote; none where `split` is the file's own."""
    import pyarrow.parquet as pq

    try:
        return dict(json.loads((pq.read_schema(path).metadata or {}).get(SPLITS_KEY, b"{}")))
    except (OSError, ValueError):
        return {}


def _info(dataset: str, revision: str, access: Access, *, sizes: bool = False) -> Any:
    import huggingface_hub

    api = huggingface_hub.HfApi(endpoint=endpoint(), library_name="transferbench")
    return api.dataset_info(dataset, revision=revision or None, timeout=access.read_timeout, files_metadata=sizes)


def _check_files(builder: Any, info: Any, dataset: str) -> None:
    """Raise `RouteError` before anything is fetched that holds no texts, or is too much."""
    reader = type(builder).__module__.rpartition(".")[2]
    if reader in FOLDERS:
        raise RouteError(f"the data set {dataset} holds files of its own kind ({reader}), no table of texts")
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    urls = {str(url) for files in (builder.config.data_files or {}).values() for url in files}
    total = sum(sizes.get(url.partition("@")[2].partition("/")[2], 0) for url in urls)
    if total > LARGEST:
        raise RouteError(f"the data set {dataset} is {total / 1e9:,.1f} GB to download, at most {LARGEST >> 30} GB",
                         "name a smaller config, or save a part as a file: datasets.load_dataset(…, "
                         "split='train[:100000]').to_parquet('part.parquet')")


def _write(parts: Mapping[str, Any], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next(iter(parts.values()))
    given = len(parts) > 1 or "split" not in first.features
    schema: pa.Schema | None = None
    writer: pq.ParquetWriter | None = None
    try:
        for split, part in parts.items():
            for batch in part.with_format("arrow").iter(BATCH):
                table = _readable(batch, part.features)
                if given:
                    table = table.drop_columns([n for n in ("split",) if n in table.column_names])
                    table = table.append_column("split", pa.array([split] * len(table), pa.string()))
                if writer is None:
                    splits = {name: one.num_rows for name, one in parts.items()} if given else {}
                    schema = table.schema.with_metadata({SPLITS_KEY: json.dumps(splits).encode()})
                    writer = pq.ParquetWriter(path, schema, compression="zstd")
                writer.write_table(_as(table, schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise RouteError("the data set holds no rows", "is it the right config?")


def _as(table: pa.Table, schema: Any) -> pa.Table:
    """A later split's table with the columns of the first."""
    import pyarrow as pa

    columns = [table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(len(table), f.type)
               for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _readable(table: pa.Table, features: Mapping[str, Any]) -> pa.Table:
    """A table with the names of labels in place of their numbers, and without images and sounds."""
    import datasets
    import pyarrow as pa

    for at, (name, feature) in reversed(list(enumerate(features.items()))):
        inner = getattr(feature, "feature", feature[0] if isinstance(feature, list) and feature else None)
        if type(feature).__name__ in MEDIA or type(inner).__name__ in MEDIA:
            table = table.remove_column(at)
        elif isinstance(feature, datasets.ClassLabel):
            table = table.set_column(at, name, _named(table[name].combine_chunks(), feature.names))
        elif isinstance(inner, datasets.ClassLabel) and pa.types.is_list(table.schema.field(at).type):
            lists = table[name].combine_chunks()
            lists = lists if isinstance(lists, pa.Array) else pa.concat_arrays(lists.chunks)
            table = table.set_column(at, name, pa.ListArray.from_arrays(lists.offsets,
                                                                        _named(lists.values, inner.names)))
    return table


def _named(numbers: Any, names: Sequence[str]) -> Any:
    """Labels by name; -1 and any other number without a name is null, which is no label."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    numbers = numbers.cast(pa.int64())
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(names)))
    return pa.array(names, pa.string()).take(pc.if_else(known, numbers, None))


@contextmanager
def _library(dataset: str, access: Access) -> Iterator[None]:
    """The libraries of the hub, with bars only where progress is wanted, and with errors in our words."""
    try:
        import datasets
        import huggingface_hub.constants as constants
        from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES as file_readers
        from huggingface_hub.utils.tqdm import (
            are_progress_bars_disabled,
            disable_progress_bars,
            enable_progress_bars,
        )

        if dataset in file_readers:
            raise RouteError(f"{dataset!r} is a reader of files, not a data set of the hub", "fix the task card")
        if endpoint() != constants.ENDPOINT:  # read only once, when the library is imported
            raise RouteError(f"HF_ENDPOINT changed to {shown(endpoint())} after huggingface_hub was imported",
                             "set it before starting")
        logging.getLogger("huggingface_hub.repocard").setLevel(logging.ERROR)  # it warns of cards without settings
        shows, of_hub = datasets.is_progress_bar_enabled(), not are_progress_bars_disabled()
        (datasets.enable_progress_bars if access.progress else datasets.disable_progress_bars)()
        (enable_progress_bars if access.progress else disable_progress_bars)()
        try:
            yield
        finally:
            (datasets.enable_progress_bars if shows else datasets.disable_progress_bars)()
            (enable_progress_bars if of_hub else disable_progress_bars)()
    except BenchError:
        raise
    # Many layers lie under these calls (HTTP, files, Arrow, the data set's format), each with errors of its own.
    # Any of them means that this route did not deliver, and the next route is tried.
    except Exception as error:
        raise hub_error(error, dataset, shown(endpoint())) from error
