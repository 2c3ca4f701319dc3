"""The source's linear model: TF-IDF of words and word pairs with logistic regression, fitted once per source."""

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
PENALTY = 10.0  # scikit-learn's C, as in the strategy tfidf
MIN_TEXTS = 2  # source texts that a word or pair must occur in


@dataclass(frozen=True)
class SourceLinear:
    """A model fitted on the source's pool; its features are the words and pairs that occur in two texts or more."""

    examples: Examples
    x: csr_matrix  # [n, features], TF-IDF of the examples
    columns: NDArray[np.int64]  # [features], columns of the source corpus's counts
    idf: NDArray[np.float32]  # [features]
    classes: NDArray[np.int64]
    coef: NDArray[np.float32]  # [1 or classes, features]
    intercept: NDArray[np.float32]  # [1 or classes]
    seconds: float  # that the fit took

    def columns_in(self, corpus: Corpus) -> NDArray[np.int64]:
        """The features as columns of another corpus's counts, -1 where it has none; computed once per corpus."""
        source = self.examples.corpus

        def make() -> ArraysAndFacts:
            return {"columns": ngrams.matching_columns(corpus, source)}, {}

        entry = derived(corpus, "columns", [FORMAT_VERSION, source.sha256, ngrams.FORMAT_VERSION], make)
        return np.asarray(entry.array("columns")[self.columns])

    def model(self, more: int = 0) -> Any:
        """The fitted scikit-learn model, with `more` features appended whose coefficients are zero."""
        model = logistic_regression()
        model.classes_, model.intercept_ = self.classes, self.intercept
        model.coef_ = np.pad(self.coef, ((0, 0), (0, more)))
        return model


def fit_source_linear(examples: Examples) -> SourceLinear:
    """The model fitted on these labelled examples, from the cache or fitted now."""
    def make() -> ArraysAndFacts:
        began = time.perf_counter()
        counts = ngrams.counts(examples.corpus)[examples.rows]
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])  # texts in which each column occurs
        columns = np.flatnonzero(frequency >= MIN_TEXTS)
        idf = (np.log((1 + len(examples)) / (1 + frequency[columns])) + 1.0).astype(np.float32)  # as scikit-learn's
        x = tfidf(counts, columns, idf)
        model = logistic_regression().fit(x, examples.labels)
        arrays = {"columns": columns, "idf": idf, "classes": model.classes_, "data": x.data, "indices": x.indices,
                  "indptr": x.indptr, "coef": model.coef_, "intercept": model.intercept_}
        return arrays, {"seconds": time.perf_counter() - began}

    entry = derived(examples.corpus, *_entry(examples), make)
    from scipy.sparse import csr_matrix

    columns, idf, classes, coef, intercept = (np.asarray(entry.array(k)) for k in
                                              ("columns", "idf", "classes", "coef", "intercept"))
    x = csr_matrix(tuple(entry.array(k) for k in ("data", "indices", "indptr")), (len(examples), len(columns)))
    return SourceLinear(examples, x, columns, idf, classes, coef, intercept, float(entry.facts["seconds"]))


def is_source_linear_cached(examples: Examples) -> bool:
    """Whether `fit_source_linear` would find the model in the cache."""
    return is_derived(examples.corpus, *_entry(examples))


def _entry(examples: Examples) -> tuple[str, list[object]]:
    return "linear", [FORMAT_VERSION, ngrams.FORMAT_VERSION, PENALTY, MIN_TEXTS, key_of(examples.rows.tolist()),
                      key_of(examples.labels.tolist())]


def logistic_regression() -> Any:
    """An unfitted logistic regression that starts from the coefficients it is given, if any (`warm_start`)."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, max_iter=300, warm_start=True)


def tfidf(counts: csr_matrix, columns: NDArray[np.int64], idf: NDArray[np.float32]) -> csr_matrix:
    """TF-IDF of the `columns` of `counts`, in their order, [n, len(columns)]: (1 + log count) · idf, rows of length 1.

    A column of -1 does not occur in these counts. The same as scikit-learn's TfidfTransformer(sublinear_tf=True).
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    new_column = np.full(counts.shape[1], -1, np.int32)
    new_column[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
    indices = new_column[counts.indices]
    wanted = indices >= 0
    indptr = np.concatenate([[0], np.cumsum(wanted)])[counts.indptr]
    indices = indices[wanted]
    data = (1.0 + np.log(counts.data[wanted])) * idf[indices]
    matrix = csr_matrix((data.astype(np.float32), indices, indptr), shape=(counts.shape[0], len(columns)))
    return normalize(matrix, copy=False)
