"""Tutorial E: a bidirectional LSTM on IMDB and what its hidden layer shows."""

from __future__ import annotations

import numpy as np

from bench.explore import projection
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base
from bench.protocol.split import Split
from bench.reproduce.measures.session import Measurement, Session

RECIPE = Recipe(epochs=4, batch=32, learning_rate=1e-3)  # Keras's defaults
SHOWN = 5_000  # texts in the plane
NEIGHBOURS = 10


def bilstm(session: Session) -> Measurement:
    """F1 on the 25,000 test reviews."""
    bases = _trained(session)
    return Measurement({"macro F1": tuple(float(base.facts["macro_f1"]) for base in bases),
                        "accuracy": tuple(base.accuracy for base in bases),
                        "validation accuracy": tuple(base.facts["history"][-1]["validation_accuracy"]
                                                     for base in bases)},
                       (f"{bases[0].facts['n_train']:,} training, {bases[0].facts['n_validation']:,} validation and "
                        f"{bases[0].facts['n_test']:,} test reviews.",), "torch")


def hidden_features(session: Session) -> Measurement:
    """The features' shape, what 20 components keep, and how well the classes are separated in the plane."""
    from sklearn.metrics import silhouette_score
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    data, split = session.data("imdb").data, _split(session)
    figures: dict[str, list[float]] = {}
    for seed, base in enumerate(_trained(session)):
        x = data.corpus.tokens.take(split.test).renumber(base.vocabulary.table(data.corpus.words))
        features = engine("torch").features(base.net, base.params, x, "cpu")
        reduced = projection.principal_components(features)
        points = projection.project(reduced.points[:SHOWN], seed)
        y = data.y[split.test][:SHOWN]
        agreement = cross_val_score(KNeighborsClassifier(NEIGHBOURS), points, y, cv=5).mean()
        for name, value in {"rows": features.shape[0], "columns": features.shape[1], "variance kept": reduced.explained,
                            "neighbours agree": agreement, "silhouette": silhouette_score(points, y)}.items():
            figures.setdefault(name, []).append(float(value))
    return Measurement({name: tuple(values) for name, values in figures.items()},
                       (f"Neighbours agree: {NEIGHBOURS} nearest neighbours in the plane vote, 5-fold cross-validated, "
                        f"over {SHOWN:,} reviews.",), "torch")


def _split(session: Session) -> Split:
    """All 25,000 training and all 25,000 test reviews, as published."""
    split = session.data("imdb").data.split
    return Split(np.flatnonzero(split == 1), np.flatnonzero(split == 2), 0, 0)


def _trained(session: Session) -> list[Base]:
    """The network, for each seed."""
    data, split = session.data("imdb"), _split(session)
    return [session.trained("bilstm", data, split, RECIPE, "torch", seed=seed, validation=0.2)
            for seed in range(session.seeds)]
