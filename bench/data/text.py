"""Texts are cleaned, and their tokens become one flat array of word numbers with offsets."""

from __future__ import annotations

import html
import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.data.tokens import tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Raise it when cleaning, tokens or identity change: corpora, all that is derived from them, and bases are made anew.
# 2 cut words at combining marks, had no emoji, took a Chinese clause for one word, and copies had the same tokens.
TEXT_VERSION = 3
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]+")
ZEROS = re.compile(r"&#0{8,}")
BEYOND = re.compile(r"&#0*[1-9][0-9]{7,};?")  # no character has such a number; Python refuses thousands of digits
MARKS = re.compile(r"[^\w\s]{64,}")  # may be a pile of accents, and NFC takes the square of their number
MOST_ACCENTS = 30  # on one letter, as in Unicode's stream-safe text format
PADDING, UNKNOWN, SPECIALS = 0, 1, 2  # two word numbers that every network reserves, and how many they are


def clean(text: str) -> str:
    """The text as the suite reads it: entities and `<br />` resolved, NFC, single spaces, no control characters."""
    if "&" in text:
        text = html.unescape(BEYOND.sub("\ufffd", ZEROS.sub("&#0", text)) if "&#" in text else text)
    if "<" in text:
        text = BREAK.sub(" ", text)
    text = CONTROL.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", MARKS.sub(_with_fewer_accents, text))
    return " ".join(text.split())


def _with_fewer_accents(marks: re.Match[str]) -> str:
    """The marks without those accents that follow MOST_ACCENTS others."""
    kept, accents = [], 0
    for character in marks[0]:
        accents = accents + 1 if unicodedata.combining(character) else 0
        if accents <= MOST_ACCENTS:
            kept.append(character)
    return "".join(kept)


@dataclass(frozen=True)
class Ragged:
    """Texts of different lengths as one flat array: text i is `ids[offsets[i]:offsets[i + 1]]`."""

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
        """The number of tokens in each text, [n]."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """The texts at `rows`, in that order."""
        lengths = self.lengths[rows]
        return Ragged(self.ids[_ranges(self.offsets[rows], lengths)], _offsets(lengths))

    def clip(self, most: int) -> Ragged:
        """At most `most` tokens per text: a quarter of them from its beginning, the rest from its end."""
        lengths = np.minimum(self.lengths, most)
        first = np.where(self.lengths > most, most // 4, lengths)
        starts = np.stack([self.offsets[:-1], self.offsets[1:] - (lengths - first)], axis=1).ravel()
        counts = np.stack([first, lengths - first], axis=1).ravel()
        return Ragged(self.ids[_ranges(starts, counts)], _offsets(lengths))

    def excerpts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Ragged:
        """Of each text the `lengths` tokens [n] from its token `starts` [n] on, all of which it has."""
        return Ragged(self.ids[_ranges(self.offsets[:-1] + starts, lengths)], _offsets(lengths))

    def renumber(self, table: NDArray[np.int32]) -> Ragged:
        """The same texts, with each word number w replaced by `table[w]`."""
        return Ragged(table[self.ids], self.offsets)


def encode(texts: Iterable[str]) -> tuple[Ragged, list[str]]:
    """Texts as word numbers, and the words by number; words are numbered in the order of their first occurrence."""
    words = _Numbers()
    flat, lengths = array("i"), array("q")
    for text in texts:
        before = len(flat)
        flat.extend(map(words.__getitem__, tokens(text)))
        lengths.append(len(flat) - before)
    return Ragged(np.array(flat, np.int32), _offsets(np.array(lengths, np.int64))), list(words)


class _Numbers(dict[str, int]):
    """Words by number; one that is new gets the next."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


@dataclass(frozen=True)
class Vocabulary:
    """The words that a network knows; the word at position i has the number `i + SPECIALS`."""

    words: tuple[str, ...]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each word."""
        return {word: i + SPECIALS for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        """The number of rows of an embedding: the words and the reserved numbers."""
        return len(self.words) + SPECIALS

    def table(self, words: Sequence[str]) -> NDArray[np.int32]:
        """The number here of each of `words`, or UNKNOWN; a table for `Ragged.renumber`."""
        number_of = self.numbers.get
        return np.array([number_of(word, UNKNOWN) for word in words], dtype=np.int32)


def frequent(texts: Ragged, words: Sequence[str], least: int = 2, most: int = 0) -> Vocabulary:
    """The words that occur at least `least` times in `texts`, of these the `most` most frequent (0: all)."""
    counts = np.bincount(texts.ids, minlength=len(words))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= least]
    return Vocabulary(tuple(words[i] for i in (order[:most] if most else order)))


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each start the numbers start, start + 1, …, as many as its count; one after the other."""
    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    return np.asarray(within + np.repeat(starts - ends + counts, counts), np.int64)


def word_counts(texts: Ragged, words: int) -> csr_matrix:
    """How often each of `words` words occurs in each text, [n, words]."""
    from scipy.sparse import csr_matrix

    ids, offsets = np.array(texts.ids), np.array(texts.offsets)  # copies, since duplicates are summed in place
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, offsets), shape=(len(texts), words))
    matrix.sum_duplicates()
    return matrix
