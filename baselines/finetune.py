"""Fine-tuning: start from the base, train every weight on the labelled target examples (Howard & Ruder 2018)."""

from dataclasses import replace

from bench.adapt import predictor, recipe, train
from bench.nets import initial_head, with_classes
from bench.resources import Resources
from bench.seeds import draw
from bench.trial import Predictor, Trial

NEEDS = frozenset({"base"})


def fit(trial: Trial, resources: Resources, *, learning_rate: float = 5e-4) -> Predictor:
    """The base's head is kept where the labels are the source's; otherwise a new one is drawn."""
    base = resources.need_base()
    net = with_classes(base.net, len(trial.labels))
    params = resources.base_params(trial.labelled.corpus)
    if not resources.same_labels:
        params = {**params, **initial_head(net, draw("head", trial.target, trial.seed))}
    rates = () if resources.same_labels else (("head.", 10.0),)
    spec = replace(recipe(len(trial.labelled), learning_rate), rates=rates)
    params = train(net, params, trial.labelled, spec, resources, "finetune", trial.target, trial.seed)
    return predictor(net, params, trial, resources)
