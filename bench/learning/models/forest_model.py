"""Mean word vectors with a random forest, stored as arrays, as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.text import SPECIALS, Vocabulary
from bench.learning.features.ngrams import mean_vectors
from bench.learning.models.model import ModelError, ModelParts, encode_with_vocabulary

LEAF = -1  # in place of a leaf's children, as in scikit-learn
MAX_TREES = 10_000


@dataclass(frozen=True)
class Forest:
    """Decision trees as arrays of nodes, one tree after the other; a child comes after its parent.

    The field names are those of the saved arrays.
    """

    roots: NDArray[np.int32]  # [trees], the first node of each
    left: NDArray[np.int32]  # [nodes], the child for values up to the threshold; or LEAF
    right: NDArray[np.int32]  # [nodes], the child for higher values; or LEAF
    feature: NDArray[np.int32]  # [nodes]
    threshold: NDArray[np.float64]  # [nodes]
    share: NDArray[np.float64]  # [nodes, classes], of the examples that reach the node

    @classmethod
    def from_sklearn(cls, forest: Any, classes: int) -> Forest:
        """The trees of a fitted `RandomForestClassifier`, with a column for every class."""
        trees = [t.tree_ for t in forest.estimators_]
        roots = np.cumsum([0, *(t.node_count for t in trees[:-1])])

        def children(name: str) -> NDArray[np.int32]:
            per_tree = [getattr(t, name) for t in trees]
            shifted = [np.where(a == LEAF, LEAF, a + r) for a, r in zip(per_tree, roots, strict=True)]
            return np.asarray(np.concatenate(shifted), np.int32)

        share = np.zeros((sum(t.node_count for t in trees), classes))
        share[:, forest.classes_] = np.concatenate([t.value[:, 0, :] for t in trees])
        return cls(roots.astype(np.int32), children("children_left"), children("children_right"),
                   np.concatenate([np.maximum(t.feature, 0) for t in trees]).astype(np.int32),
                   np.concatenate([t.threshold for t in trees]), share)

    def probabilities(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Exactly scikit-learn's `predict_proba` of features [n, d], as float32 [n, classes]."""
        node = np.tile(self.roots, (len(x), 1))  # [n, trees]
        rows = np.arange(len(x))[:, None]
        while (inner := self.left[node] != LEAF).any():
            low = x[rows, self.feature[node]] <= self.threshold[node]
            node = np.where(inner, np.where(low, self.left[node], self.right[node]), node)
        total = np.zeros((len(x), self.share.shape[1]))
        for tree in range(len(self.roots)):  # in scikit-learn's order, for the same bits
            total += self.share[node[:, tree]]
        return np.asarray(total / len(self.roots), np.float32)

    def check(self, features: int) -> None:
        """Raises `ModelError` where a path through a tree could leave the arrays or never end."""
        nodes = np.arange(len(self.left))
        ends = np.append(self.roots[1:], len(nodes))
        if not 0 < len(self.roots) <= MAX_TREES:
            raise ModelError(f"it has {len(self.roots):,} trees, expected 1 to {MAX_TREES:,}")
        if self.roots[0] != 0 or (ends <= self.roots).any():
            raise ModelError("its trees do not follow each other")
        end = np.repeat(ends, np.diff(np.append(self.roots, len(nodes))))
        inner = self.left != LEAF
        for child in (self.left[inner], self.right[inner]):
            if (child <= nodes[inner]).any() or (child >= end[inner]).any():
                raise ModelError("a node of its trees has a child outside its tree, or before the node")
        if self.feature.min() < 0 or self.feature.max() >= features:
            raise ModelError(f"a node of its trees reads a feature beyond its {features}")


@dataclass(frozen=True)
class ForestModel:
    """The mean of a text's word vectors, classified by a forest."""

    vocabulary: Vocabulary
    vectors: NDArray[np.float32]  # [words, d]
    forest: Forest

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.forest.share.shape[1])

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The mean of the trees' class shares, [n, classes]."""
        rows = np.concatenate([np.zeros((SPECIALS, self.vectors.shape[1]), np.float32), self.vectors])
        known = np.arange(len(rows)) >= SPECIALS
        return self.forest.probabilities(mean_vectors(encode_with_vocabulary(texts, self.vocabulary), rows, known))

    def parts(self) -> ModelParts:
        """Its words, their vectors, and the trees."""
        return ModelParts(arrays={"vectors": self.vectors, **vars(self.forest)}, words=self.vocabulary.words)

    @classmethod
    def from_parts(cls, parts: ModelParts) -> ForestModel:
        """The model of these parts; raises `ModelError` where a path through a tree could leave it or never end."""
        vectors = parts.array("vectors", "f", len(parts.words), None)
        n = len(parts.array("left", "i", None))
        whole = {name: parts.array(name, "i", None if name == "roots" else n)
                 for name in ("roots", "left", "right", "feature")}
        forest = Forest(**whole, threshold=parts.array("threshold", "f", n), share=parts.array("share", "f", n, None))
        forest.check(vectors.shape[1])
        return cls(Vocabulary(parts.words), vectors, forest)
