"""Fine-tuning: start from the base, train every weight on the labelled target examples (Howard & Ruder 2018)."""

from functools import partial

from bench.api import LEARNING_RATE, NEW_LABELS_LEARNING_RATE, Fitted, Resources, Trial, fine_tune, fitted_network

REFERENCES = ("howard2018universal", "kumar2022finetuning")  # bench/references.toml
NEEDS = frozenset({"base", "one-class"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = LEARNING_RATE,
        new_labels: float = NEW_LABELS_LEARNING_RATE) -> Fitted:
    """Where the labels are the source's, the base's head is kept and the learning rate is `learning_rate`.

    Otherwise the head starts as a logistic regression (LP-FT, Kumar et al. 2022), at the learning rate `new_labels`.
    """
    net, params = fine_tune(trial, resources, learning_rate, new_labels)
    return fitted_network(net, params, trial, resources, partial(resources.base_rows, trial.labelled.corpus))
