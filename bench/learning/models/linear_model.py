"""TF-IDF of words and word pairs with a linear classifier, as a model; it needs only NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.text import PADDING, SPECIALS, Vocabulary
from bench.learning.models.model import ModelError, ModelParts, encode_with_vocabulary
from bench.protocol.metrics import softmax


@dataclass(frozen=True)
class LinearModel:
    """Logarithmic counts times idf, each text scaled to length 1, times weights; softmax."""

    vocabulary: Vocabulary
    grams: NDArray[np.int32]  # [k, 2] word numbers of each n-gram, ascending; the second of a single word is PADDING
    idf: NDArray[np.float32]  # [k]
    weight: NDArray[np.float32]  # [classes, k]
    bias: NDArray[np.float32]  # [classes]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.bias)

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """One number per n-gram, ascending."""
        return self.grams[:, 0].astype(np.int64) * len(self.vocabulary) + self.grams[:, 1]

    def entries(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The features of texts that are not zero: text, n-gram and value of each; a text's values have length 1."""
        x, n, k = encode_with_vocabulary(texts, self.vocabulary), len(texts), len(self.grams)
        ids, rows = x.ids.astype(np.int64), np.repeat(np.arange(n), x.lengths)
        within = rows[1:] == rows[:-1]
        singles = ids * len(self.vocabulary) + PADDING
        pairs = ids[:-1][within] * len(self.vocabulary) + ids[1:][within]
        keys, row = np.concatenate([singles, pairs]), np.concatenate([rows, rows[:-1][within]])
        at = np.minimum(np.searchsorted(self.keys, keys), k - 1)
        known = self.keys[at] == keys
        cells, counts = np.unique(row[known] * k + at[known], return_counts=True)
        row, column = np.divmod(cells, k)
        value = (1.0 + np.log(counts)) * self.idf[column]
        return row, column, value / np.sqrt(np.bincount(row, value**2, n))[row]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same as scikit-learn's TfidfTransformer(sublinear_tf=True) and LogisticRegression, [n, classes]."""
        row, column, value = self.entries(texts)
        logits = np.stack([np.bincount(row, value * w[column], len(texts)) for w in self.weight], axis=1)
        return softmax(logits + self.bias)

    def parts(self) -> ModelParts:
        """Its n-grams, weights and words."""
        arrays = {"grams": self.grams, "idf": self.idf, "weight": self.weight, "bias": self.bias}
        return ModelParts(arrays=arrays, words=self.vocabulary.words)

    @classmethod
    def from_parts(cls, parts: ModelParts) -> LinearModel:
        """The model of these parts; raises `ModelError` where the n-grams are not ascending or not of its words."""
        vocabulary = Vocabulary(parts.words)
        grams = parts.array("grams", "i", None, 2)
        k = len(grams)
        bias = parts.array("bias", "f", None)
        model = cls(vocabulary, grams.astype(np.int32), parts.array("idf", "f", k),
                    parts.array("weight", "f", len(bias), k), bias)
        if not k or grams.min() < 0 or grams.max() >= len(vocabulary) or (np.diff(model.keys) <= 0).any():
            raise ModelError(f"its array 'grams' does not hold pairs of its {len(parts.words)} words, ascending")
        return model

    @classmethod
    def from_ngrams(cls, words: Sequence[str], grams: NDArray[np.int32], idf: NDArray[Any],
                    weight: NDArray[np.float64], bias: NDArray[np.float64]) -> LinearModel:
        """The model on n-grams of `words`, two indices each [k, 2] (-1: no second word), in any order.

        `idf` [k] and `weight` [classes, k] are in the same order. Words in no n-gram are left out.
        """
        vocabulary, grams, order = ascending(words, grams)
        return cls(vocabulary, grams, np.asarray(idf[order], np.float32), np.asarray(weight[:, order], np.float32),
                   np.asarray(bias, np.float32))


def ascending(words: Sequence[str], grams: NDArray[np.int32]
              ) -> tuple[Vocabulary, NDArray[np.int32], NDArray[np.int64]]:
    """The words that n-grams [k, 2] of `words` use, the n-grams in these words' numbers, and the order they are in."""
    used = np.unique(grams[grams >= 0])
    number = np.full(len(words) + 1, PADDING, np.int32)  # the last is the number of -1
    number[used] = np.arange(len(used)) + SPECIALS
    renumbered = number[grams]
    order = np.lexsort((renumbered[:, 1], renumbered[:, 0]))
    return Vocabulary(tuple(words[i] for i in used)), renumbered[order], order
