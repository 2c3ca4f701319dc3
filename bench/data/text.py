"""Texts become tokens, and tokens become one flat array of word numbers with offsets."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?|[!?]")  # letters and digits of every script
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]+")
ZEROS = re.compile(r"&#0{8,}")
BEYOND = re.compile(r"&#0*[1-9][0-9]{7,};?")  # every character; Python refuses to read thousands of digits
MARKS = re.compile(r"[^\w\s]{64,}")  # where accents may be piled up: normalising takes the square of their number
PILE = 30  # accents on one letter, as in Unicode's stream-safe form
PADDING, UNKNOWN, SPECIALS = 0, 1, 2  # word numbers that every network keeps free


def clean(text: str) -> str:
    """The text as the suite reads it: entities and `<br />` resolved, NFC, single blanks, no control characters."""
    text = BREAK.sub(" ", html.unescape(BEYOND.sub("\ufffd", ZEROS.sub("&#0", text))))
    return " ".join(unicodedata.normalize("NFC", MARKS.sub(_lower, CONTROL.sub(" ", text))).split())


def _lower(run: re.Match[str]) -> str:
    """A run of marks without the accents that follow PILE others."""
    kept, height = [], 0
    for character in run[0]:
        height = height + 1 if unicodedata.combining(character) else 0
        if height <= PILE:
            kept.append(character)
    return "".join(kept)


def tokens(text: str) -> list[str]:
    """Lower-case words, `don't` as one; `!` and `?` are tokens of their own."""
    return WORD.findall(text.lower())


@dataclass(frozen=True)
class Ragged:
    """Many texts as one flat array: text i is `ids[offsets[i]:offsets[i + 1]]`."""

    ids: NDArray[np.int32]  # [tokens]
    offsets: NDArray[np.int64]  # [n + 1]

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        """The word numbers of one text."""
        return self.ids[self.offsets[row] : self.offsets[row + 1]]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, [n]."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """The texts `rows`, in that order."""
        lengths = self.lengths[rows]
        return Ragged(self.ids[_ranges(self.offsets[rows], lengths)], _offsets(lengths))

    def clip(self, most: int) -> Ragged:
        """At most `most` tokens a text: the first quarter of them from its beginning, the rest from its end."""
        lengths = np.minimum(self.lengths, most)
        long = self.lengths > most
        first = np.where(long, most // 4, lengths)
        starts = np.stack([self.offsets[:-1], self.offsets[1:] - (lengths - first)], axis=1).ravel()
        counts = np.stack([first, lengths - first], axis=1).ravel()
        return Ragged(self.ids[_ranges(starts, counts)], _offsets(lengths))

    def renumber(self, table: NDArray[np.int32]) -> Ragged:
        """The same texts with word number w replaced by `table[w]`."""
        return Ragged(table[self.ids], self.offsets)


def encode(texts: Iterable[str]) -> tuple[Ragged, list[str]]:
    """Texts as word numbers, and the words by number, in order of first occurrence."""
    words: dict[str, int] = {}
    lengths: list[int] = []
    parts: list[NDArray[np.int32]] = []
    for text in texts:
        ids = [words.setdefault(t, len(words)) for t in tokens(text)]
        lengths.append(len(ids))
        parts.append(np.array(ids, dtype=np.int32))
    flat = np.concatenate(parts) if parts else np.empty(0, np.int32)
    return Ragged(flat, _offsets(np.array(lengths, dtype=np.int64))), list(words)


@dataclass(frozen=True)
class Vocabulary:
    """The words that a network knows; word i has the number `i + SPECIALS`."""

    words: tuple[str, ...]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Word to number."""
        return {word: i + SPECIALS for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        """Rows of an embedding for it: the words and the specials."""
        return len(self.words) + SPECIALS

    def table(self, words: Sequence[str]) -> NDArray[np.int32]:
        """For each of a corpus's words its number here, or UNKNOWN; for `Encoded.renumber`."""
        get = self.numbers.get
        return np.array([get(w, UNKNOWN) for w in words], dtype=np.int32)


def frequent(x: Ragged, words: Sequence[str], least: int = 2, most: int = 0) -> Vocabulary:
    """The words that occur `least` times or more in `x`, the `most` most frequent of them (0: all)."""
    counts = np.bincount(x.ids, minlength=len(words))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= least]
    return Vocabulary(tuple(words[i] for i in (order[:most] if most else order)))


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """start, start + 1, … for each start, count of them, one after the other."""
    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    return np.asarray(within + np.repeat(starts - ends + counts, counts), np.int64)


def word_counts(x: Ragged, words: int) -> csr_matrix:
    """[n, words] counts of words alone."""
    from scipy.sparse import csr_matrix

    ids, offsets = np.array(x.ids), np.array(x.offsets)  # copies: the sums are made in place
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, offsets), shape=(len(x), words))
    matrix.sum_duplicates()
    return matrix
