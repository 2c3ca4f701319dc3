"""Counts of words and word pairs of a corpus, once; TF-IDF for any of its rows is a slice of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.store import Entry
from bench.data.corpus import Corpus, derived
from bench.data.text import Ragged, word_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT_VERSION = 2  # raised when what is kept of a corpus changes


def counts(corpus: Corpus) -> csr_matrix:
    """[n, columns] counts of uni- and bigrams; the same as scikit-learn's CountVectorizer on our tokens.

    The columns have no order that means anything: those of words come first, then those of pairs.
    """
    from scipy.sparse import csr_matrix

    entry = _entry(corpus)
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


def grams(corpus: Corpus, columns: NDArray[np.int64]) -> NDArray[np.int32]:
    """The word numbers of columns of `counts`, [k, 2]; a word alone has -1 as its second."""
    words = len(corpus.words)
    out = np.full((len(columns), 2), -1, np.int32)
    single = columns < words
    out[single, 0] = columns[single]
    out[~single] = np.column_stack(np.divmod(_pairs(corpus)[columns[~single] - words], words))
    return out


def mean_vectors(x: Ragged, vectors: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The mean vector of each text's words, [n, d]; `vectors` are zeros for words that are not `known`."""
    words = word_counts(x, len(vectors))
    total = words @ known.astype(np.float32)
    return np.asarray((words @ vectors) / np.maximum(total, 1.0)[:, None], np.float32)




def _pairs(corpus: Corpus) -> NDArray[np.int64]:
    """The pairs of the columns behind those of words: first word's number * words + second's, ascending."""
    return np.asarray(_entry(corpus).array("pairs"))


def _entry(corpus: Corpus) -> Entry:
    return derived(corpus, "ngrams", FORMAT_VERSION, lambda: (_count(corpus), {}))


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
