"""Measure how far the texts of a target are from those of a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.domain_distance import DomainDistance
from bench.core.seeds import generator_for as generator
from bench.data.corpus import Corpus, Examples
from bench.runs.options import Options

TEXTS = 2_000  # per side at most, for the proxy A-distance and the vocabulary
POINTS = 1_000  # per side at most, for the MMD


def measure_distances(options: Options, say: Callable[[str], None], watch: Callable[[dict[str, Any]], None], *,
                      progress: bool) -> list[DomainDistance]:
    """Load the data, train the base or take it from the cache, and measure each target."""
    from bench.learning.networks.engines import engine
    from bench.learning.pretrain import pretrain
    from bench.learning.resources import Resources
    from bench.runs import inputs

    distances = []
    find = inputs.find_for_net(options)
    for pair in inputs.for_targets(options, say, find, progress=progress, allow_same=True):
        source, target = pair.source, pair.target
        base = pretrain(pair.base_spec, options.cache_dir, watch)
        resources = Resources(engine(options.engine), pair.architecture, pair.base_spec.device, 0, base, pair.vectors)
        sides = [_sample(side.data.corpus, side.split.pool, side.name) for side in (source, target)]
        features = [resources.features(_thinned(side)) for side in sides]
        proxy_a = proxy_a_distance(*_joint_counts(*sides), (source.name, target.name))
        distances.append(DomainDistance(target.name, proxy_a, *vocabulary_overlap(*sides), mmd(*features)))
    return distances


def _sample(corpus: Corpus, pool: NDArray[np.int64], name: str) -> Examples:
    """At most `TEXTS` texts, drawn from a pool."""
    rows = generator("distance", name).permutation(pool)[:TEXTS]
    return Examples(corpus, np.sort(rows))


def _thinned(side: Examples) -> Examples:
    """At most `POINTS` texts, evenly spaced."""
    step = max(1, len(side) // POINTS)
    return Examples(side.corpus, side.rows[::step][:POINTS])


def _joint_counts(source: Examples, target: Examples) -> tuple[Any, NDArray[np.int64]]:
    """Word counts of both sides over one vocabulary [n, words], and the side of each text [n]: 0 source, 1 target."""
    from scipy.sparse import csr_matrix, vstack

    from bench.data.text import word_counts

    columns = {word: i for i, word in enumerate(dict.fromkeys([*source.corpus.words, *target.corpus.words]))}
    parts = []
    for side in (source, target):
        counts = word_counts(side.corpus.tokens.take(side.rows), len(side.corpus.words)).tocsr()
        column = np.array([columns[word] for word in side.corpus.words])
        shape = (counts.shape[0], len(columns))
        parts.append(csr_matrix((counts.data, column[counts.indices], counts.indptr), shape))
    return vstack(parts).tocsr(), np.repeat([0, 1], [len(source), len(target)])


def proxy_a_distance(counts: Any, side: NDArray[np.int64], names: Sequence[str]) -> float:
    """The proxy A-distance (Ben-David et al. 2007) of two sides, from word counts [n, words] and sides [n].

    It is 2 (1 - 2 error), with the balanced error of a linear classifier that tells the sides apart: 0 to 2.
    """
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    order = generator("proxy-a", *names).permutation(len(side))
    linear = LogisticRegression(class_weight="balanced", max_iter=300)
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), linear)
    guess = cross_val_predict(model, counts[order], side[order], cv=StratifiedKFold(3))
    errors = [(guess[side[order] == s] != s).mean() for s in (0, 1)]
    return float(max(0.0, 2.0 * (1.0 - 2.0 * np.mean(errors))))


def vocabulary_overlap(source: Examples, target: Examples) -> tuple[float, float]:
    """Share of the target's tokens whose word the source's texts have, and Jaccard index of the two vocabularies."""
    from bench.data.text import word_counts

    counts: list[dict[str, int]] = []
    for side in (source, target):
        total = np.asarray(word_counts(side.corpus.tokens.take(side.rows), len(side.corpus.words)).sum(axis=0)).ravel()
        counts.append({word: int(total[i]) for i, word in enumerate(side.corpus.words) if total[i]})
    of_source, of_target = counts
    shared = of_source.keys() & of_target.keys()
    known = sum(of_target[word] for word in shared) / max(1, sum(of_target.values()))
    return known, len(shared) / max(1, len(of_source.keys() | of_target.keys()))


def mmd(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The squared maximum mean discrepancy (Gretton et al. 2012) of features [m, d] and [n, d].

    Unbiased, with a Gaussian kernel whose width is the median distance.
    """
    from scipy.spatial.distance import cdist

    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    xx, yy, xy = cdist(x, x, "sqeuclidean"), cdist(y, y, "sqeuclidean"), cdist(x, y, "sqeuclidean")
    m, n = len(x), len(y)
    pairs = np.concatenate([xx[np.triu_indices(m, 1)], yy[np.triu_indices(n, 1)], xy.ravel()])
    width = float(np.median(pairs)) or 1.0
    kernel_xx, kernel_yy, kernel_xy = (np.exp(-distance / width) for distance in (xx, yy, xy))
    return float((kernel_xx.sum() - m) / (m * (m - 1)) + (kernel_yy.sum() - n) / (n * (n - 1)) - 2.0 * kernel_xy.mean())
