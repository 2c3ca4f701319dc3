"""Counts of words and word pairs, computed once per corpus; the counts of some of its texts are rows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.store import Entry
from bench.data.corpus import Corpus, derived
from bench.data.text import Ragged, word_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT_VERSION = 2  # raised when what is saved for a corpus changes


def counts(corpus: Corpus) -> csr_matrix:
    """Counts of uni- and bigrams, [n, columns]; the same as scikit-learn's CountVectorizer on our tokens.

    The columns of words come first, in the order of `corpus.words`, then those of pairs.
    """
    from scipy.sparse import csr_matrix

    entry = _entry(corpus)
    data, indices, indptr = (entry.array(k) for k in ("data", "indices", "indptr"))
    columns = len(corpus.words) + len(entry.array("pairs"))
    return csr_matrix((data, indices, indptr), shape=(len(corpus), columns), copy=False)


def counts_of(x: Ragged, corpus: Corpus) -> csr_matrix:
    """The counts of texts made of a corpus's words, in the columns of `counts`; pairs that it lacks are left out."""
    from scipy.sparse import csr_matrix

    pairs, words = _pairs(corpus), len(corpus.words)
    rows, ids, of_pair, pair = _words_and_pairs(x, words)
    at = np.minimum(np.searchsorted(pairs, pair), max(len(pairs) - 1, 0))
    known = pairs[at] == pair if len(pairs) else np.zeros(len(pair), bool)
    columns = np.concatenate([ids, at[known] + words]).astype(np.int32)
    matrix = csr_matrix((np.ones(len(columns), np.float32), (np.concatenate([rows, of_pair[known]]), columns)),
                        shape=(len(x), words + len(pairs)))
    matrix.sum_duplicates()
    return matrix


def matching_columns(other: Corpus, corpus: Corpus) -> NDArray[np.int64]:
    """For each column of `corpus`, the column of the same word or pair in `other`, or -1, [columns]."""
    numbers = {word: i for i, word in enumerate(other.words)}
    word = np.array([numbers.get(w, -1) for w in corpus.words], np.int64)
    first, second = (word[k] for k in np.divmod(_pairs(corpus), max(len(corpus.words), 1)))
    pairs = _pairs(other)
    wanted = np.where((first >= 0) & (second >= 0), first * len(numbers) + second, -1)
    at = np.searchsorted(pairs, wanted)
    exists = (at < len(pairs)) & (pairs[np.minimum(at, len(pairs) - 1)] == wanted) if len(pairs) else at < 0
    return np.concatenate([word, np.where(exists, at + len(numbers), -1)])


def column_ngrams(corpus: Corpus, columns: NDArray[np.int64]) -> NDArray[np.int32]:
    """The n-grams of some columns of `counts` as two word numbers each, [k, 2]; the second of a single word is -1."""
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
    """The pair of each column after those of words, as first word's number * words + second's; ascending."""
    return np.asarray(_entry(corpus).array("pairs"))


def _entry(corpus: Corpus) -> Entry:
    return derived(corpus, "ngrams", FORMAT_VERSION, lambda: (_count(corpus), {}))


def _words_and_pairs(x: Ragged, words: int) -> tuple[NDArray[np.int64], ...]:
    """The text and the number of each word, then the text and the number of each pair: first * `words` + second."""
    ids = np.asarray(x.ids, np.int64)
    rows = np.repeat(np.arange(len(x)), x.lengths)
    within = rows[1:] == rows[:-1]
    return rows, ids, rows[:-1][within], ids[:-1][within] * words + ids[1:][within]


def _count(corpus: Corpus) -> dict[str, NDArray[np.generic]]:
    import pandas as pd
    from scipy.sparse import csr_matrix

    x, words = corpus.tokens, len(corpus.words)
    rows, ids, of_pair, numbers = _words_and_pairs(x, words)
    pair, pairs = pd.factorize(numbers, sort=True)  # as np.unique, in half its time
    columns = np.concatenate([ids, pair + words]).astype(np.int32)
    all_rows = np.concatenate([rows, of_pair])
    matrix = csr_matrix((np.ones(len(columns), np.float32), (all_rows, columns)), shape=(len(x), words + len(pairs)))
    matrix.sum_duplicates()
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "pairs": pairs}
