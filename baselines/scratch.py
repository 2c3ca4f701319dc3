"""From scratch: the base's network and GloVe's word vectors, trained on the target's labels alone."""

from bench.api import Fitted, Resources, Trial, train_from_scratch

REFERENCES = ()  # no paper of its own
NEEDS = frozenset({"word-vectors"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 8e-3) -> Fitted:
    """Everything but the source: what a transferred network has beyond this comes from the source's labelled texts."""
    return train_from_scratch(trial, resources, learning_rate)
