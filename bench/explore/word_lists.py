"""Word lists for maps and claims: positive and negative words, and groups of frequent words with similar meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for

RIDGE = 10.0  # penalty of the linear classifier that leaves words out; vectors have unit variance


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Each list begins with the words that tutorial A names; the others were chosen without looking at any vector.
POSITIVE = _list("""
excellent loved fun perfect wonderful amazing great superb brilliant fantastic enjoyable beautiful best favorite
delightful charming outstanding touching moving funny hilarious incredible terrific masterpiece perfectly love
enjoyed beautifully powerful gem awesome refreshing superbly captivating engaging magnificent unforgettable
stunning marvelous impressive flawless gripping recommended splendid heartwarming exceptional remarkable
satisfying finest delight
""")
NEGATIVE = _list("""
bad mess pointless disappointment poorly terrible awful worst boring waste horrible dull stupid lame ridiculous
annoying disappointing poor badly crap garbage pathetic unfunny laughable worse mediocre tedious bland lousy
dreadful painful avoid fails failed wasted unwatchable atrocious predictable weak cheap uninteresting bored
forgettable ludicrous idiotic disgusting rubbish pretentious lacks trash
""")

# Chosen by meaning and grammar among words that nearly every English corpus of reviews holds often.
SIMILAR_WORDS: Sequence[frozenset[str]] = tuple(frozenset(line.split()) for line in """
movie film movies films
show series episode tv
actor actors actress cast
acting performance performances role roles
character characters
story plot script
music song songs
scene scenes shot shots
director directed
good great excellent wonderful perfect amazing best
bad worst terrible awful horrible poor worse
boring stupid
funny comedy humor laugh
man guy boy men
woman girl women lady
father mother son daughter brother family wife
he him his himself
she her
i me my myself
we us our
they them their
is was are were be been
has have had
do does did
could would should might
one two three four
year years
day night days
minutes hour hours time
think thought believe know
see watch seen watched watching
love loved
never ever always
however although though but
start end beginning ending
""".strip().splitlines())


def neighbour_agreement(points: NDArray[np.float32], groups: NDArray[np.int64]) -> float:
    """The share of points [n, d] whose nearest other point is in the same group [n]."""
    square = (points.astype(np.float64) ** 2).sum(axis=1)
    distance = square[:, None] + square[None] - 2.0 * points.astype(np.float64) @ points.astype(np.float64).T
    np.fill_diagonal(distance, np.inf)
    return float((groups[distance.argmin(axis=1)] == groups).mean())


@dataclass(frozen=True)
class Separation:
    """The shares of words that a linear classifier puts into the right one of two lists."""

    plain: float  # of words that it was trained on: nearly 1 for any 100 points in 64 dimensions
    left_out: float  # each word by a classifier that was trained on all others
    shuffled_plain: float  # the same with the lists shuffled, which is chance
    shuffled_left_out: float


def separation(x: NDArray[np.float32], y: NDArray[np.int64], *names: object) -> Separation:
    """How well vectors x [n, d] can be separated by their list y [n] (0 or 1), and how well with shuffled lists."""
    scaled = (x - x.mean(axis=0)) / (x.std() + 1e-9)
    rng = generator_for("shuffled lists", *names)
    chance = [_shares(scaled, rng.permutation(y)) for _ in range(3)]
    return Separation(*_shares(scaled, y), *np.mean(chance, axis=0).tolist())


def _shares(x: NDArray[np.float32], y: NDArray[np.int64]) -> tuple[float, float]:
    """The share for a support vector machine trained on all words, and for ridge regression with each left out."""
    from sklearn.svm import SVC

    plain = SVC(kernel="linear", C=100.0).fit(x, y)  # a larger C takes minutes where the lists cannot be separated
    design = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    penalty = RIDGE * np.diag([1.0] * x.shape[1] + [0.0])  # the constant is free
    hat = design @ np.linalg.solve(design.T @ design + penalty, design.T)  # predictions are hat @ truth
    truth = 2.0 * y - 1.0
    leverage = np.diag(hat)
    left_out = (hat @ truth - leverage * truth) / (1.0 - leverage)  # what a fit without the word predicts for it
    return float((plain.predict(x) == y).mean()), float((left_out * truth > 0).mean())
