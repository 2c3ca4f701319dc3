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
from bench.reproduce.measures.session import Measurement, NotTested, Session

RECIPE = Recipe(epochs=3, batch=64, learning_rate=1e-3)
LONGER = {"glove-cnn": 5}  # epochs
VALIDATION = 0.3  # of what the test set leaves
SENTENCE = "the movie was awesome. Loved it"
SHUFFLES = 1_000


def dense(session: Session) -> Measurement:
    """C1."""
    return _accuracy(session, "dense")


def cnn(session: Session) -> Measurement:
    """C2."""
    return _accuracy(session, "cnn")


def textcnn(session: Session) -> Measurement:
    """C3, and its lead over C1 seed by seed."""
    multi_width, plain = (_trained(session, net) for net in ("textcnn", "dense"))
    lead = [100 * (a.accuracy - b.accuracy) for a, b in zip(multi_width, plain, strict=True)]
    return replace(_accuracy(session, "textcnn"), figures={"accuracy": tuple(base.accuracy for base in multi_width),
                                                           "points over C1": tuple(lead)})


def glove_cnn(session: Session) -> Measurement:
    """C4."""
    return _accuracy(session, "glove-cnn")


def sentence(session: Session) -> Measurement:
    """The probability that the dense network gives the example sentence to be positive."""
    positive = []
    for base in _trained(session, "dense"):
        x, words = encode([SENTENCE])
        logits = engine(str(base.facts["engine"])).scores(base.net, base.params,
                                                          x.renumber(base.vocabulary.table(words)), "cpu")
        positive.append(float(softmax(logits)[0, 1]))
    return Measurement({"probability": tuple(positive)}, (), session.mxnet_or_torch())


def frozen_glove(session: Session) -> Measurement:
    """How much better a network with frozen GloVe vectors is than one with learned vectors, on the same texts."""
    domain, split = _data(session)
    truth = domain.data.y[split.test]
    points, only = [], np.zeros(2, np.int64)  # texts that only one of the two got right
    for glove, learned in zip(_trained(session, "glove-cnn"), _trained(session, "cnn"), strict=True):
        right = [_guesses(base, domain, split) == truth for base in (glove, learned)]
        points.append(100 * float(right[0].mean() - right[1].mean()))
        only += [(right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()]
    error = 100 * np.sqrt(only.sum()) / (len(truth) * len(points))  # of the difference, as in McNemar's test
    return Measurement({"points over learned": tuple(points)}, (
        f"Texts that only the GloVe network got right: {only[0]:,}; only the other: {only[1]:,}; over {len(points)} "
        f"seeds of {len(truth):,} texts; standard error {error:.2f} points.",), session.mxnet_or_torch())


def like_meaning(session: Session) -> Measurement:
    """How often a word's nearest neighbour in the plane of the 500 most frequent words is of like meaning."""
    from bench.explore import projection

    figures: dict[str, list[float]] = {}
    rng = np.random.default_rng(0)
    for base in _trained(session, "cnn"):
        words = base.vocabulary.words[:500]
        group = np.array([next((g for g, members in enumerate(SIMILAR_WORDS) if word in members), -1)
                          for word in words])
        chosen = np.flatnonzero(group >= 0)
        learned = base.params[EMBEDDING][[base.vocabulary.numbers[word] for word in words]]
        for name, vectors in (("", learned), ("GloVe: ", session.vectors().look_up(words))):
            points = projection.project(vectors, 0, "cosine")[chosen]
            agree = neighbour_agreement(points, group[chosen])
            shuffled = [neighbour_agreement(points, rng.permutation(group[chosen])) for _ in range(SHUFFLES)]
            figures.setdefault(f"{name}nearest is alike", []).append(agree)
            figures.setdefault(f"{name}by chance", []).append(float(np.mean(shuffled)))
            figures.setdefault(f"{name}p", []).append((1 + sum(s >= agree for s in shuffled)) / (1 + SHUFFLES))
    note = f"{len(chosen)} of the 500 words belong to one of our {len(SIMILAR_WORDS)} groups of similar meaning."
    return Measurement({name: tuple(values) for name, values in figures.items()}, (note,), session.mxnet_or_torch())


def gpu(session: Session) -> Measurement:
    """The share of training time that a GPU saves; the first epoch of C3, after a warm-up."""
    name = next((n for n in dict.fromkeys((session.mxnet_or_torch(), "torch")) if "cuda" in devices(n)), None)
    if name is None:
        raise NotTested("neither MXNet nor PyTorch finds a GPU on this machine")
    domain, split = _data(session)
    warm_up = replace(split, pool=split.pool[:640])
    seconds = {}
    for device in ("cpu", "cuda"):
        for part in (warm_up, split):
            base = session.trained("textcnn", domain, part, replace(RECIPE, epochs=1), name, device=device)
        seconds[device] = base.seconds
    return Measurement({"share of time saved": (1.0 - seconds["cuda"] / seconds["cpu"],),
                        "CPU seconds": (seconds["cpu"],), "GPU seconds": (seconds["cuda"],)}, (), name)


def _accuracy(session: Session, net: str) -> Measurement:
    bases = _trained(session, net)
    validation = tuple(base.facts["history"][-1]["validation_accuracy"] for base in bases)
    return Measurement({"accuracy": tuple(base.accuracy for base in bases), "validation accuracy": validation},
                       (f"{bases[0].facts['n_train']:,} training, {bases[0].facts['n_validation']:,} validation and "
                        f"{bases[0].facts['n_test']:,} test reviews.",), session.mxnet_or_torch())


def _trained(session: Session, net: str) -> list[Base]:
    """The network, for each seed."""
    domain, split = _data(session)
    recipe = replace(RECIPE, epochs=LONGER.get(net, RECIPE.epochs))
    return [session.trained(net, domain, split, recipe, session.mxnet_or_torch(), seed=seed, validation=VALIDATION)
            for seed in range(session.seeds)]


def _data(session: Session) -> tuple[Domain, Split]:
    """IMDB's training reviews, 30% of them the test set (seed 42, as scikit-learn splits)."""
    from sklearn.model_selection import train_test_split

    domain = session.data("imdb")
    pool, test_rows = train_test_split(np.flatnonzero(domain.data.split != 2), test_size=0.3, random_state=42)
    return domain, Split(np.sort(pool), np.sort(test_rows), 0, 0)


def _guesses(base: Base, domain: Domain, split: Split) -> NDArray[np.int64]:
    """The class that a network gives each text of the test set, [n]."""
    corpus = domain.data.corpus
    x: Ragged = corpus.tokens.take(split.test).renumber(base.vocabulary.table(corpus.words))
    return np.asarray(engine(str(base.facts["engine"])).scores(base.net, base.params, x, "cpu").argmax(axis=1))
