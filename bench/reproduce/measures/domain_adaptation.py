"""The Amazon reviews of the DANN paper (Ganin et al. 2016, table 1): its features and its split, with its figures.

The authors published their features: counts of 5,000 words and word pairs, 2,000 labelled texts per domain to train on,
3,586 to 5,945 to test with. Methods here see what theirs saw: the source's labelled texts, and the target's training
texts without labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.reproduce.measures.adaptation_methods import METHODS, Pair
from bench.reproduce.measures.session import Measurement, NotTested, Session

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDER = "ganin-amazon"
DOMAINS = ("books", "dvd", "electronics", "kitchen")
FEATURES = 5000

# Accuracy per pair as published: table 1 of the paper (SVM, network, DANN, and SVM and DANN on mSDA), and WDGRL
# (Shen et al. 2018), whose settings were chosen with labels of the target.
PUBLISHED: Mapping[str, tuple[float, ...]] = {
    "SVM": (.799, .748, .769, .743, .748, .746, .705, .726, .847, .707, .736, .842),
    "network": (.790, .747, .778, .720, .732, .778, .709, .733, .854, .708, .739, .841),
    "DANN": (.784, .733, .779, .723, .754, .783, .713, .738, .854, .709, .740, .843),
    "mSDA + SVM": (.830, .766, .821, .826, .739, .842, .762, .770, .847, .769, .788, .861),
    "mSDA + DANN": (.829, .804, .843, .825, .809, .849, .774, .781, .881, .718, .789, .856),
    "WDGRL": (.831, .833, .855, .807, .836, .862, .772, .783, .882, .772, .799, .863),
}


def dann_table(session: Session) -> Measurement:
    """The mean accuracy of each method over the twelve pairs, ours beside the published ones."""
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import TfidfTransformer

    folder = _folder(session)
    parts = {(name, part): _read(folder / f"{name}-{part}.svmlight.xz") for name in DOMAINS
             for part in ("train", "test")}
    ours: dict[str, list[list[float]]] = {name: [[] for _ in range(session.seeds)] for name in METHODS}
    for source, target in permutations(DOMAINS, 2):
        (x, y), (unlabelled, _), (test, truth) = parts[source, "train"], parts[target, "train"], parts[target, "test"]
        weighting = TfidfTransformer(sublinear_tf=True).fit(vstack([x, unlabelled]))
        for seed in range(session.seeds):
            pair = Pair(weighting.transform(x), y, weighting.transform(unlabelled), weighting.transform(test), seed)
            for name, method in METHODS.items():
                ours[name][seed].append(float((method(pair) == truth).mean()))
        session.say(f"  {source} to {target}: " + ", ".join(
            f"{name} {np.mean([by_pair[-1] for by_pair in seeds]):.3f}" for name, seeds in ours.items()))
    figures = {name: tuple(float(np.mean(by_pair)) for by_pair in seeds) for name, seeds in ours.items()}
    figures |= {f"published: {name}": (float(np.mean(values)),) for name, values in PUBLISHED.items()}
    return Measurement(figures, tuple(_notes(ours)))


def _notes(ours: Mapping[str, list[list[float]]]) -> list[str]:
    """The figures of each pair."""
    rows = {**{name: np.mean(seeds, axis=0) for name, seeds in ours.items()}, **PUBLISHED}
    letters = [f"{a[0].upper()}→{b[0].upper()}" for a, b in permutations(DOMAINS, 2)]
    return ["Pairs, in this order: " + ", ".join(letters) + "."] + [
        f"{name}: {' '.join(f'{value:.3f}'.lstrip('0') for value in values)}" for name, values in rows.items()]


def _folder(session: Session) -> Path:
    """The authors' files in the data folder; `NotTested` says where they are to be put."""
    data = session.options.data_dir
    folder = None if data is None else data / FOLDER
    if folder is None or not folder.is_dir():
        raise NotTested(f"no {FOLDER}/ in --data-dir: it holds the authors' files, DOMAIN-train.svmlight.xz and "
                        f"DOMAIN-test.svmlight.xz for {', '.join(DOMAINS)} (docs/data-files.md)")
    return folder


def _read(path: Path) -> tuple[csr_matrix, NDArray[np.int64]]:
    """Counts [n, 5000] and classes [n] of one file; `BenchError` where it is missing or holds something else."""
    import io
    import lzma

    from sklearn.datasets import load_svmlight_file

    try:
        x, y = load_svmlight_file(io.BytesIO(lzma.decompress(path.read_bytes())), n_features=FEATURES, zero_based=True)
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror or error}", "copy it there again") from None
    except (lzma.LZMAError, ValueError) as error:
        raise BenchError(f"{path} is no svmlight file of {FEATURES:,} counts packed by xz: {error}",
                         "copy it there again") from None
    if set(np.unique(y)) != {-1.0, 1.0}:
        raise BenchError(f"{path}: its labels are not -1 and 1", "copy it there again")
    return x, (y > 0).astype(np.int64)
