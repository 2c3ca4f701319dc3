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
    fitted_network,
    initial_params,
    train_on_trial,
)

NEEDS: frozenset[str] = frozenset()


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 3e-3) -> Fitted:
    """Random weights; a word that occurs in no labelled example is the unknown word."""
    net = resources.net
    corpus = trial.labelled.corpus
    params = initial_params(net, len(corpus.words) + SPECIALS, "scratch", trial.target, trial.seed)
    unseen = np.ones(len(corpus.words) + SPECIALS, bool)
    unseen[trial.labelled.x.ids + SPECIALS] = False
    unseen[:SPECIALS] = False
    params[EMBEDDING][unseen] = params[EMBEDDING][UNKNOWN]
    recipe = fine_tuning_recipe(len(trial.labelled), learning_rate)
    params = train_on_trial(net, params, trial, recipe, resources, "scratch")
    return fitted_network(net, params, trial, resources)
