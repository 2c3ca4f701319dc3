"""Texts tokenised by two processes, and by one."""

from __future__ import annotations

import os
import zlib

import numpy as np
import pytest

from bench.data import tokenise as module
from bench.data.text import encode
from bench.data.tokenise import Tokenised, tokenise

TEXTS = ["", "!", *(f"a film of {word}, number {i % 7} ünd é" for i in range(30) for word in ("war", "love", f"w{i}"))]


def key(text: str) -> int:
    return zlib.crc32(text.encode())


def equal(a: Tokenised, b: Tokenised) -> bool:
    return (a.words == b.words and np.array_equal(a.tokens.ids, b.tokens.ids)
            and np.array_equal(a.tokens.offsets, b.tokens.offsets) and np.array_equal(a.keys, b.keys))


def test_two_processes_give_what_one_gives(monkeypatch: pytest.MonkeyPatch):
    alone = tokenise(TEXTS, key)
    tokens, words = encode(TEXTS)
    assert (alone.words, alone.tokens.ids.tolist()) == (words, tokens.ids.tolist())
    assert alone.keys.tolist() == list(map(key, TEXTS))
    monkeypatch.setattr(module, "MANY", 10)
    assert equal(tokenise(TEXTS, key), alone)


def test_a_second_process_that_dies_costs_time_alone(monkeypatch: pytest.MonkeyPatch):
    alone, here = tokenise(TEXTS, key), os.getpid()

    def deadly(text: str) -> int:
        if os.getpid() != here:
            os._exit(9)
        return key(text)

    monkeypatch.setattr(module, "MANY", 10)
    assert equal(tokenise(TEXTS, deadly), alone)
