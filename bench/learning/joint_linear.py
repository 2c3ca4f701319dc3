"""TF-IDF features of source and target together, for linear models that are fitted on texts of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Corpus, Examples, joined_words
from bench.learning.features import ngrams
from bench.learning.models.linear_model import LinearModel
from bench.learning.probe import linear_head
from bench.learning.source_linear import SourceLinear, tfidf
from bench.protocol.trial import Trial

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class JointFeatures:
    """The features of the source's linear model, and words and pairs of the target that it does not have.

    The idf of a new feature is that of one that occurs in one source text.
    """

    source: SourceLinear
    corpus: Corpus  # of the target
    new_columns: NDArray[np.int64]  # columns of the target corpus's counts

    @staticmethod
    def of(source: SourceLinear, corpus: Corpus, columns: NDArray[np.integer[Any]]) -> JointFeatures:
        """The source's features, and those of the `columns` of the target corpus's counts that are none of them."""
        return JointFeatures(source, corpus, np.setdiff1d(columns, source.columns_in(corpus)))

    @property
    def idf(self) -> NDArray[np.float32]:
        """[features]."""
        new = np.log((1 + len(self.source.examples)) / 2) + 1.0
        return np.concatenate([self.source.idf, np.full(len(self.new_columns), new, np.float32)])

    def source_x(self) -> csr_matrix:
        """The source's texts, [n, features]; none of them holds a new feature."""
        x = self.source.x.copy()
        x.resize(x.shape[0], x.shape[1] + len(self.new_columns))
        return x

    def target_x(self, examples: Examples) -> csr_matrix:
        """Texts of the target's corpus, [n, features]."""
        columns = np.concatenate([self.source.columns_in(self.corpus), self.new_columns])
        return tfidf(ngrams.counts(self.corpus)[examples.rows], columns, self.idf)

    def as_model(self, model: Any, classes: int) -> LinearModel:
        """A fitted logistic regression on these features, as a model that can be saved."""
        source_corpus = self.source.examples.corpus
        words, renumber = words_of_both(source_corpus, self.corpus)
        grams = np.concatenate([ngrams.column_ngrams(source_corpus, self.source.columns),
                                renumber[ngrams.column_ngrams(self.corpus, self.new_columns)]])
        head = linear_head(model, classes)
        return LinearModel.from_ngrams(words, grams, self.idf, head.weight, head.bias)


def words_of_both(source: Corpus, target: Corpus) -> tuple[list[str], NDArray[np.int32]]:
    """The words of both corpora, and the number there of each word of the target; -1 stays -1: no second word."""
    words, renumber = joined_words(source, target)
    return words, np.append(renumber, np.int32(-1))


def weights_of_labelled(trial: Trial, source_weight: float, heaviest: float) -> NDArray[np.float64]:
    """The weight of each labelled target text, [n]: all weigh `source_weight` together, but each at most `heaviest`.

    Where the score counts classes alike, they do so here too.
    """
    from sklearn.utils.class_weight import compute_sample_weight

    n = len(trial.labelled)
    if not n:
        return np.empty(0)
    by_class: NDArray[Any] = compute_sample_weight(trial.class_weight, trial.labelled.labels)
    return np.asarray(min(heaviest, source_weight / n) * by_class)
