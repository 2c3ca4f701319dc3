"""Gradual unfreezing with discriminative learning rates, as in ULMFiT (Howard & Ruder 2018)."""

from functools import partial

from bench.api import Fitted, Resources, Trial, fitted_network, unfreeze_gradually

REFERENCES = ("howard2018universal", "kumar2022finetuning")  # bench/references.toml
NEEDS = frozenset({"base", "one-class"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 2e-3, new_labels: float = 1e-2,
        decay: float = 2.6) -> Fitted:
    """The head first, then the encoder too, then the embedding; each layer `decay` times slower than the one above.

    A quarter of fine-tuning's epochs goes to each of the first two stages and half to the last. In every stage the
    learning rate rises and falls (the paper's slanted triangle). Where the labels are not the source's, the head starts
    as a logistic regression and the learning rate is `new_labels`.
    """
    net, params = unfreeze_gradually(trial, resources, learning_rate, new_labels, decay)
    return fitted_network(net, params, trial, resources, partial(resources.base_rows, trial.labelled.corpus))
