"""The words of a source: GloVe's vector of each, and beside it what the source's own texts say of the word.

GloVe knows a word from the web, not from film reviews; skip-gram on the reviews alone knows few of a target's words
well. So an embedding begins with GloVe's vector whole, and what is left of its width holds the part of the skip-gram
vector that GloVe does not foretell.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core import store
from bench.core.errors import BenchError
from bench.data.corpus import ArraysAndFacts, Corpus, Examples, derived, joined_words
from bench.data.text import Ragged
from bench.learning import skip_gram
from bench.learning.networks.engines import compiled

SPREAD = 0.6  # standard deviation of the learned columns, as GloVe's have it
RIDGE_STRENGTH = 100.0  # penalty of the maps between GloVe and the learned vectors, in words of mean weight


@dataclass(frozen=True)
class SourceTexts:
    """The texts that word vectors are learned from: the source's training texts, and more of their kind."""

    train: Examples
    unlabelled: Examples | None
    compiler: str  # of the kernel, with its version

    @property
    def key(self) -> list[object]:
        """What the vectors depend on besides the training texts."""
        more = self.unlabelled
        return [skip_gram.FORM, self.compiler,
                [more.corpus.sha256, store.key_of(more.rows.tolist())] if more is not None else None]

    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.int64], float]:
        """Skip-gram vectors of the words of the training texts' corpus, [words, 64], zeros where one occurs once.

        And how often each word occurs in the training texts, [words], and the seconds that learning took. The vectors
        are computed once and kept in the cache.
        """
        corpus = self.train.corpus

        def make() -> ArraysAndFacts:
            began = time.perf_counter()
            if not compiled.ready():
                raise BenchError(f"no word vectors can be learned: {compiled.why_not()}", "bench doctor shows more")
            vectors = skip_gram.learn(*self._joined())[: len(corpus.words)]
            return {"vectors": vectors}, {"seconds": time.perf_counter() - began}

        entry = derived(corpus, "skip-gram", [store.key_of(self.train.rows.tolist()), self.key], make)
        counts = np.bincount(self.train.x.ids, minlength=len(corpus.words))
        return np.asarray(entry.array("vectors")), counts, float(entry.facts["seconds"])

    def _joined(self) -> tuple[Ragged, int]:
        """All texts with common word numbers, and how many words there are; those of the corpus keep theirs."""
        corpus, texts = self.train.corpus, self.train.x
        if self.unlabelled is None:
            return texts, len(corpus.words)
        words, numbers = joined_words(corpus, self.unlabelled.corpus)
        more = self.unlabelled.x.renumber(numbers)
        offsets = np.concatenate([texts.offsets, texts.offsets[-1] + more.offsets[1:]])
        return Ragged(np.concatenate([texts.ids, more.ids]), offsets), len(words)


def beside_glove(glove: NDArray[np.float32], learned: NDArray[np.float32], counts: NDArray[np.int64],
                 width: int) -> NDArray[np.float32]:
    """Embedding rows [words, width]: GloVe's vectors [words, g], and beside them what they do not say.

    learned [words, d]; zeros stand for a word without a vector. The new columns are the `width` - g directions in which
    the learned vectors differ most from what a ridge regression on GloVe foretells; a word counts by the root of its
    `counts` [words]. A word without a GloVe vector gets what a regression on the learned ones foretells.
    """
    glove, has = glove[:, :width], learned.any(axis=1)
    if not has.any():
        return np.pad(glove, ((0, 0), (0, width - glove.shape[1])))
    own = learned.astype(np.float64) / learned[has].std()
    weight = np.sqrt(counts.astype(np.float64))
    first = glove.astype(np.float64)
    if glove.shape[1]:
        known = glove.any(axis=1)
        both = has & known
        first[~known] = own[~known] @ _ridge(own[both], first[both], weight[both])
        if width == glove.shape[1]:
            return first.astype(np.float32)
        rest = own - first @ _ridge(first[both], own[both], weight[both])
    else:
        rest = own.copy()
    rest[~has] = 0.0
    weighted = rest * np.sqrt(weight)[:, None]
    _, directions = np.linalg.eigh(weighted.T @ weighted)  # in ascending order
    directions = directions[:, ::-1][:, : width - glove.shape[1]]
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    more = rest @ directions
    rows = np.concatenate([first, more * (SPREAD / more[has].std())], axis=1)
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1]))).astype(np.float32)


def _ridge(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear map from rows of x [n, a] to rows of y [n, b], [a, b]."""
    gram = (x * weight[:, None]).T @ x + RIDGE_STRENGTH * weight.mean() * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, (x * weight[:, None]).T @ y))


def numbers_of(words: Sequence[str], corpus: Corpus) -> NDArray[np.int64]:
    """The numbers of words in the corpus that they are of."""
    number = {word: i for i, word in enumerate(corpus.words)}
    return np.array([number[word] for word in words], np.int64)
