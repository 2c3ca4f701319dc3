"""Gradual unfreezing with discriminative learning rates, as in ULMFiT (Howard & Ruder 2018)."""

from dataclasses import replace
from functools import partial

from bench.api import (
    EMBEDDING_RATE_FACTOR,
    Fitted,
    Resources,
    Trial,
    fine_tuning_recipe_for,
    fitted_network,
    train_on_trial,
    warm_start,
)

NEEDS = frozenset({"base", "one-class"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 2e-3, new_labels: float = 1e-2,
        decay: float = 2.6) -> Fitted:
    """The head first, then the encoder too, then the embedding; each layer `decay` times slower than the one above.

    A quarter of fine-tuning's epochs goes to each of the first two stages and half to the last. In every stage the
    learning rate rises and falls (the paper's slanted triangle). Where the labels are not the source's, the head starts
    as a logistic regression and the learning rate is `new_labels`.
    """
    net, params = warm_start(trial, resources)
    recipe = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels)
    quarter = max(1, recipe.epochs // 4)
    encoder = tuple(name for name in params if not name.startswith(("head.", "embedding.")))
    rates = (("", 1 / decay), ("head.", 1.0), ("embedding.", EMBEDDING_RATE_FACTOR * decay**-2))
    stages = (((*encoder, "embedding."), quarter), (("embedding.",), quarter), ((), 2 * quarter))
    for frozen, epochs in stages:
        stage = replace(recipe, frozen=frozen, epochs=epochs, rates=rates)
        params = train_on_trial(net, params, trial, stage, resources, "gradual", len(frozen))
    return fitted_network(net, params, trial, resources, partial(resources.base_rows, trial.labelled.corpus))
