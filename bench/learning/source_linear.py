"""The source's linear model: TF-IDF of words and pairs with logistic regression, fitted once a source and kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.store import key_of
from bench.data.corpus import ArraysAndFacts, Corpus, Examples, derived, is_derived
from bench.learning.features import ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT_VERSION = 1  # raised when the fit changes in a way that its key does not show
PENALTY = 10.0  # scikit-learn's C, as in the baseline tfidf
LEAST = 2  # texts of the source that must hold a word or pair


@dataclass(frozen=True)
class SourceLinear:
    """What was fitted on the source's pool; a feature is a word or pair that two of its texts hold or more."""

    examples: Examples
    x: csr_matrix  # [n, features], TF-IDF of the examples
    columns: NDArray[np.int64]  # [features], of the source corpus's counts
    idf: NDArray[np.float32]  # [features]
    classes: NDArray[np.int64]
    coef: NDArray[np.float32]  # [1 or classes, features]
    intercept: NDArray[np.float32]  # [1 or classes]
    seconds: float  # the fit took

    def columns_in(self, corpus: Corpus) -> NDArray[np.int64]:
        """The features as columns of another corpus's counts, -1 for what it never holds; computed once a corpus."""
        source = self.examples.corpus

        def make() -> ArraysAndFacts:
            return {"columns": ngrams.columns_of(corpus, source)}, {}

        found = derived(corpus, "columns", [FORMAT_VERSION, source.sha256, ngrams.FORMAT_VERSION], make).array(
            "columns"
        )
        return np.asarray(found[self.columns])

    def model(self, more: int = 0) -> Any:
        """The fitted scikit-learn model, with `more` features behind the others that count for nothing yet."""
        model = regression()
        model.classes_, model.intercept_ = self.classes, self.intercept
        model.coef_ = np.pad(self.coef, ((0, 0), (0, more)))
        return model


def fit_source_linear(examples: Examples) -> SourceLinear:
    """The model of these labelled examples, from the cache or fitted now."""
    def make() -> ArraysAndFacts:
        began = time.perf_counter()
        counts = ngrams.counts(examples.corpus)[examples.rows]
        held = np.bincount(counts.indices, minlength=counts.shape[1])  # texts that hold each column
        columns = np.flatnonzero(held >= LEAST)
        idf = (np.log((1 + len(examples)) / (1 + held[columns])) + 1.0).astype(np.float32)  # as scikit-learn's
        x = weighed(counts, columns, idf)
        model = regression().fit(x, examples.labels)
        arrays = {"columns": columns, "idf": idf, "classes": model.classes_, "data": x.data, "indices": x.indices,
                  "indptr": x.indptr, "coef": model.coef_, "intercept": model.intercept_}
        return arrays, {"seconds": time.perf_counter() - began}

    entry = derived(examples.corpus, *_entry(examples), make)
    from scipy.sparse import csr_matrix

    columns, idf, classes, coef, intercept = (np.asarray(entry.array(k)) for k in
                                              ("columns", "idf", "classes", "coef", "intercept"))
    x = csr_matrix(tuple(entry.array(k) for k in ("data", "indices", "indptr")), (len(examples), len(columns)))
    return SourceLinear(examples, x, columns, idf, classes, coef, intercept, float(entry.facts["seconds"]))


def is_fitted(examples: Examples) -> bool:
    """Whether `fitted` would find it in the cache."""
    return is_derived(examples.corpus, *_entry(examples))


def _entry(examples: Examples) -> tuple[str, list[object]]:
    return "linear", [FORMAT_VERSION, ngrams.FORMAT_VERSION, PENALTY, LEAST, key_of(examples.rows.tolist()),
                      key_of(examples.labels.tolist())]


def regression() -> Any:
    """Logistic regression that can go on from given coefficients."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, max_iter=300, warm_start=True)


def weighed(counts: csr_matrix, columns: NDArray[np.int64], idf: NDArray[np.float32]) -> csr_matrix:
    """Rows of length 1 of (1 + log count) · idf of the columns named, in their order, [n, len(columns)].

    A column of -1 is one that these counts do not have.
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    place = np.full(counts.shape[1], -1, np.int32)
    place[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
    where = place[counts.indices]
    kept = where >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    where = where[kept]
    data = (1.0 + np.log(counts.data[kept])) * idf[where]
    matrix = csr_matrix((data.astype(np.float32), where, starts), shape=(counts.shape[0], len(columns)))
    return normalize(matrix, copy=False)
