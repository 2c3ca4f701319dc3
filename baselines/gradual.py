"""Gradual unfreezing with discriminative learning rates, as in ULMFiT (Howard & Ruder 2018)."""

from dataclasses import replace
from functools import partial

from bench.api import EMBEDDING_RATE, Fitted, Resources, Trial, fine_tuning_recipe_for, predictor, train, warm_start

NEEDS = frozenset({"base"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 2e-3, new_labels: float = 1e-2,
        decay: float = 2.6) -> Fitted:
    """The head first, then the encoder too, then the embedding; each layer `decay` times slower than the one above.

    A quarter of fine-tuning's epochs goes to each of the first two stages and half to the last. Every stage has its own
    rise and fall of the learning rate (the paper's slanted triangle). The head is new where the labels differ.
    """
    net, params = warm_start(trial, resources)
    whole = fine_tuning_recipe_for(trial, resources, learning_rate, new_labels)
    quarter = max(1, whole.epochs // 4)
    encoder = tuple(name for name in params if not name.startswith(("head.", "embedding.")))
    rates = (("", 1 / decay), ("head.", 1.0), ("embedding.", EMBEDDING_RATE * decay**-2))
    for frozen, epochs in (((*encoder, "embedding."), quarter), (("embedding.",), quarter), ((), 2 * quarter)):
        spec = replace(whole, frozen=frozen, epochs=epochs, rates=rates)
        params = train(net, params, trial, spec, resources, "gradual", len(frozen))
    return predictor(net, params, trial, resources, partial(resources.base_rows, trial.labelled.corpus))
