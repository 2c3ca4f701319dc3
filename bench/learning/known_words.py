"""How many of the words of some texts are known already: few where the texts are in another language than the source.

Among the words of IMDB's reviews are 90 to 99% of the running words of English reviews and newsgroup posts, 60 to 66%
of chat and of badly misspelt English, at most 56% of French, Spanish and German, 10% of Turkish, none of Russian or
Chinese. GloVe is no measure: its 400,000 words hold 85% of a French text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bench.data.corpus import Corpus, Examples
from bench.data.tokens import tokens
from bench.learning.adaptation.ngrams import pool_of
from bench.learning.resources import Resources
from bench.protocol.trial import Trial

FEW = 0.6  # of a target's words in the source: below it the texts are hardly in the source's language
FEW_OF_MODEL = 0.2  # of new texts' words in a model, which may know only the words of a few labelled texts
SEEN = 2  # times that a word occurs in the source, so that a network learns it


def known_share(target: Examples, source: Corpus) -> float:
    """The share of the target's running words that the source's texts hold; 1 where the target has none.

    Numbers, emoji and marks do not count: they are the same in every language.
    """
    corpus, ids = target.corpus, target.corpus.tokens.take(target.rows).ids
    seen = np.bincount(source.tokens.ids, minlength=len(source.words)) >= SEEN
    known_words = {word for word, often in zip(source.words, seen, strict=True) if often}
    counts = np.bincount(ids, minlength=len(corpus.words))
    is_word = np.array([word[0].isalpha() for word in corpus.words], bool)
    known = np.array([word in known_words for word in corpus.words], bool)
    return float(counts[is_word & known].sum() / counts[is_word].sum()) if counts[is_word].any() else 1.0


def in_the_sources_language(trial: Trial, resources: Resources) -> bool:
    """Whether the source holds most words of a trial's pool, labelled or not; needs the source's linear model."""
    return known_share(pool_of(trial), resources.need_source_linear().examples.corpus) >= FEW


def known_share_of_texts(texts: Sequence[str], words: Collection[str]) -> float:
    """The share of the running words of cleaned texts that are among `words`; 1 where the texts have none."""
    found = [token in words for text in texts for token in tokens(text) if token[0].isalpha()]
    return sum(found) / len(found) if found else 1.0
