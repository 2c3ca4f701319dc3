"""Counts of words and word pairs of a corpus, once; TF-IDF for any of its rows is a slice of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Corpus, derived

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def counts(corpus: Corpus) -> csr_matrix:
    """[n, columns] counts of uni- and bigrams; the same as scikit-learn's CountVectorizer on our tokens.

    The columns have no order that means anything: those of words come first, then those of pairs.
    """
    from scipy.sparse import csr_matrix

    entry = derived(corpus, "ngrams", 1, lambda: (_count(corpus), {}))
    data, indices, indptr = (entry.array(k) for k in ("data", "indices", "indptr"))
    return csr_matrix((data, indices, indptr), shape=(len(corpus), int(entry.array("columns")[0])), copy=False)


def word_counts(corpus: Corpus) -> csr_matrix:
    """[n, words] counts of words alone."""
    from scipy.sparse import csr_matrix

    x = corpus.tokens
    ids, offsets = np.array(x.ids), np.array(x.offsets)  # copies: the sums are made in place
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, offsets), shape=(len(x), len(corpus.words)))
    matrix.sum_duplicates()
    return matrix


def _count(corpus: Corpus) -> dict[str, NDArray[np.generic]]:
    from scipy.sparse import csr_matrix

    x, words = corpus.tokens, len(corpus.words)
    ids = np.asarray(x.ids, np.int64)
    rows = np.repeat(np.arange(len(x)), x.lengths)
    within = rows[1:] == rows[:-1]
    pairs, pair = np.unique(ids[:-1][within] * words + ids[1:][within], return_inverse=True)
    columns = words + len(pairs)
    both = np.concatenate([ids, pair + words]).astype(np.int32)
    where = np.concatenate([rows, rows[:-1][within]])
    matrix = csr_matrix((np.ones(len(both), np.float32), (where, both)), shape=(len(x), columns))
    matrix.sum_duplicates()
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "columns": np.array([columns])}
