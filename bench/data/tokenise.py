"""Tokenise the texts of a corpus; of many, a second process takes half. The result does not depend on that."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from bench.data.text import Ragged, encode

MANY = 20_000  # texts from which a second process saves time
Key = Callable[[str], int]  # a 64-bit hash that copies of a text share


@dataclass(frozen=True)
class Tokenised:
    """What `tokenise` computes."""

    tokens: Ragged  # numbers of words
    words: list[str]  # by number, in the order of their first occurrence
    keys: NDArray[np.uint64]  # [n]


def tokenise(texts: Sequence[str], key: Key) -> Tokenised:
    """The tokens and keys of texts."""
    if len(texts) < MANY or not _can_fork():
        return _tokenised(texts, key)
    half = len(texts) // 2
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_sent, args=(texts[half:], key, reader, writer), daemon=True)
    process.start()
    writer.close()
    first = _tokenised(texts[:half], key)
    try:
        second: Tokenised = reader.recv()
    except EOFError:  # the process was killed, perhaps for its memory
        second = _tokenised(texts[half:], key)
    process.join()
    return _joined(first, second)


def _can_fork() -> bool:
    """Whether a copy of this process may work beside it: a copy with the libraries of other systems may not run on."""
    return sys.platform == "linux" and (os.cpu_count() or 1) > 1 and not multiprocessing.current_process().daemon


def _sent(texts: Sequence[str], key: Key, reader: Connection, writer: Connection) -> None:
    reader.close()  # so that writing ends where the other process is gone
    writer.send(_tokenised(texts, key))


def _tokenised(texts: Sequence[str], key: Key) -> Tokenised:
    tokens, words = encode(texts)
    return Tokenised(tokens, words, np.fromiter(map(key, texts), np.uint64, len(texts)))


def _joined(first: Tokenised, second: Tokenised) -> Tokenised:
    numbers = {word: number for number, word in enumerate(first.words)}
    table = np.array([numbers.setdefault(word, len(numbers)) for word in second.words], np.int32)
    ids = np.concatenate([first.tokens.ids, second.tokens.renumber(table).ids])
    offsets = np.concatenate([first.tokens.offsets, second.tokens.offsets[1:] + len(first.tokens.ids)])
    return Tokenised(Ragged(ids, offsets), list(numbers), np.concatenate([first.keys, second.keys]))
