"""TF-IDF with logistic regression on the source's and the target's texts together (Daumé III 2007, WEIGHTED)."""

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, LinearModel, Resources, Trial, grams, head_of, regression, spread, weighed

NEEDS = frozenset({"source-linear", "counts", "same-labels"})


def fit(trial: Trial, resources: Resources, *, heaviest: float = 16.0) -> Fitted:
    """All target texts weigh as much as all source texts, but none more than `heaviest` of them.

    The features are the source's and every other word and pair of the labelled target texts, these with the document
    frequency of one that a single source text holds. The fit goes on from the source's own coefficients.
    """
    from scipy.sparse import vstack
    from sklearn.utils.class_weight import compute_sample_weight

    source = resources.need_source_linear()
    counts, theirs = resources.counts(trial.labelled), source.columns_in(trial.labelled.corpus)
    new = np.setdiff1d(counts.indices, theirs)
    columns = np.concatenate([theirs, new])
    rarest = np.log((1 + len(source.examples)) / 2) + 1.0
    idf = np.concatenate([source.idf, np.full(len(new), rarest, np.float32)])

    n, n_source = len(trial.labelled), len(source.examples)
    there = source.x.copy()
    there.resize(n_source, len(columns))
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    alike = compute_sample_weight(trial.class_weight, trial.labelled.labels)  # 1, or classes in equal parts
    weight = np.concatenate([np.ones(n_source), min(heaviest, n_source / n) * alike])
    model = source.model(len(new)) if np.array_equal(np.unique(y), source.classes) else regression()
    model.fit(vstack([there, weighed(counts, columns, idf)]).tocsr(), y, sample_weight=weight)

    def predict(examples: Examples) -> NDArray[np.float32]:
        return spread(model, weighed(resources.counts(examples), columns, idf), len(trial.labels))

    def as_model() -> LinearModel:
        their, own = source.examples.corpus, trial.labelled.corpus
        number = {word: i for i, word in enumerate(dict.fromkeys([*their.words, *own.words]))}
        place = np.array([*(number[word] for word in own.words), -1], np.int32)  # -1: no second word
        both = np.concatenate([grams(their, source.columns), place[grams(own, new)]])
        head = head_of(model, len(trial.labels))
        return LinearModel.on(list(number), both, idf, head.weight, head.bias)

    return Fitted(predict, as_model)
