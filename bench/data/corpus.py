"""Rows become a `Dataset`: cleaned, hashed, in one canonical order, tokenised once and cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files as files_
from bench.core import store
from bench.core.errors import DataError
from bench.data.text import Ragged, clean, encode, tokens

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 2  # raised when cleaning, tokens or the layout of the cache change
SPLITS = ("", "train", "test")


@dataclass(frozen=True)
class Corpus:
    """Texts without their labels, tokenised; arrays are memory-mapped."""

    sha256: str  # of the normalised content
    folder: Path  # where what is derived from it is cached
    tokens: Ragged
    blob: NDArray[np.uint8]
    ends: NDArray[np.int64]  # [n + 1], bytes into the blob
    keys: NDArray[np.uint64]  # [n], equal for texts with the same tokens
    word_blob: NDArray[np.uint8]

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.tokens)

    @cached_property
    def words(self) -> list[str]:
        """The words by number."""
        text = self.word_blob.tobytes().decode()
        return text.split("\n") if text else []

    def text(self, row: int) -> str:
        """One cleaned text."""
        return self.blob[self.ends[row] : self.ends[row + 1]].tobytes().decode()


@dataclass(frozen=True)
class Examples:
    """A view on a corpus: some of its rows, with labels where the holder may see them."""

    corpus: Corpus
    rows: NDArray[np.int64]
    y: NDArray[np.int64] | None = None  # [len(rows)], index into the task's labels

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.rows)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The labels; a bug where there are none."""
        assert self.y is not None, "these examples have no labels"
        return self.y

    @cached_property
    def x(self) -> Ragged:
        """Word numbers of the corpus's own words."""
        return self.corpus.tokens.take(self.rows)

    def texts(self) -> list[str]:
        """The cleaned texts."""
        return [self.corpus.text(int(r)) for r in self.rows]

    def part(self, which: NDArray[np.int64]) -> Examples:
        """The examples numbered `which`."""
        return Examples(self.corpus, self.rows[which], None if self.y is None else self.y[which])


@dataclass(frozen=True)
class Dataset:
    """A corpus with everything known about its rows."""

    corpus: Corpus
    labels: tuple[str, ...]
    y: NDArray[np.int64]  # [n]
    split: NDArray[np.uint8]  # [n], index into SPLITS
    group: NDArray[np.int32]  # [n], a number for each group

    def examples(self, rows: NDArray[np.int64]) -> Examples:
        """Labelled examples."""
        return Examples(self.corpus, rows, self.y[rows])


def normalised_rows(rows: pd.DataFrame, labels: tuple[str, ...], origin: str) -> tuple[list[tuple[str, ...]], str]:
    """Rows as sorted (text hash order) tuples (split, label, group, text), and the SHA-256 of them all.

    Raises `DataError` for labels that the card does not name, and where fewer than two classes are left.
    """
    n = len(rows)
    split = rows["split"].tolist() if "split" in rows else [""] * n
    group = [str(g) for g in rows["group"]] if "group" in rows else [""] * n
    known = set(labels)
    out = []
    for s, label, g, text in zip(split, rows["label"].tolist(), group, rows["text"].tolist(), strict=True):
        if label not in known:
            raise DataError(f"{origin}: label {label!r} is not one of {', '.join(labels)}",
                            "name it in the card's labels, or map it with labels = {…}")
        cleaned = clean(text)
        if cleaned:
            line = (s or "", label, g, cleaned)
            out.append((hashlib.sha256("\x1f".join(line).encode("utf-8", "replace")).hexdigest(), *line))
    out.sort()
    present = {line[2] for line in out}
    if len(present) < 2:
        only = f"only the class {present.pop()!r}" if present else "no rows"
        raise DataError(f"{origin} has {only}", f"a task needs texts of at least two of: {', '.join(labels)}")
    total = hashlib.sha256("\n".join(line[0] for line in out).encode()).hexdigest()
    return [line[1:] for line in out], total


def build(root: Path, lines: list[tuple[str, ...]], labels: tuple[str, ...], sha256: str) -> Dataset:
    """Tokenise normalised rows and keep them in the cache under their content hash."""
    texts = [line[3] for line in lines]
    x, words = encode(texts)
    raw = [t.encode("utf-8", "replace") for t in texts]
    groups = {g: i for i, g in enumerate(sorted({line[2] for line in lines}))}
    files: dict[str, NDArray[Any] | bytes] = {
        "ids": x.ids, "offsets": x.offsets,
        "blob": np.frombuffer(b"".join(raw), np.uint8),
        "ends": np.concatenate([[0], np.cumsum([len(r) for r in raw])]).astype(np.int64),
        "words": np.frombuffer("\n".join(words).encode(), np.uint8),
        "keys": np.array([_key(t) for t in texts], np.uint64),
        "y": np.array([labels.index(line[1]) for line in lines], np.int64),
        "split": np.array([SPLITS.index(line[0]) if line[0] in SPLITS else 0 for line in lines], np.uint8),
        "group": np.array([groups[line[2]] for line in lines], np.int32),
    }
    store.save(folder_of(root, sha256), files, {"sha256": sha256, "labels": list(labels), "form": FORMAT_VERSION})
    found = load(root, sha256, labels)
    assert found is not None, "a cache entry just written cannot be read"
    return found


def load(root: Path, sha256: str, labels: tuple[str, ...]) -> Dataset | None:
    """The data set with this content hash from the cache, if it is there whole."""
    entry = store.load(folder_of(root, sha256))
    if entry is None or tuple(entry.facts["labels"]) != labels or entry.facts["sha256"] != sha256:
        return None
    a = entry.array
    corpus = Corpus(sha256, entry.folder.parent / f"{sha256[:24]}-derived", Ragged(a("ids"), a("offsets")),
                    a("blob"), a("ends"), a("keys"), a("words"))
    return Dataset(corpus, labels, np.asarray(a("y")), np.asarray(a("split")), np.asarray(a("group")))


ArraysAndFacts = tuple[Mapping[str, NDArray[Any] | bytes], Mapping[str, Any]]  # files and facts, for `cache.keep`


def derived(corpus: Corpus, name: str, key: object, make: Callable[[], ArraysAndFacts]) -> store.Entry:
    """What `make` computes from a corpus, once: kept beside it under `name` and a key of what else went in.

    Its digests are checked when a process first opens it, and again only where it was written anew since.
    """
    folder = _derived(corpus, name, key)
    seen = _opened.get(folder)
    if seen and seen[0] and seen[0] == _stamp(folder):
        return seen[1]
    with files_.locked(folder.with_suffix(".lock")):
        entry = store.load(folder) or store.save(folder, *make())
    _opened[folder] = _stamp(folder), entry
    return entry


def is_derived(corpus: Corpus, name: str, key: object) -> bool:
    """Whether `derived` would find it made already."""
    return _stamp(_derived(corpus, name, key)) is not None


def _derived(corpus: Corpus, name: str, key: object) -> Path:
    return corpus.folder / f"{name}-{store.key_of(key)}"


def derived_so_far(corpus: Corpus) -> list[Path]:
    """The entries derived from a corpus that this process has opened: what a trial elsewhere will read too."""
    return sorted(folder for folder in _opened if folder.parent == corpus.folder and _stamp(folder))


_opened: dict[Path, tuple[tuple[int, int] | None, store.Entry]] = {}


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Changes where an entry is written anew; None where there is none."""
    try:
        found = (folder / store.FACTS).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def folder_of(root: Path, sha256: str) -> Path:
    """Where the corpus with this content hash is kept."""
    return root / "corpora" / f"{sha256[:24]}-{FORMAT_VERSION}"


def _key(text: str) -> int:
    """64 bits of the token sequence: texts that differ in case, spacing or punctuation only are equal."""
    return int.from_bytes(hashlib.blake2b(" ".join(tokens(text)).encode(), digest_size=8).digest(), "big")
