"""From scratch with random word vectors (Kim 2014, CNN-rand): what `scratch` has beyond this comes from GloVe."""

from dataclasses import replace

from bench.api import Fitted, Resources, Trial, train_from_scratch

REFERENCES = ("kim2014convolutional",)  # bench/references.toml
NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 8e-3) -> Fitted:
    """The same as `scratch`, except that no word begins with a vector learned elsewhere."""
    return train_from_scratch(trial, replace(resources, vectors=None), learning_rate)
