"""Texts that Python code hands over: a list, a column or an array of strings, each checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.core.brief import shown
from bench.core.errors import InputError


def texts_of(given: Any, what: str = "texts") -> list[str]:
    """The texts as a list; half a surrogate pair in one becomes U+FFFD or a question mark.

    Raises `InputError` for a single string, for a table, and for what holds anything else than strings.
    """
    if isinstance(given, str | bytes):
        raise InputError(f"{what} is a single string", "a list of texts is needed, such as ['a text']")
    if hasattr(given, "toarray"):
        raise InputError(f"{what} is a sparse matrix", "raw texts are needed, not features: do not put a vectoriser "
                         "before this estimator")
    if getattr(given, "ndim", 1) != 1:
        shape = " × ".join(map(str, given.shape))
        raise InputError(f"{what} is a table of {shape}, not a list of texts. Reshape your data",
                         "select the column of the texts, such as frame['text']")
    if not isinstance(given, Iterable):
        raise InputError(f"{what} is a {type(given).__name__}", "a list, a column or an array of strings is needed")
    texts = list(given)
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {at} of {what} is {shown(text)}, a {type(text).__name__} and not a string",
                             "fill in or take out what is missing; .astype(str) makes texts of numbers")
    return [text.encode("utf-8", "replace").decode() for text in texts]  # without halves of surrogate pairs
