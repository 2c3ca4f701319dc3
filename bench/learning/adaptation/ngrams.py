"""TF-IDF of words and word pairs that a source and a target share, or that one of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import Corpus, Examples
from bench.learning.features.ngrams import column_ngrams, counts
from bench.learning.joint_linear import JointFeatures, words_of_both
from bench.learning.source_linear import SourceLinear, tfidf
from bench.protocol.trial import Trial

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class JointNgrams:
    """The n-grams that are features of both domains' texts, and their idf."""

    source: SourceLinear
    target: Corpus
    in_source: NDArray[np.int64]  # [k], positions among the source's features; -1 where the source lacks it
    in_target: NDArray[np.int64]  # [k], columns of the target's counts; -1 where the target lacks it
    idf: NDArray[np.float32]  # [k]

    @classmethod
    def of_labelled(cls, source: SourceLinear, labelled: Examples) -> JointNgrams:
        """The source's features, with its idf, and every other word and pair of the labelled target texts.

        They are those of `JointFeatures`. The source's features come first.
        """
        joint = JointFeatures.of(source, labelled.corpus, counts(labelled.corpus)[labelled.rows].indices)
        of_source, new = source.columns_in(labelled.corpus), joint.new_columns
        return cls(source, labelled.corpus, np.concatenate([np.arange(len(of_source)), np.full(len(new), -1)]),
                   np.concatenate([of_source, new]), joint.idf)

    @classmethod
    def most_frequent(cls, source: SourceLinear, pool: Examples, features: int) -> JointNgrams:
        """The n-grams that occur in the greatest share of texts, where both domains weigh the same.

        `pool` holds the target's texts; their labels are not used.
        """
        of_source = source.columns_in(pool.corpus)
        in_pool = counts(pool.corpus)[pool.rows]
        target_share = np.bincount(in_pool.indices, minlength=in_pool.shape[1]) / max(len(pool), 1)
        source_share = np.bincount(source.x.indices, minlength=source.x.shape[1]) / len(source.examples)
        new = np.setdiff1d(np.flatnonzero(target_share), of_source)
        in_source = np.concatenate([np.arange(len(of_source)), np.full(len(new), -1)])
        in_target = np.concatenate([of_source, new])
        share = np.concatenate([source_share + np.where(of_source >= 0, target_share[of_source], 0.0),
                                target_share[new]]) / 2
        chosen = np.sort(np.argsort(-share, kind="stable")[:features])
        idf = (np.log(1 / share[chosen]) + 1.0).astype(np.float32)
        return cls(source, pool.corpus, in_source[chosen], in_target[chosen], idf)

    def of_source(self) -> csr_matrix:
        """TF-IDF of the source's texts, [n_source, k]; rows of length 1."""
        from scipy.sparse import csr_matrix
        from sklearn.preprocessing import normalize

        x, known = self.source.x, self.in_source >= 0
        position = np.full(x.shape[1], -1)
        position[self.in_source[known]] = np.flatnonzero(known)
        wanted = position[x.indices] >= 0
        indices, old = position[x.indices[wanted]], x.indices[wanted]
        data = x.data[wanted] * (self.idf[indices] / self.source.idf[old])
        indptr = np.concatenate([[0], np.cumsum(wanted)])[x.indptr]
        return normalize(csr_matrix((data.astype(np.float32), indices, indptr), (x.shape[0], len(self.idf))))

    def of_target(self, examples: Examples) -> csr_matrix:
        """TF-IDF of target texts, [n, k]; rows of length 1."""
        return tfidf(counts(examples.corpus)[examples.rows], self.in_target, self.idf)

    def words_and_ngrams(self) -> tuple[Sequence[str], NDArray[np.int32]]:
        """Words, and the n-grams as indices of two of them each, [k, 2]; the second of a single word is -1."""
        words, renumber = words_of_both(self.source.examples.corpus, self.target)
        ngrams, known = np.empty((len(self.idf), 2), np.int32), self.in_source >= 0
        ngrams[known] = column_ngrams(self.source.examples.corpus, self.source.columns[self.in_source[known]])
        ngrams[~known] = renumber[column_ngrams(self.target, self.in_target[~known])]
        return words, ngrams


def pool_of(trial: Trial) -> Examples:
    """All texts of the training pool without their labels, in the order of their rows: the same for every budget."""
    rows = np.sort(np.concatenate([trial.labelled.rows, trial.unlabelled.rows]))
    return Examples(trial.labelled.corpus, rows)
