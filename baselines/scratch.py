"""From scratch: the same network and the same steps as fine-tuning, with nothing transferred."""

import numpy as np

from bench.api import (
    EMBEDDING,
    SPECIALS,
    UNKNOWN,
    Fitted,
    Resources,
    Trial,
    fine_tuning_recipe,
    initial_params,
    predictor,
    train,
)

NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 3e-3) -> Fitted:
    """Random weights; a word that no labelled example holds is the unknown word."""
    net = resources.net
    corpus = trial.labelled.corpus
    params = initial_params(net, len(corpus.words) + SPECIALS, "scratch", trial.target, trial.seed)
    unseen = np.ones(len(corpus.words) + SPECIALS, bool)
    unseen[trial.labelled.x.ids + SPECIALS] = False
    unseen[:SPECIALS] = False
    params[EMBEDDING][unseen] = params[EMBEDDING][UNKNOWN]
    spec = fine_tuning_recipe(len(trial.labelled), learning_rate)
    params = train(net, params, trial, spec, resources, "scratch")
    return predictor(net, params, trial, resources)
