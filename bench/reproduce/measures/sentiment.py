"""Tutorial C: dense, convolutional, multi-width and GloVe networks on half of IMDB's training reviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.data.text import Ragged, encode
from bench.explore.word_lists import SIMILAR_WORDS, neighbour_agreement
from bench.learning.networks.architectures import EMBEDDING
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines import devices, engine
from bench.learning.pretrain import Base
from bench.protocol.domain import Domain
from bench.protocol.metrics import softmax
from bench.protocol.split import Split
from bench.reproduce.measures.workplace import Measured, NotTested, Workplace

SPEC = Recipe(epochs=3, batch=64, learning_rate=1e-3)
LONGER = {"glove-cnn": 5}  # epochs
VALIDATION = 0.3  # of what the test leaves
SENTENCE = "the movie was awesome. Loved it"
SHUFFLES = 1_000


def dense(place: Workplace) -> Measured:
    """C1."""
    return _accuracy(place, "dense")


def cnn(place: Workplace) -> Measured:
    """C2."""
    return _accuracy(place, "cnn")


def textcnn(place: Workplace) -> Measured:
    """C3, and its lead over C1 seed by seed."""
    ours, theirs = (_nets(place, name) for name in ("textcnn", "dense"))
    lead = [100 * (a.accuracy - b.accuracy) for a, b in zip(ours, theirs, strict=True)]
    return replace(_accuracy(place, "textcnn"), figures={"accuracy": tuple(b.accuracy for b in ours),
                                                         "points over C1": tuple(lead)})


def glove_cnn(place: Workplace) -> Measured:
    """C4."""
    return _accuracy(place, "glove-cnn")


def sentence(place: Workplace) -> Measured:
    """The probability that the dense net gives the example sentence to be positive."""
    found = []
    for base in _nets(place, "dense"):
        x, words = encode([SENTENCE])
        logits = engine(str(base.facts["engine"])).scores(base.net, base.params,
                                                          x.renumber(base.vocabulary.table(words)), "cpu")
        found.append(float(softmax(logits)[0, 1]))
    return Measured({"probability": tuple(found)}, (), place.mxnet_or_torch())


def frozen_glove(place: Workplace) -> Measured:
    """How much better the net with frozen GloVe vectors is than the same net with learned ones, on the same texts."""
    data, split = _data(place)
    truth = data.data.y[split.test]
    points, wins = [], np.zeros(2, np.int64)
    for glove, learned in zip(_nets(place, "glove-cnn"), _nets(place, "cnn"), strict=True):
        right = [_guesses(base, data, split) == truth for base in (glove, learned)]
        points.append(100 * float(right[0].mean() - right[1].mean()))
        wins += [(right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()]
    error = 100 * np.sqrt(wins.sum()) / (len(truth) * len(points))  # of the difference, as in McNemar's test
    return Measured({"points over learned": tuple(points)}, (
        f"Texts that only the GloVe net got right: {wins[0]:,}, only the other: {wins[1]:,}, over {len(points)} seeds "
        f"of {len(truth):,} texts; standard error {error:.2f} points.",), place.mxnet_or_torch())


def like_meaning(place: Workplace) -> Measured:
    """How often a word's nearest neighbour in the plane of the 500 most frequent words is of like meaning."""
    from bench.explore import projection

    figures: dict[str, list[float]] = {}
    rng = np.random.default_rng(0)
    for base in _nets(place, "cnn"):
        words = base.vocabulary.words[:500]
        group = np.array([next((g for g, own in enumerate(SIMILAR_WORDS) if word in own), -1) for word in words])
        chosen = np.flatnonzero(group >= 0)
        learned = base.params[EMBEDDING][[base.vocabulary.numbers[word] for word in words]]
        for name, vectors in (("", learned), ("GloVe: ", place.vectors().look_up(words))):
            at = projection.project(vectors, 0, "cosine")[chosen]
            agree = neighbour_agreement(at, group[chosen])
            shuffled = [neighbour_agreement(at, rng.permutation(group[chosen])) for _ in range(SHUFFLES)]
            figures.setdefault(f"{name}nearest is alike", []).append(agree)
            figures.setdefault(f"{name}by chance", []).append(float(np.mean(shuffled)))
            figures.setdefault(f"{name}p", []).append((1 + sum(s >= agree for s in shuffled)) / (1 + SHUFFLES))
    note = f"{len(chosen)} of the 500 words belong to one of our {len(SIMILAR_WORDS)} groups of like meaning."
    return Measured({name: tuple(values) for name, values in figures.items()}, (note,), place.mxnet_or_torch())


def gpu(place: Workplace) -> Measured:
    """The share of training time that a GPU saves; the first epoch of C3, after a warm-up."""
    name = next((n for n in ("mxnet", "torch") if n == place.mxnet_or_torch() or n == "torch"
                 if "cuda" in devices(n)), None)
    if name is None:
        raise NotTested("no GPU on this machine answers to MXNet or PyTorch")
    data, split = _data(place)
    warm = replace(split, pool=split.pool[:640])
    seconds = {}
    for device in ("cpu", "cuda"):
        for part in (warm, split):
            base = place.trained("textcnn", data, part, replace(SPEC, epochs=1), name, device=device)
        seconds[device] = base.seconds
    return Measured({"share of time saved": (1.0 - seconds["cuda"] / seconds["cpu"],),
                     "CPU seconds": (seconds["cpu"],), "GPU seconds": (seconds["cuda"],)}, (), name)


def _accuracy(place: Workplace, net: str) -> Measured:
    nets = _nets(place, net)
    held = tuple(base.facts["history"][-1]["validation_accuracy"] for base in nets)
    return Measured({"accuracy": tuple(base.accuracy for base in nets), "validation accuracy": held},
                    (f"{nets[0].facts['n_train']:,} training, {nets[0].facts['n_validation']:,} validation and "
                     f"{nets[0].facts['n_test']:,} test reviews.",), place.mxnet_or_torch())


def _nets(place: Workplace, net: str) -> list[Base]:
    """The net for each seed."""
    data, split = _data(place)
    spec = replace(SPEC, epochs=LONGER.get(net, SPEC.epochs))
    return [place.trained(net, data, split, spec, place.mxnet_or_torch(), seed=seed, validation=VALIDATION)
            for seed in range(place.seeds)]


def _data(place: Workplace) -> tuple[Domain, Split]:
    """IMDB's training reviews, 30% of them the test (seed 42, as scikit-learn splits)."""
    from sklearn.model_selection import train_test_split

    loaded = place.data("imdb")
    pool, test_rows = train_test_split(np.flatnonzero(loaded.data.split != 2), test_size=0.3, random_state=42)
    return loaded, Split(np.sort(pool), np.sort(test_rows), 0, 0)


def _guesses(base: Base, data: Domain, split: Split) -> NDArray[np.int64]:
    corpus = data.data.corpus
    x: Ragged = corpus.tokens.take(split.test).renumber(base.vocabulary.table(corpus.words))
    return np.asarray(engine(str(base.facts["engine"])).scores(base.net, base.params, x, "cpu").argmax(axis=1))
