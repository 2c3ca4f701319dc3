"""Counts of words and word pairs of a corpus, once; TF-IDF for any of its rows is a slice of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Corpus, derived

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORM = 2  # raised when what is kept of a corpus changes


def counts(corpus: Corpus) -> csr_matrix:
    """[n, columns] counts of uni- and bigrams; the same as scikit-learn's CountVectorizer on our tokens.

    The columns have no order that means anything: those of words come first, then those of pairs.
    """
    from scipy.sparse import csr_matrix

    entry = derived(corpus, "ngrams", FORM, lambda: (_count(corpus), {}))
    data, indices, indptr = (entry.array(k) for k in ("data", "indices", "indptr"))
    columns = len(corpus.words) + len(entry.array("pairs"))
    return csr_matrix((data, indices, indptr), shape=(len(corpus), columns), copy=False)


def columns_of(other: Corpus, corpus: Corpus) -> NDArray[np.int64]:
    """For each column of `corpus` that of the same word or pair in `other`, -1 where it has none, [columns]."""
    numbers = {word: i for i, word in enumerate(other.words)}
    word = np.array([numbers.get(w, -1) for w in corpus.words], np.int64)
    first, second = (word[k] for k in np.divmod(_pairs(corpus), max(len(corpus.words), 1)))
    theirs = _pairs(other)
    wanted = np.where((first >= 0) & (second >= 0), first * len(numbers) + second, -1)
    at = np.searchsorted(theirs, wanted)
    found = (at < len(theirs)) & (theirs[np.minimum(at, len(theirs) - 1)] == wanted) if len(theirs) else at < 0
    return np.concatenate([word, np.where(found, at + len(numbers), -1)])


def word_counts(corpus: Corpus) -> csr_matrix:
    """[n, words] counts of words alone."""
    from scipy.sparse import csr_matrix

    x = corpus.tokens
    ids, offsets = np.array(x.ids), np.array(x.offsets)  # copies: the sums are made in place
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, offsets), shape=(len(x), len(corpus.words)))
    matrix.sum_duplicates()
    return matrix


def _pairs(corpus: Corpus) -> NDArray[np.int64]:
    """The pairs of the columns behind those of words: first word's number * words + second's, ascending."""
    return np.asarray(derived(corpus, "ngrams", FORM, lambda: (_count(corpus), {})).array("pairs"))


def _count(corpus: Corpus) -> dict[str, NDArray[np.generic]]:
    from scipy.sparse import csr_matrix

    x, words = corpus.tokens, len(corpus.words)
    ids = np.asarray(x.ids, np.int64)
    rows = np.repeat(np.arange(len(x)), x.lengths)
    within = rows[1:] == rows[:-1]
    pairs, pair = np.unique(ids[:-1][within] * words + ids[1:][within], return_inverse=True)
    both = np.concatenate([ids, pair + words]).astype(np.int32)
    where = np.concatenate([rows, rows[:-1][within]])
    matrix = csr_matrix((np.ones(len(both), np.float32), (where, both)), shape=(len(x), words + len(pairs)))
    matrix.sum_duplicates()
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "pairs": pairs}
