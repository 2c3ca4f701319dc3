"""How far a target's texts are from the source's, beside the gain that was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.domain_distance import DomainDistance
from bench.core.seeds import generator_for as generator
from bench.data.corpus import Corpus, Examples
from bench.runs.options import Options

TEXTS = 2_000  # of each side, at most, for the proxy A-distance
POINTS = 1_000  # of each side, at most, for the MMD


def measured(options: Options, say: Callable[[str], None], watch: Callable[[dict[str, Any]], None], *,
             progress: bool) -> list[DomainDistance]:
    """Load the sides and the base (trained where it is not there yet) and measure each target."""
    from bench.learning.networks.engines import engine
    from bench.learning.pretrain import pretrain
    from bench.learning.resources import Resources
    from bench.runs import inputs

    out = []
    find = inputs.find_for_net(options)
    for pair in inputs.for_targets(options, say, find, progress=progress, allow_same=True):
        source, target = pair.source, pair.target
        base = pretrain(pair.base_spec, options.cache_dir, watch)
        resources = Resources(engine(options.engine), pair.architecture, pair.base_spec.device, 0, base, pair.vectors)
        sides = [_some(side.data.corpus, side.split.pool, side.name) for side in (source, target)]
        features = [resources.features(_first(side)) for side in sides]
        out.append(DomainDistance(target.name, proxy_a(*_joint(*sides), (source.name, target.name)),
                                  *vocabulary(*sides), mmd(*features)))
    return out


def _some(corpus: Corpus, pool: NDArray[np.int64], name: str) -> Examples:
    """Texts drawn from a pool."""
    rows = generator("distance", name).permutation(pool)[:TEXTS]
    return Examples(corpus, np.sort(rows))


def _first(side: Examples) -> Examples:
    step = max(1, len(side) // POINTS)
    return Examples(side.corpus, side.rows[::step][:POINTS])


def _joint(source: Examples, target: Examples) -> tuple[Any, NDArray[np.int64]]:
    """Word counts of both sides in one space [n, words], and which side each text is from."""
    from scipy.sparse import csr_matrix, vstack

    from bench.data.text import word_counts

    words = {w: i for i, w in enumerate(dict.fromkeys([*source.corpus.words, *target.corpus.words]))}
    parts = []
    for side in (source, target):
        counts = word_counts(side.corpus.tokens.take(side.rows), len(side.corpus.words)).tocsr()
        place = np.array([words[w] for w in side.corpus.words])
        parts.append(csr_matrix((counts.data, place[counts.indices], counts.indptr), (counts.shape[0], len(words))))
    return vstack(parts).tocsr(), np.repeat([0, 1], [len(source), len(target)])


def proxy_a(counts: Any, side: NDArray[np.int64], names: Sequence[str]) -> float:
    """The proxy A-distance (Ben-David et al. 2007): from the balanced error of a linear classifier of the sides."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    order = generator("proxy-a", *names).permutation(len(side))
    linear = LogisticRegression(class_weight="balanced", max_iter=300)
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), linear)
    guess = cross_val_predict(model, counts[order], side[order], cv=StratifiedKFold(3))
    wrong = [(guess[side[order] == s] != s).mean() for s in (0, 1)]
    return float(max(0.0, 2.0 * (1.0 - 2.0 * np.mean(wrong))))


def vocabulary(source: Examples, target: Examples) -> tuple[float, float]:
    """Share of the target's running words that the source's texts have, and Jaccard's index of the two lists."""
    from bench.data.text import word_counts

    tables = []
    for side in (source, target):
        total = np.asarray(word_counts(side.corpus.tokens.take(side.rows), len(side.corpus.words)).sum(axis=0)).ravel()
        tables.append({w: int(total[i]) for i, w in enumerate(side.corpus.words) if total[i]})
    ours, theirs = tables
    both = ours.keys() & theirs.keys()
    return sum(theirs[w] for w in both) / max(1, sum(theirs.values())), len(both) / max(1, len(ours.keys() | theirs))


def mmd(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The squared maximum mean discrepancy (Gretton et al. 2012), unbiased, with a Gaussian kernel of median width."""
    from scipy.spatial.distance import cdist

    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    within, beyond, cross = cdist(x, x, "sqeuclidean"), cdist(y, y, "sqeuclidean"), cdist(x, y, "sqeuclidean")
    width = float(np.median(np.concatenate([within[np.triu_indices(len(x), 1)], beyond[np.triu_indices(len(y), 1)],
                                            cross.ravel()]))) or 1.0
    k, q, c = (np.exp(-d / width) for d in (within, beyond, cross))
    m, n = len(x), len(y)
    return float((k.sum() - m) / (m * (m - 1)) + (q.sum() - n) / (n * (n - 1)) - 2.0 * c.mean())


