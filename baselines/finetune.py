"""Fine-tuning: start from the base, train every weight on the labelled target examples (Howard & Ruder 2018)."""

from functools import partial

from bench.api import LEARNING_RATE, NEW_LABELS, Fitted, Resources, Trial, fine_tune, predictor

NEEDS = frozenset({"base"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = LEARNING_RATE,
        new_labels: float = NEW_LABELS) -> Fitted:
    """The base's head is kept where the labels are the source's; else a new one is drawn, and all learns faster."""
    net, params = fine_tune(trial, resources, learning_rate, new_labels)
    return predictor(net, params, trial, resources, partial(resources.base_rows, trial.labelled.corpus))
