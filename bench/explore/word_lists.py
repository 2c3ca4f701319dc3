"""Word lists for pictures and claims: opinions in two lists, and groups of like meaning among frequent words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for

RIDGE = 10.0  # of the cut that leaves words out; vectors have unit variance


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Each list begins with the words that tutorial A names; the others are ours, chosen without looking at any vector.
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
LIKE_MEANING: Sequence[frozenset[str]] = tuple(frozenset(line.split()) for line in """
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


def nearest_agree(points: NDArray[np.float32], groups: NDArray[np.int64]) -> float:
    """The share of points [n, d] whose nearest other point is of the same group [n]."""
    square = (points.astype(np.float64) ** 2).sum(axis=1)
    distance = square[:, None] + square[None] - 2.0 * points.astype(np.float64) @ points.astype(np.float64).T
    np.fill_diagonal(distance, np.inf)
    return float((groups[distance.argmin(axis=1)] == groups).mean())


@dataclass(frozen=True)
class Separation:
    """How well a straight cut tells two lists of words apart, as shares of the words."""

    plain: float  # the cut may see every word: nearly 1 for any 100 points in 64 dimensions
    left_out: float  # each word judged by a cut that did not see it
    shuffled_plain: float  # the same with the lists shuffled, which is chance
    shuffled_left_out: float


def separation(x: NDArray[np.float32], y: NDArray[np.int64], *names: object) -> Separation:
    """Linear separability of vectors x [n, d] by list y [n] (0 or 1), beside that of shuffled lists."""
    scaled = (x - x.mean(axis=0)) / (x.std() + 1e-9)
    rng = generator_for("shuffled lists", *names)
    chance = [_cut(scaled, rng.permutation(y)) for _ in range(3)]
    return Separation(*_cut(scaled, y), *np.mean(chance, axis=0).tolist())


def _cut(x: NDArray[np.float32], y: NDArray[np.int64]) -> tuple[float, float]:
    """The shares for a support vector machine that sees all, and for ridge regression that leaves each word out."""
    from sklearn.svm import SVC

    plain = SVC(kernel="linear", C=100.0).fit(x, y)  # a larger C takes minutes where no cut exists
    design = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    penalty = RIDGE * np.diag([1.0] * x.shape[1] + [0.0])  # the constant is free
    hat = design @ np.linalg.solve(design.T @ design + penalty, design.T)  # predictions are hat @ truth
    sides = 2.0 * y - 1.0
    own = np.diag(hat)
    left_out = (hat @ sides - own * sides) / (1.0 - own)  # what a fit without the word says of it
    return float((plain.predict(x) == y).mean()), float((left_out * sides > 0).mean())
