"""TF-IDF with logistic regression on the source's and the target's texts together (Daumé III 2007, WEIGHTED)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    Examples,
    Fitted,
    LinearModel,
    Resources,
    Trial,
    class_probabilities,
    column_ngrams,
    linear_head,
    logistic_regression,
    tfidf,
)

NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class"})


def fit(trial: Trial, resources: Resources, *, heaviest: float = 16.0, tolerance: float = 1e-5) -> Fitted:
    """All target texts weigh as much as all source texts, but no target text more than `heaviest` source texts.

    The features are the source's, and every other word and pair of the labelled target texts; the idf of these is that
    of a feature that occurs in one source text. The fit starts from the source's own coefficients, and ends where the
    gradient of the mean loss is below `tolerance`.
    """
    from scipy.sparse import vstack
    from sklearn.utils.class_weight import compute_sample_weight

    source, classes = resources.need_source_linear(), len(trial.labels)
    n, n_source = len(trial.labelled), len(source.examples)
    counts, source_columns = resources.counts(trial.labelled), source.columns_in(trial.labelled.corpus)
    new_columns = np.setdiff1d(counts.indices, source_columns)
    columns = np.concatenate([source_columns, new_columns])
    new_idf = np.log((1 + n_source) / 2) + 1.0
    idf = np.concatenate([source.idf, np.full(len(new_columns), new_idf, np.float32)])

    source_x = source.x.copy()
    source_x.resize(n_source, len(columns))  # no source text holds a new feature
    x = vstack([source_x, tfidf(counts, columns, idf)]).tocsr()
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    by_class = compute_sample_weight(trial.class_weight, trial.labelled.labels)  # all 1, or the classes in equal parts
    weight = np.concatenate([np.ones(n_source), min(heaviest, n_source / n) * by_class])
    same_classes = np.array_equal(np.unique(y), source.classes)
    model = source.model(len(new_columns), tolerance) if same_classes else logistic_regression(tolerance)
    model.fit(x, y, sample_weight=weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return class_probabilities(model, tfidf(resources.counts(examples), columns, idf), classes)

    def as_model() -> LinearModel:
        source_corpus, target_corpus = source.examples.corpus, trial.labelled.corpus
        number = {word: i for i, word in enumerate(dict.fromkeys([*source_corpus.words, *target_corpus.words]))}
        renumber = np.array([*(number[word] for word in target_corpus.words), -1], np.int32)  # -1: no second word
        ngrams = np.concatenate([column_ngrams(source_corpus, source.columns),
                                 renumber[column_ngrams(target_corpus, new_columns)]])
        head = linear_head(model, classes)
        return LinearModel.from_ngrams(list(number), ngrams, idf, head.weight, head.bias)

    return Fitted(predict, as_model)
