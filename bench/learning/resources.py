"""What a strategy may use besides its trial: the base, GloVe, counts and features, each computed once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.data.corpus import ArraysAndFacts, Corpus, Examples, derived
from bench.data.text import SPECIALS, UNKNOWN
from bench.learning.encoder_base import EncoderBase
from bench.learning.features import ngrams, sentence_encoder
from bench.learning.features.encoders import BUNDLED, Encoder, encoder_named
from bench.learning.features.glove import WordVectors, cache_key, key_of, map_from_glove, through
from bench.learning.networks.architectures import EMBEDDING, Architecture, Params
from bench.learning.networks.engines import Engine
from bench.learning.pretrain import Base
from bench.learning.source_linear import SourceLinear
from bench.learning.source_sentences import SourceSentences

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

EXTRA_WORDS = 100_000  # most frequent words of GloVe that a saved model knows besides its corpus's


@dataclass(frozen=True)
class Resources:
    """Shared and read-only; every method returns the same for the same arguments."""

    engine: Engine
    net: Architecture  # with the target's number of classes
    device: str
    seed: int
    base: Base | None = None
    vectors: WordVectors | None = None
    source: Examples | None = None  # the source's labelled pool, for strategies that train on both
    same_labels: bool = True  # whether the source's labels are the target's
    source_linear: SourceLinear | None = None
    prepared: frozenset[str] = frozenset()  # the words of `NEEDS` that were prepared for the trial's strategy
    encoders: tuple[Encoder, ...] = ()  # that a setting named; the bundled one is always known
    source_sentences: SourceSentences | None = None
    encoder_base: EncoderBase | None = None

    def need_base(self) -> Base:
        """The base; raises `BenchError` where the strategy's `NEEDS` does not name it."""
        if self.base is None:
            raise BenchError("the strategy did not ask for a base network", "in its file: NEEDS = {'base'}")
        return self.base

    def need_source_linear(self) -> SourceLinear:
        """The source's linear model; raises `BenchError` where the strategy's `NEEDS` does not name it."""
        if self.source_linear is None:
            raise BenchError("the strategy did not ask for the source's linear model",
                             "in its file: NEEDS = {'source-linear'}")
        return self.source_linear

    def need_source_sentences(self) -> SourceSentences:
        """The encoded sample of the source; raises `BenchError` where the strategy's `NEEDS` does not name it."""
        if self.source_sentences is None:
            raise BenchError("the strategy did not ask for encoded source texts",
                             "in its file: NEEDS = {'source-sentences'}")
        return self.source_sentences

    def need_encoder_base(self) -> EncoderBase:
        """The encoder fine-tuned on the source; raises `BenchError` where the strategy's `NEEDS` does not name it."""
        if self.encoder_base is None:
            raise BenchError("the strategy did not ask for an encoder trained on the source",
                             "in its file: NEEDS = {'encoder-base'}")
        return self.encoder_base

    def base_params(self, corpus: Corpus) -> Params:
        """The base's weights with an embedding for this corpus's words (word w has the row w + SPECIALS).

        A word that the base does not know gets its GloVe vector, mapped into the base's embedding by a ridge
        regression over the words that both know (as for rare words in Khodak et al. 2018). Without a GloVe vector it
        is the unknown word. The embedding is computed once per corpus and is read-only.
        """
        base = self.need_base()

        def make() -> ArraysAndFacts:
            glove = None if self.vectors is None else self.vectors.of(corpus)[0]
            rows = self._base_rows(corpus.words, glove, self._glove_to_base(corpus))
            return {"rows": np.concatenate([base.params[EMBEDDING][:SPECIALS], rows]).astype(np.float32)}, {}

        entry = derived(corpus, "embedding", [base.key, key_of(self.vectors)], make)
        return {**base.params, EMBEDDING: entry.array("rows")}

    def base_rows(self, corpus: Corpus, words: Sequence[str]) -> NDArray[np.float32]:
        """Embedding rows of words that `base_params(corpus)` has no row for, [len(words), embedding]."""
        glove = None if self.vectors is None else self.vectors.look_up(words)
        return self._base_rows(words, glove, self._glove_to_base(corpus)).astype(np.float32)

    def _base_rows(self, words: Sequence[str], glove: NDArray[np.float32] | None,
                   glove_to_base: NDArray[np.float64] | None) -> NDArray[np.float32]:
        base = self.need_base()
        table = base.vocabulary.table(words)
        rows = base.params[EMBEDDING][table].copy()
        if glove is not None and glove_to_base is not None:
            new = np.flatnonzero(glove.any(axis=1) & (table == UNKNOWN))
            rows[new] = through(glove[new], glove_to_base)
        return rows

    def _glove_to_base(self, corpus: Corpus) -> NDArray[np.float64] | None:
        """The linear map from GloVe to the base's embedding, [51, embedding]; None where both know too few words."""
        if self.vectors is None:
            return None
        base = self.need_base()
        learned, table = base.params[EMBEDDING], base.vocabulary.table(corpus.words)
        glove, known = self.vectors.of(corpus)
        shared = np.flatnonzero(known & (table != UNKNOWN))
        if len(shared) <= glove.shape[1]:
            return None
        return map_from_glove(glove[shared], learned[table[shared]])

    def words_beyond(self, corpus: Corpus) -> list[str]:
        """Words that the base or GloVe (its 100,000 most frequent) knows and that occur in no text of the corpus.

        A saved model will meet them.
        """
        known = dict.fromkeys(self.base.vocabulary.words if self.base else ())
        if self.vectors is not None:
            known |= dict.fromkeys(self.vectors.frequent(EXTRA_WORDS))
        in_corpus = set(corpus.words)
        return [word for word in known if word not in in_corpus]

    def features(self, examples: Examples) -> NDArray[np.float32]:
        """The base's features of the examples, [n, d]; computed once per corpus and cached."""
        array, _ = self._corpus_features(examples.corpus)
        return np.asarray(array[examples.rows], np.float32)

    def feature_seconds(self, corpus: Corpus) -> float:
        """The seconds that computing the corpus's features took."""
        return self._corpus_features(corpus)[1]

    def _corpus_features(self, corpus: Corpus) -> tuple[NDArray[np.float32], float]:
        base = self.need_base()

        def make() -> ArraysAndFacts:
            began = time.perf_counter()
            x = corpus.tokens.renumber(np.arange(len(corpus.words), dtype=np.int32) + SPECIALS)
            array = self.engine.features(base.net, self.base_params(corpus), x, self.device)
            return {"features": array}, {"seconds": time.perf_counter() - began}

        entry = derived(corpus, *features_entry(base.key, self.vectors), make)
        return entry.array("features"), float(entry.facts["seconds"])

    def counts(self, examples: Examples) -> csr_matrix:
        """Counts of words and word pairs of the examples, [n, columns]; the columns are those of their corpus."""
        return ngrams.counts(examples.corpus)[examples.rows]

    def encoder(self, model: str = BUNDLED) -> Encoder:
        """The pre-trained encoder that a setting named; raises `BenchError` where it was not prepared."""
        return encoder_named(model, self.encoders)

    def sentences(self, examples: Examples, model: str = BUNDLED) -> NDArray[np.float32]:
        """A sentence encoder's vectors of the examples, [n, d]; computed once per corpus and cached."""
        return sentence_encoder.corpus_vectors(examples.corpus, self.encoder(model), self.device)[0][examples.rows]

    def mean_vectors(self, examples: Examples) -> NDArray[np.float32]:
        """The mean GloVe vector of each text, [n, 50]; words without a vector are left out of the mean."""
        return np.asarray(self._corpus_means(examples.corpus)[examples.rows], np.float32)

    def word_vectors(self, corpus: Corpus) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """The words of the corpus and `words_beyond` it that have a GloVe vector, and their vectors, [words, 50]."""
        glove = self._need_vectors()
        more = self.words_beyond(corpus)
        vectors = np.concatenate([glove.of(corpus)[0], glove.look_up(more)])
        known = np.flatnonzero(vectors.any(axis=1))
        words = [*corpus.words, *more]
        return tuple(words[i] for i in known), vectors[known]

    def _corpus_means(self, corpus: Corpus) -> NDArray[np.float32]:
        glove = self._need_vectors()

        def make() -> ArraysAndFacts:
            return {"means": ngrams.mean_vectors(corpus.tokens, *glove.of(corpus))}, {}

        return derived(corpus, "glove-means", cache_key(glove), make).array("means")

    def _need_vectors(self) -> WordVectors:
        if self.vectors is None:
            raise BenchError("the strategy did not ask for GloVe vectors", "in its file: NEEDS = {'glove'}")
        return self.vectors


def features_entry(base_key: str, vectors: WordVectors | None) -> tuple[str, list[object]]:
    """Name and key of a corpus's features by a base in the cache."""
    return "features", [base_key, key_of(vectors)]
