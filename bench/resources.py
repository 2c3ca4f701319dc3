"""What a baseline may use besides its trial: the base, GloVe, counts and features, each computed once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench import ngrams, sentences
from bench.base import Base
from bench.corpus import Corpus, Examples, Made, derived
from bench.engines import Engine
from bench.errors import BenchError
from bench.nets import EMBEDDING, Net, Params
from bench.source_linear import SourceLinear
from bench.text import SPECIALS, UNKNOWN
from bench.vectors import DISTRIBUTION, Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RIDGE = 10.0  # strength of the map from GloVe to the base's word space


@dataclass(frozen=True)
class Resources:
    """Shared, read-only things; every method returns the same for the same arguments."""

    engine: Engine
    net: Net  # with the target's number of classes
    device: str
    seed: int
    base: Base | None = None
    vectors: Vectors | None = None
    source: Examples | None = None  # the source's labelled pool, for baselines that train on both
    same_labels: bool = True  # the source's classes are the target's
    source_linear: SourceLinear | None = None

    def need_base(self) -> Base:
        """The base; an error where the baseline did not say that it needs it."""
        if self.base is None:
            raise BenchError("no base network at hand", "name it in the baseline: NEEDS = {'base'}")
        return self.base

    def need_source_linear(self) -> SourceLinear:
        """The source's linear model; an error where the baseline did not say that it needs it."""
        if self.source_linear is None:
            raise BenchError("no linear model of the source at hand",
                             "name it in the baseline: NEEDS = {'source-linear'}")
        return self.source_linear

    def base_params(self, corpus: Corpus) -> Params:
        """The base's weights with an embedding for this corpus's words (word w has the row w + SPECIALS).

        A word that the source never showed gets its GloVe vector, mapped into the base's word space by
        a ridge regression over the words that both know (as for rare words in Khodak et al. 2018);
        without a GloVe vector it is the unknown word.
        """
        base = self.need_base()
        learned = base.params[EMBEDDING]
        table = base.vocabulary.table(corpus.words)
        rows = learned[table].copy()
        if self.vectors is not None:
            glove, known = self.vectors.of(corpus)
            shared = np.flatnonzero(known & (table != UNKNOWN))
            new = np.flatnonzero(known & (table == UNKNOWN))
            if len(new) and len(shared) > glove.shape[1]:
                a = np.column_stack([glove[shared], np.ones(len(shared), np.float32)]).astype(np.float64)
                gram = a.T @ a + RIDGE * np.eye(a.shape[1])
                weights = np.linalg.solve(gram, a.T @ learned[table[shared]].astype(np.float64))
                rows[new] = np.column_stack([glove[new], np.ones(len(new))]) @ weights
        return {**base.params, EMBEDDING: np.concatenate([learned[:SPECIALS], rows]).astype(np.float32)}

    def features(self, examples: Examples) -> NDArray[np.float32]:
        """The base's features of the examples, [n, d]; those of the whole corpus are computed once and kept."""
        array, _ = self._corpus_features(examples.corpus)
        return np.asarray(array[examples.rows], np.float32)

    def feature_seconds(self, corpus: Corpus) -> float:
        """What computing the corpus's features took."""
        return self._corpus_features(corpus)[1]

    def _corpus_features(self, corpus: Corpus) -> tuple[NDArray[np.float32], float]:
        base = self.need_base()

        def make() -> Made:
            began = time.perf_counter()
            x = corpus.tokens.renumber(np.arange(len(corpus.words), dtype=np.int32) + SPECIALS)
            array = self.engine.features(base.net, self.base_params(corpus), x, self.device)
            return {"features": array}, {"seconds": time.perf_counter() - began}

        entry = derived(corpus, "features", [base.key, self.vectors is not None], make)
        return entry.array("features"), float(entry.facts["seconds"])

    def counts(self, examples: Examples) -> csr_matrix:
        """Counts of words and word pairs of the examples, [n, columns of the corpus]."""
        return ngrams.counts(examples.corpus)[examples.rows]

    def sentences(self, examples: Examples) -> NDArray[np.float32]:
        """The sentence encoder's vectors of the examples, [n, 384]; those of the whole corpus are computed once."""
        return sentences.of(examples.corpus)[0][examples.rows]

    def mean_vectors(self, examples: Examples) -> NDArray[np.float32]:
        """The mean GloVe vector of each text, [n, 50]; words without a vector do not count."""
        return np.asarray(self._corpus_means(examples.corpus)[examples.rows], np.float32)

    def _corpus_means(self, corpus: Corpus) -> NDArray[np.float32]:
        if self.vectors is None:
            raise BenchError("no GloVe vectors at hand", "name them in the baseline: NEEDS = {'glove'}")
        vectors = self.vectors

        def make() -> Made:
            glove, known = vectors.of(corpus)
            words = ngrams.word_counts(corpus)
            total = words @ known.astype(np.float32)
            return {"means": np.asarray((words @ glove) / np.maximum(total, 1.0)[:, None], np.float32)}, {}

        return derived(corpus, "glove-means", DISTRIBUTION, make).array("means")
