"""Results that come from elsewhere: folders, folders of folders, single files and archives, and the records in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from bench.core.errors import BenchError
from bench.data import archives
from bench.report import target_files
from bench.results.record_files import COMPRESSED

RECORDS = "records"
ENDINGS = (".jsonl", f".jsonl{COMPRESSED}")
ARCHIVES = (".zip", ".tar.gz", ".tgz")


@contextmanager
def record_files_in(place: Path, without: Path) -> Iterator[list[Path]]:
    """The files of records in a folder, however deep, in an archive of one, or a single file; `without` is left out.

    What an archive holds is there until the end of the block. Raises `BenchError` where there are none.
    """
    if not place.exists():
        raise BenchError(f"no such folder: {place}", "a results folder, a folder of them, or a .zip or .tar.gz of one")
    if place.is_file() and place.name.endswith(ARCHIVES):
        with tempfile.TemporaryDirectory(prefix="bench-merge-") as folder:
            yield _not_none(place, _unpacked(place, Path(folder)))
    elif place.is_file():
        yield _not_none(place, [place] if place.name.endswith(ENDINGS) else [])
    else:
        away = without.resolve()
        yield _not_none(place, sorted(
            path for path in place.rglob("*.jsonl*")
            if path.is_file() and path.name.endswith(ENDINGS) and path.parent in (place, *_records_folders(path))
            and not (path.resolve().is_relative_to(away) and not place.resolve().is_relative_to(away))))


def _records_folders(path: Path) -> list[Path]:
    return [path.parent] if path.parent.name == RECORDS else []


def _unpacked(archive: Path, folder: Path) -> list[Path]:
    """The record files of an archive, written to `folder`."""
    paths: list[Path] = []
    for name, data in archives.members(archive, lambda name: name.endswith(ENDINGS)
                                       and PurePosixPath(name).parent.name in (RECORDS, "")):
        path = folder / str(len(paths)) / f"records{ENDINGS[name.endswith(COMPRESSED)]}"  # a name can be anything
        path.parent.mkdir()
        path.write_bytes(data)
        paths.append(path)
    return paths


def _not_none(place: Path, paths: list[Path]) -> list[Path]:
    if paths:
        return paths
    packed = sorted(path.name for path in place.glob("*") if path.name.endswith(ARCHIVES)) if place.is_dir() else []
    raise BenchError(f"{place} holds no records/TASK.jsonl, at any depth",
                     f"it holds {packed[0]}: name that file" if packed else "is it a results folder of bench run?")


def merge_distances(folder: Path, record_paths: Sequence[Path]) -> tuple[int, int]:
    """Add the distances that lie beside record files to those of `folder`; those that are there already stay.

    Returns how many are new, and how many of those there are others.
    """
    new = differing = 0
    for place in dict.fromkeys(path.parent.parent for path in record_paths if path.parent.name == RECORDS):
        for source, rows in target_files.load_distances(place).items():
            there = {row.target: row for row in target_files.load_distances(folder).get(source, ())}
            added = [row for row in rows if row.target not in there]
            differing += sum(row.target in there and row != there[row.target] for row in rows)
            if added:
                target_files.save_distances(folder, source, added)
                new += len(added)
    return new, differing
