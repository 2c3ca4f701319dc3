"""How far a target's texts are from the source's, beside the gain that was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.scores import LEVEL, Array, Interval
from bench.analysis.study import Study
from bench.core.seeds import draw as generator
from bench.data.corpus import Corpus, Examples
from bench.protocol.trial import Budget
from bench.runs.options import Options

TEXTS = 2_000  # of each side, at most, for the proxy A-distance
POINTS = 1_000  # of each side, at most, for the MMD
FEWEST = 5  # targets, under which no correlation is given
DRAWS = 2_000


@dataclass(frozen=True)
class Distance:
    """A target's distance from a source; all are symmetric draws of training texts, no label is used."""

    target: str
    proxy_a: float  # 2 (1 - 2 error) of a linear classifier that tells the sides apart: 0 alike, 2 told apart always
    known: float  # share of the target's running words that the source has
    shared: float  # share of the words of either that both have (Jaccard)
    mmd: float  # squared maximum mean discrepancy of the base's features, unbiased: about 0 for the same texts


@dataclass(frozen=True)
class Beside:
    """A distance and the gain at one cell; None where there is none."""

    distance: Distance
    gain: Interval | None  # points over scratch


@dataclass(frozen=True)
class Table:
    """Distances and gains over targets, and how their ranks go together (None below five targets)."""

    source: str
    baseline: str
    budget: Budget
    rows: tuple[Beside, ...]
    correlations: dict[str, Interval | None]  # Spearman's, by distance


def measured(options: Options, say: Callable[[str], None], watch: Callable[[dict[str, Any]], None], *,
             progress: bool) -> list[Distance]:
    """Load the sides and the base (trained where it is not there yet) and measure each target."""
    from dataclasses import replace

    from bench.learning.networks.architectures import named
    from bench.learning.networks.engines import engine
    from bench.learning.pretrain import pretrain
    from bench.learning.resources import Resources
    from bench.protocol.trial import without_exam
    from bench.runs import options as suite

    access = suite.access_for(options, say, progress=progress)
    net = named(options.net, options.preset)
    source = suite.load(options.source, options, access, say)
    vectors = suite.glove(access, say) if net.glove != "no" else None
    out = []
    for name in options.targets:
        target = suite.load(name, options, access, say)
        clean = without_exam(source.data, source.division, target.data, target.division.exam)
        order = suite.base_order(options, replace(source, division=clean), net, vectors)
        base = pretrain(order, options.cache_dir, watch)
        resources = Resources(engine(options.engine), net, order.device, 0, base, vectors)
        sides = [_some(source.data.corpus, clean.pool, source.name), _some(target.data.corpus, target.division.pool,
                                                                          target.name)]
        features = [resources.features(_first(side)) for side in sides]
        out.append(Distance(target.name, proxy_a(*_joint(*sides), (source.name, target.name)),
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

    from bench.learning.features.ngrams import word_counts

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
    from bench.learning.features.ngrams import word_counts

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


def keep(folder: Path, source: str, found: Sequence[Distance]) -> Path:
    """Write the distances from a source into `distances/SOURCE.json` of a results folder, beside those kept before."""
    import json
    import re
    from dataclasses import asdict

    from bench.report.tables import save

    name = re.sub(r"[^A-Za-z0-9.-]+", "-", source.partition("@")[0])
    before = {d.target: d for d in kept(folder).get(source, ())}
    rows = {**before, **{d.target: d for d in found}}
    body = {"source": source, "distances": [asdict(rows[t]) for t in sorted(rows)]}
    return save(folder / "distances" / f"{name}.json", json.dumps(body, indent=1) + "\n")


def kept(folder: Path) -> dict[str, list[Distance]]:
    """The distances kept in a results folder, by source; a file that does not hold any is left out."""
    import json

    out: dict[str, list[Distance]] = {}
    for path in sorted((folder / "distances").glob("*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            rows = [Distance(str(r["target"]), *(float(r[k]) for k in NAMES)) for r in body["distances"]]
            out[str(body["source"])] = rows
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return out


def beside(found: Sequence[Distance], studies: Sequence[Study], source: str, baseline: str, budget: Budget) -> Table:
    """The distances with the measured gains, and rank correlations over the targets that have both."""
    gains: dict[str, Interval] = {}
    for study in studies:
        standing = study.at(budget)
        if standing is not None and study.board.source.split("@")[0] == source.split("@")[0]:
            own = next((r.gain for r in standing.rows if r.baseline == baseline), None)
            if own is not None:
                gains[study.board.target] = own
    rows = tuple(Beside(d, gains.get(d.target)) for d in found)
    both = [(r.distance, r.gain.estimate) for r in rows if r.gain is not None]
    correlations = {name: spearman(np.array([getattr(d, name) for d, _ in both]), np.array([g for _, g in both]))
                    for name in ("proxy_a", "known", "shared", "mmd")}
    return Table(source, baseline, budget, rows, correlations)


def spearman(x: Array, y: Array) -> Interval | None:
    """Spearman's rank correlation with a bootstrap interval; None below five pairs or where one side is constant."""
    from scipy.stats import rankdata

    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    rng = generator("spearman", len(x))
    rows = np.concatenate([np.arange(len(x))[None], rng.integers(len(x), size=(DRAWS, len(x)))])
    a, b = (rankdata(v[rows], axis=1) for v in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    r = (a * b).sum(axis=1)[norm > 0] / norm[norm > 0]
    low, high = np.quantile(r[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(r[0]), float(low), float(high))


def title(found: Table) -> str:
    """One line that says what is compared."""
    return f"distance from {found.source}, and gain of {found.baseline} at {found.budget} labels"


def table(found: Table) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of text, the nearest target first."""
    head = ["target", "proxy A", "known words", "shared words", "MMD²", "gain [95%]"]
    body = []
    for r in sorted(found.rows, key=lambda r: r.distance.proxy_a):
        d = r.distance
        gain = "–" if r.gain is None else f"{r.gain.estimate:+.1f} [{r.gain.low:+.1f} {r.gain.high:+.1f}]"
        body.append([d.target, f"{d.proxy_a:.2f}", f"{d.known:.1%}", f"{d.shared:.1%}", f"{d.mmd:.4f}", gain])
    return head, body


NAMES = {"proxy_a": "proxy A-distance", "known": "known words", "shared": "shared words", "mmd": "MMD²"}


def notes(found: Table) -> list[str]:
    """What the columns mean, and whether the distance tells the gain."""
    lines = ["proxy A: 0 the sides look alike, 2 a linear classifier always tells them apart; known words: share of "
             "the target's running words that the source has; MMD²: of the base's features."]
    with_gain = sum(r.gain is not None for r in found.rows)
    for name, r in found.correlations.items():
        if r is not None:
            sure = "" if 0.0 not in r else ": not told from none"
            lines.append(f"Spearman of the gain with {NAMES[name]}: {r.estimate:+.2f} [{r.low:+.2f} {r.high:+.2f}] "
                         f"over {with_gain} targets{sure}.")
    if with_gain < FEWEST:
        lines.append(f"{with_gain} target(s) with a gain at these labels: a rank correlation needs {FEWEST} or more.")
    return lines


MARKERS = "os^DvP<>X*"


def draw(found: Table, stem: Path) -> list[Path]:
    """Gain over proxy A-distance, a point a target, as .png, .svg and .pdf."""
    from bench.report.diagrams import canvas, save

    figure, axes = canvas(6.6, 4.0)
    for i, r in enumerate(r for r in found.rows if r.gain is not None):
        assert r.gain is not None
        error = [[r.gain.estimate - r.gain.low], [r.gain.high - r.gain.estimate]]
        axes.errorbar(r.distance.proxy_a, r.gain.estimate, error, fmt=MARKERS[i % len(MARKERS)], color=f"C{i % 10}",
                      elinewidth=0.8, label=r.distance.target.split("@")[0])
    # names beside the points collide
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.axhline(0.0, color="0.7", linewidth=1)
    axes.set(xlabel="proxy A-distance from the source", ylabel="gain in points [95%]")
    axes.set_title(title(found), fontsize="medium", loc="left")
    return save(figure, stem)
