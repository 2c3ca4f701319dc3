"""The source's linear model: TF-IDF of words and word pairs with logistic regression, fitted once per source.

Its probabilities are calibrated on source texts that a fit has not seen: temperature scaling (Guo et al. 2017).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for
from bench.core.store import key_of
from bench.data.corpus import ArraysAndFacts, Corpus, Examples, derived, is_derived
from bench.data.text import Ragged
from bench.learning.features import ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT_VERSION = 2  # raised when the fit changes in a way that its key does not show
PENALTY = 10.0  # scikit-learn's C, as in the strategy tfidf
MIN_TEXTS = 2  # source texts that a word or pair must occur in
TOLERANCE = 1e-5  # of the gradient of the mean loss; at scikit-learn's 1e-4 the intercept was still 0.5 off on IMDB
FOLDS = 5
ONE_FOLD = 5_000  # source texts from which one held-out fold calibrates well enough, so that the fit stays fast
EXCERPTS = (10, 200)  # tokens of the excerpts that calibrate too, since targets have shorter texts than reviews
SCALES = (0.25, 4.0)  # the least and the greatest factor of the logits


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
    scale: float  # of the logits, for calibrated probabilities: 1 / temperature
    seconds: float  # that the fit took

    def columns_in(self, corpus: Corpus) -> NDArray[np.int64]:
        """The features as columns of another corpus's counts, -1 where it has none; computed once per corpus."""
        source = self.examples.corpus

        def make() -> ArraysAndFacts:
            return {"columns": ngrams.matching_columns(corpus, source)}, {}

        entry = derived(corpus, "columns", [FORMAT_VERSION, source.sha256, ngrams.FORMAT_VERSION], make)
        return np.asarray(entry.array("columns")[self.columns])

    def model(self, more: int = 0, tolerance: float = TOLERANCE, *, calibrated: bool = False) -> Any:
        """The fitted scikit-learn model, with `more` features appended whose coefficients are zero.

        A `calibrated` one has the same decisions and calibrated probabilities; it is not the optimum to start from.
        """
        model, scale = logistic_regression(tolerance), np.float32(self.scale if calibrated else 1.0)
        model.classes_, model.intercept_ = self.classes, self.intercept * scale
        model.coef_ = np.pad(self.coef * scale, ((0, 0), (0, more)))
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
        model = logistic_regression()
        scale = _calibrated_scale(model, examples, x, columns, idf)
        model.fit(x, examples.labels)
        arrays = {"columns": columns, "idf": idf, "classes": model.classes_, "data": x.data, "indices": x.indices,
                  "indptr": x.indptr, "coef": model.coef_, "intercept": model.intercept_}
        return arrays, {"seconds": time.perf_counter() - began, "scale": scale}

    entry = derived(examples.corpus, *_entry(examples), make)
    from scipy.sparse import csr_matrix

    columns, idf, classes, coef, intercept = (np.asarray(entry.array(k)) for k in
                                              ("columns", "idf", "classes", "coef", "intercept"))
    x = csr_matrix(tuple(entry.array(k) for k in ("data", "indices", "indptr")), (len(examples), len(columns)))
    return SourceLinear(examples, x, columns, idf, classes, coef, intercept, float(entry.facts["scale"]),
                        float(entry.facts["seconds"]))


def is_source_linear_cached(examples: Examples) -> bool:
    """Whether `fit_source_linear` would find the model in the cache."""
    return is_derived(examples.corpus, *_entry(examples))


def _entry(examples: Examples) -> tuple[str, list[object]]:
    return "linear", [FORMAT_VERSION, ngrams.FORMAT_VERSION, PENALTY, MIN_TEXTS, TOLERANCE, EXCERPTS,
                      key_of(examples.rows.tolist()), key_of(examples.labels.tolist())]


def logistic_regression(tolerance: float = TOLERANCE) -> Any:
    """An unfitted logistic regression that starts from the coefficients it is given, if any (`warm_start`).

    Newton's method converges here. L-BFGS stops early, with an intercept that depends on how often a token like `!`
    occurs and on where it began.
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, solver="newton-cg", tol=tolerance, max_iter=300, warm_start=True)


def _calibrated_scale(model: Any, examples: Examples, x: csr_matrix, columns: NDArray[np.int64],
                      idf: NDArray[np.float32]) -> float:
    """The factor of the logits with the least log-loss on held-out source texts, whole and as excerpts.

    `model` is left as fitted on the texts that were not held out last. 1 where a class has a single text.
    """
    from sklearn.model_selection import StratifiedKFold

    y = examples.labels
    folds = min(FOLDS, int(np.bincount(y)[np.unique(y)].min()))
    if folds < 2:
        return 1.0
    splits = list(StratifiedKFold(folds).split(x, y))[: 1 if len(y) >= ONE_FOLD else folds]
    logits, truth = [], []
    for learn, held_out in splits:
        model.fit(x[learn], y[learn])
        short = ngrams.counts_of(_excerpts(examples.part(held_out)), examples.corpus)
        for features in (x[held_out], tfidf(short, columns, idf)):
            logits.append(model.decision_function(features))
            truth.append(np.searchsorted(model.classes_, y[held_out]))
    return scale_of_least_loss(np.concatenate(logits), np.concatenate(truth))


def scale_of_least_loss(logits: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """The factor of logits [n] or [n, classes] with the least mean log-loss of the true classes [n], within SCALES."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    wide = logits if logits.ndim == 2 else np.column_stack([np.zeros_like(logits), logits])
    of_truth = wide[np.arange(len(wide)), truth]

    def loss(log_scale: float) -> float:
        scale = np.exp(log_scale)
        return float(np.mean(logsumexp(scale * wide, axis=1) - scale * of_truth))

    return float(np.exp(minimize_scalar(loss, bounds=tuple(np.log(SCALES)), method="bounded").x))


def _excerpts(examples: Examples) -> Ragged:
    """A random stretch of each text; its length is drawn between EXCERPTS on a logarithmic scale."""
    rng, x = generator_for("excerpts", examples.corpus.sha256), examples.x
    low, high = np.log(EXCERPTS)
    wanted = np.exp(rng.uniform(low, high, len(x))).astype(np.int64)
    lengths = np.minimum(wanted, x.lengths)
    return x.excerpts(rng.integers(0, x.lengths - lengths + 1), lengths)


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
    return normalize(matrix, copy=False) if matrix.shape[0] else matrix
