"""What `bench reproduce` measures: one function per claim, in one file per tutorial, and the table of them.

A measure takes a `Session` and returns figures by name, one value per seed. It knows no verdict.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from bench.reproduce.measures.session import Measurement, Session

Measure = Callable[[Session], Measurement]

# name in claims.toml -> module:function
MEASURES: Mapping[str, str] = {
    "vocabulary": "bench.reproduce.measures.embeddings:vocabulary",
    "word-lists": "bench.reproduce.measures.embeddings:word_lists",
    "carry-over": "bench.reproduce.measures.embeddings:carry_over",
    "letters": "bench.reproduce.measures.averages:letters",
    "whole-words": "bench.reproduce.measures.averages:whole_words",
    "dense": "bench.reproduce.measures.sentiment:dense",
    "cnn": "bench.reproduce.measures.sentiment:cnn",
    "textcnn": "bench.reproduce.measures.sentiment:textcnn",
    "glove-cnn": "bench.reproduce.measures.sentiment:glove_cnn",
    "sentence": "bench.reproduce.measures.sentiment:sentence",
    "gpu": "bench.reproduce.measures.sentiment:gpu",
    "frozen-glove": "bench.reproduce.measures.sentiment:frozen_glove",
    "like-meaning": "bench.reproduce.measures.sentiment:like_meaning",
    "bilstm": "bench.reproduce.measures.layers:bilstm",
    "hidden-features": "bench.reproduce.measures.layers:hidden_features",
    "dann-table": "bench.reproduce.measures.domain_adaptation:dann_table",
}


def measure(name: str) -> Measure:
    """The measure called `name`; its libraries are imported now."""
    module, _, function = MEASURES[name].partition(":")
    return cast(Measure, getattr(importlib.import_module(module), function))
