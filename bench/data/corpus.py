"""Rows become a `Dataset`: cleaned, hashed, put in one canonical order, tokenised once and cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core import store
from bench.core.errors import DataError
from bench.core.locks import locked
from bench.data.text import TEXT_VERSION, Ragged, clean
from bench.data.tokenise import tokenise
from bench.data.tokens import identity

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = TEXT_VERSION  # of a cached corpus and all that is derived from it; raise that for another layout too
SPLITS = ("", "train", "test")
Row = tuple[str, str, str, str]  # split, label, group, cleaned text


@dataclass(frozen=True)
class Corpus:
    """Tokenised texts without their labels; the arrays are memory-mapped."""

    sha256: str  # of the normalised content
    folder: Path  # for cache entries that are derived from it
    tokens: Ragged  # word numbers; the words are `words`
    blob: NDArray[np.uint8]  # the cleaned texts, one after the other in UTF-8
    ends: NDArray[np.int64]  # [n + 1], offsets of the texts in `blob`
    keys: NDArray[np.uint64]  # [n], equal for copies: texts with the same `identity`
    word_blob: NDArray[np.uint8]  # the words in UTF-8, a line each

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.tokens)

    @cached_property
    def words(self) -> list[str]:
        """The words, by number."""
        text = self.word_blob.tobytes().decode()
        return text.split("\n") if text else []

    def text(self, row: int) -> str:
        """The cleaned text of a row."""
        return self.blob[self.ends[row] : self.ends[row + 1]].tobytes().decode()


@dataclass(frozen=True)
class Examples:
    """Some rows of a corpus, with their labels where the holder may see them; the arrays are made read-only."""

    corpus: Corpus
    rows: NDArray[np.int64]
    y: NDArray[np.int64] | None = None  # [len(rows)], class numbers: indices into the labels of the task

    def __post_init__(self) -> None:
        """Trials share them."""
        self.rows.setflags(write=False)
        if self.y is not None:
            self.y.setflags(write=False)

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.rows)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class numbers; it is a bug to ask for them where there are none."""
        assert self.y is not None, "these examples have no labels"
        return self.y

    @cached_property
    def x(self) -> Ragged:
        """The texts as word numbers of the corpus."""
        x = self.corpus.tokens.take(self.rows)
        x.ids.setflags(write=False)
        x.offsets.setflags(write=False)
        return x

    def texts(self) -> list[str]:
        """The cleaned texts."""
        return [self.corpus.text(int(row)) for row in self.rows]

    def part(self, which: NDArray[np.int64]) -> Examples:
        """The examples at the positions `which`."""
        return Examples(self.corpus, self.rows[which], None if self.y is None else self.y[which])


@dataclass(frozen=True)
class Dataset:
    """A corpus with all that is known about its rows."""

    corpus: Corpus
    labels: tuple[str, ...]
    y: NDArray[np.int64]  # [n], class numbers: indices into `labels`
    split: NDArray[np.uint8]  # [n], index into SPLITS
    group: NDArray[np.int32]  # [n], the number of the group

    def examples(self, rows: NDArray[np.int64]) -> Examples:
        """The rows `rows` as labelled examples."""
        return Examples(self.corpus, rows, self.y[rows])


def normalised_rows(frame: pd.DataFrame, labels: tuple[str, ...], origin: str) -> tuple[list[Row], str]:
    """Cleaned rows in the order of their hashes, and the SHA-256 of them all; rows without text are left out.

    Raises `DataError` for labels that the card does not name, and where fewer than two classes are left. Without
    `labels` the texts have none.
    """
    splits = frame["split"].tolist() if "split" in frame else [""] * len(frame)
    groups = [str(group) for group in frame["group"]] if "group" in frame else [""] * len(frame)
    known = set(labels or ("",))
    hashed: list[tuple[bytes, Row]] = []
    for split, label, group, text in zip(splits, frame["label"].tolist(), groups, frame["text"].tolist(), strict=True):
        if label not in known:
            raise DataError(f"{origin}: label {label!r} is not one of {', '.join(labels)}",
                            "name it in the card's labels, or map it with labels = {…}")
        if cleaned := clean(text):
            row = (split or "", label, group, text if text == cleaned else cleaned)  # most texts once in memory
            hashed.append((hashlib.sha256("\x1f".join(row).encode("utf-8", "replace")).digest(), row))
    hashed.sort()
    present = {label for _, (_, label, _, _) in hashed}
    if len(present) < min(2, len(known)):
        only = f"only the class {present.pop()!r}" if present else "no rows"
        raise DataError(f"{origin} has {only}", f"a task needs texts of at least two of: {', '.join(labels)}")
    total = hashlib.sha256("\n".join(digest.hex() for digest, _ in hashed).encode()).hexdigest()
    return [row for _, row in hashed], total


def build(root: Path, rows: Sequence[Row], labels: tuple[str, ...], sha256: str) -> Dataset:
    """Tokenise normalised rows and save them in the cache `root` under their content hash."""
    tokenised = tokenise([text for _, _, _, text in rows], _key)
    blob, ends = bytearray(), np.zeros(len(rows) + 1, np.int64)
    for row, (_, _, _, text) in enumerate(rows):
        blob += text.encode("utf-8", "replace")
        ends[row + 1] = len(blob)
    groups = {group: number for number, group in enumerate(sorted({group for _, _, group, _ in rows}))}
    files: dict[str, NDArray[Any] | bytes] = {
        "ids": tokenised.tokens.ids, "offsets": tokenised.tokens.offsets,
        "blob": np.frombuffer(blob, np.uint8), "ends": ends,
        "words": np.frombuffer("\n".join(tokenised.words).encode(), np.uint8),
        "keys": tokenised.keys,
        "y": np.array([labels.index(label) if labels else 0 for _, label, _, _ in rows], np.int64),
        "split": np.array([SPLITS.index(split) if split in SPLITS else 0 for split, _, _, _ in rows], np.uint8),
        "group": np.array([groups[group] for _, _, group, _ in rows], np.int32),
    }
    store.save(folder_of(root, sha256), files, {"sha256": sha256, "labels": list(labels), "form": FORMAT_VERSION})
    data = load(root, sha256, labels)
    assert data is not None, "a cache entry just written cannot be read"
    return data


def load(root: Path, sha256: str, labels: tuple[str, ...]) -> Dataset | None:
    """The data set with this content hash in the cache `root`; None where it is missing or damaged."""
    entry = store.load(folder_of(root, sha256))
    if entry is None or tuple(entry.facts["labels"]) != labels or entry.facts["sha256"] != sha256:
        return None
    array, derived_from_it = entry.array, entry.folder.with_name(f"{entry.folder.name}-derived")
    corpus = Corpus(sha256, derived_from_it, Ragged(array("ids"), array("offsets")),
                    array("blob"), array("ends"), array("keys"), array("words"))
    return Dataset(corpus, labels, np.asarray(array("y")), np.asarray(array("split")), np.asarray(array("group")))


def joined_words(corpus: Corpus, other: Corpus) -> tuple[list[str], NDArray[np.int32]]:
    """The words of two corpora, those of the first before the others; and for each word of `other` its number there."""
    number = {word: i for i, word in enumerate(dict.fromkeys([*corpus.words, *other.words]))}
    return list(number), np.array([number[word] for word in other.words], np.int32)


ArraysAndFacts = tuple[Mapping[str, NDArray[Any] | bytes], Mapping[str, Any]]  # files and facts, for `store.save`


def derived(corpus: Corpus, name: str, key: object, make: Callable[[], ArraysAndFacts]) -> store.Entry:
    """The cache entry that `make` computes from a corpus, once for each `name` and `key`, a JSON value of its inputs.

    Its digests are checked when a process first opens it, and again only after it was written anew.
    """
    folder = _derived(corpus, name, key)
    stamp, entry = _opened.get(folder, (None, None))
    if entry and stamp and stamp == _stamp(folder):
        return entry
    with locked(folder.with_suffix(".lock")):
        entry = store.load(folder) or store.save(folder, *make())
    _opened[folder] = _stamp(folder), entry
    return entry


def is_derived(corpus: Corpus, name: str, key: object) -> bool:
    """Whether the cache has what `derived` would compute."""
    return _stamp(_derived(corpus, name, key)) is not None


def _derived(corpus: Corpus, name: str, key: object) -> Path:
    return corpus.folder / f"{name}-{store.key_of(key)}"


def derived_so_far(corpus: Corpus) -> list[Path]:
    """The derived entries that this process has opened: a trial on another machine will need them too."""
    return sorted(folder for folder in _opened if folder.parent == corpus.folder and _stamp(folder))


_opened: dict[Path, tuple[tuple[int, int] | None, store.Entry]] = {}


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Something that changes when an entry is written anew; None where there is no entry."""
    try:
        facts = (folder / store.FACTS).stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino


def folder_of(root: Path, sha256: str) -> Path:
    """The folder of the corpus with this content hash in the cache `root`."""
    return root / "corpora" / f"{sha256[:24]}-{FORMAT_VERSION}"


def _key(text: str) -> int:
    """A 64-bit hash of the text's identity: the same for texts that differ only in case, blanks or punctuation."""
    return int.from_bytes(hashlib.blake2b(identity(text).encode("utf-8", "replace"), digest_size=8).digest(), "big")
