"""From many dimensions to two that can be drawn: principal components, and t-SNE (van der Maaten & Hinton 2008)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import MissingExtra
from bench.core.seeds import seed_for

COMPONENTS = 20  # of the features of texts, before t-SNE


@dataclass(frozen=True)
class PrincipalComponents:
    """Points by their principal components, and the share of the variance that these explain."""

    points: NDArray[np.float32]  # [n, components]
    explained: float  # 0 to 1


def principal_components(x: NDArray[np.float32], most: int = COMPONENTS) -> PrincipalComponents:
    """The first `most` principal components of x [n, d]; fewer where x has fewer."""
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = vectors[:, ::-1][:, :most]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # the same on every machine
    total = float(values.clip(0.0).sum())
    explained = float(values[::-1][:most].sum()) / total if total else 1.0
    return PrincipalComponents((centred @ axes).astype(np.float32), explained)


def project(x: NDArray[np.float32], seed: int = 0, metric: str = "euclidean") -> NDArray[np.float32]:
    """t-SNE of x [n, d] to [n, 2]; one thread, so that the same seed gives the same picture on every machine."""
    try:
        from openTSNE import TSNE
    except ImportError:
        raise MissingExtra("openTSNE, which computes the projection,", "report") from None
    perplexity = min(30.0, max(2.0, (len(x) - 1) / 3.5))
    tsne = TSNE(perplexity=perplexity, metric=metric, random_state=seed_for("t-SNE", seed) >> 1, n_jobs=1)
    return np.asarray(tsne.fit(x), np.float32)
