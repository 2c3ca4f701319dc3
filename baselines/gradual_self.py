"""`gradual` on labelled texts and on those that `self-training` labels (co-training: Blum & Mitchell 1998)."""

from dataclasses import replace
from functools import partial

import numpy as np

from bench.api import (
    Examples,
    Fitted,
    Resources,
    Trial,
    fitted_network,
    generator_for,
    self_trained_linear,
    unfreeze_gradually,
)

REFERENCES = ("howard2018universal", "blum1998combining")  # bench/references.toml
NEEDS = frozenset({"base", "source-linear", "counts", "same-labels", "one-class", "no-labels"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 2e-3, decay: float = 2.6,
        most: int = 2000) -> Fitted:
    """The linear model labels texts that it is sure of; the network learns from at most `most` of them.

    Teacher and student see different things in a text (words and pairs, and their order), so the student need not copy
    the teacher's errors.
    """
    labelled, pseudo = trial.labelled, self_trained_linear(trial, resources).pseudo
    rng = generator_for("gradual-self", trial.target, trial.seed)
    pseudo = pseudo.part(np.sort(rng.permutation(len(pseudo))[:most]))
    together = Examples(labelled.corpus, np.concatenate([labelled.rows, pseudo.rows]),
                        np.concatenate([labelled.labels, pseudo.labels]))
    if len(together):
        net, params = unfreeze_gradually(replace(trial, labelled=together), resources, learning_rate, learning_rate,
                                         decay)
    else:  # the teacher is sure of nothing: the base as it is
        net, params = resources.need_base().net, resources.base_params(labelled.corpus)
    return fitted_network(net, params, trial, resources, partial(resources.base_rows, labelled.corpus))
