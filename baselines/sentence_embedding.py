"""A small pre-trained sentence encoder with logistic regression: today's default choice (Reimers & Gurevych 2019)."""

from bench.api import BUNDLED_ENCODER, Fitted, Resources, Trial, fit_probe, fitted_sentences

REFERENCES = ("reimers2019sentence",)  # bench/references.toml
NEEDS = frozenset({"sentences"})


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER) -> Fitted:
    """Standardised vectors; the strength of the penalty is chosen by cross-validation inside the budget.

    `model` names the encoder: the bundled one, a folder, or `owner/name@revision` of the Hugging Face hub.
    """
    vectors = resources.sentences(trial.labelled, model)
    probe = fit_probe(vectors, trial.labelled.labels, resources.seed, trial.class_weight)
    return fitted_sentences(probe, resources, model, len(trial.labels))
