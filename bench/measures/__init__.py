"""What `bench reproduce` measures: one function a claim, in a file a tutorial, and this table of them.

A measure takes a `Workplace` and returns figures by name, one value a seed; it knows no verdict.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from bench.measures.workplace import Measured, Workplace

Measure = Callable[[Workplace], Measured]

# name in claims.toml -> module:function
MEASURES: Mapping[str, str] = {
    "vocabulary": "bench.measures.embeddings:vocabulary",
    "word-lists": "bench.measures.embeddings:word_lists",
    "carry-over": "bench.measures.embeddings:carry_over",
    "letters": "bench.measures.averages:letters",
    "whole-words": "bench.measures.averages:whole_words",
    "dense": "bench.measures.sentiment:dense",
    "cnn": "bench.measures.sentiment:cnn",
    "textcnn": "bench.measures.sentiment:textcnn",
    "glove-cnn": "bench.measures.sentiment:glove_cnn",
    "sentence": "bench.measures.sentiment:sentence",
    "gpu": "bench.measures.sentiment:gpu",
    "frozen-glove": "bench.measures.sentiment:frozen_glove",
    "like-meaning": "bench.measures.sentiment:like_meaning",
    "bilstm": "bench.measures.layers:bilstm",
    "hidden-features": "bench.measures.layers:hidden_features",
}


def measure(name: str) -> Measure:
    """The measure called `name`; its libraries are imported now."""
    module, _, function = MEASURES[name].partition(":")
    return cast(Measure, getattr(importlib.import_module(module), function))
