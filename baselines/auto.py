"""The recommended strategy: a weighted mean of unlike ones (a logarithmic opinion pool; Genest & Zidek 1986)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.api import (
    AS_IT_IS,
    Examples,
    Fitted,
    MeanModel,
    Member,
    Resources,
    Trial,
    aligned_bias,
    calibrated_weights,
    geometric_mean,
    held_out_texts_tell,
    in_the_sources_language,
    mean_logits,
)

from . import (
    encoder_finetune,
    encoder_scratch,
    encoder_source_only,
    frozen,
    glove_embedding,
    gradual,
    gradual_self,
    self_training,
    sentence_embedding,
    setfit,
    source_only,
    tfidf,
    tfidf_joint,
)

FEW = 256  # labels up to which training the base further pays; beyond, its features do as well in a tenth of the time
FEW_NEW = 48  # new labels up to which the words of the labelled texts are no help beside the sentence encoder
FEWEST_FOREIGN = 24  # labels of texts in another language up to which texts that a model labels itself help
MORE_FOREIGN = (97, np.inf)  # such labels that can show of what use something is that knows the source's language
STRENGTH = 10.0  # how much a member's weight depends on its calibrated out-of-fold log-loss; 0: not at all
GPU = frozenset({"gpu"})  # what a candidate needs besides that is too slow on a CPU, or was chosen beside such a one
SMALLEST = 0.01  # weight below which a member is left out


@dataclass(frozen=True)
class Candidate:
    """A strategy that may be a member."""

    name: str
    fit: Callable[[Trial, Resources], Fitted]
    needs: frozenset[str]
    weight: float = 1.0  # beside the others where the labels are the source's; divided by the sum of those that run
    labels: tuple[float, float] = (1, np.inf)  # how many labels it is for
    unless: str = ""  # the candidate in whose presence it is left out


# Which strategies are members, where they can run; docs/protocol.md has the figures behind names and numbers. A linear
# model on the source weighs more than a network, whose probabilities are more certain than they should be. An encoder
# that has read all of the source is better than all others together; on a CPU each of its trials takes minutes.
SAME_LABELS = (
    Candidate("source-only", source_only.fit, source_only.NEEDS | GPU, 3.0, labels=(0, 0)),  # beside the encoder
    Candidate("gradual-self", gradual_self.fit, gradual_self.NEEDS, 2.0, labels=(0, 0), unless="encoder-source-only"),
    Candidate("gradual", gradual.fit, gradual.NEEDS, 2.0, labels=(1, FEW)),
    Candidate("self-training", self_training.fit, self_training.NEEDS, 3.0, labels=(0, FEW)),
    Candidate("frozen", frozen.fit, frozen.NEEDS, 2.0, labels=(FEW + 1, np.inf)),
    Candidate("tfidf-joint", tfidf_joint.fit, tfidf_joint.NEEDS, 3.0, labels=(FEW + 1, np.inf)),
    Candidate("sentence-embedding", sentence_embedding.fit, sentence_embedding.NEEDS, 2.0, labels=(1, np.inf)),
    Candidate("encoder-source-only", encoder_source_only.fit, encoder_source_only.NEEDS | GPU, 6.0, labels=(0, 0)),
    Candidate("encoder-finetune", encoder_finetune.fit, encoder_finetune.NEEDS | GPU, 6.0, labels=(1, np.inf)),
)
NEW_LABELS = (
    Candidate("tfidf", tfidf.fit, tfidf.NEEDS, labels=(1, FEW_NEW), unless="sentence-embedding"),
    Candidate("tfidf", tfidf.fit, tfidf.NEEDS, labels=(FEW_NEW + 1, np.inf)),
    Candidate("frozen", frozen.fit, frozen.NEEDS),
    Candidate("glove-frozen", glove_embedding.frozen, glove_embedding.NEEDS, unless="sentence-embedding"),
    Candidate("sentence-embedding", sentence_embedding.fit, sentence_embedding.NEEDS),
    Candidate("encoder-scratch", encoder_scratch.fit, encoder_scratch.NEEDS | GPU),
    Candidate("encoder-finetune", encoder_finetune.fit, encoder_finetune.NEEDS | GPU),
    Candidate("setfit", setfit.fit, setfit.NEEDS | GPU),
)
# What knows the source's language is of little use in another one, and few labelled texts cannot show it.
OTHER_LANGUAGE = (
    Candidate("tfidf", tfidf.fit, tfidf.NEEDS),
    Candidate("self-training", self_training.fit, self_training.NEEDS, labels=(1, FEWEST_FOREIGN)),
    Candidate("frozen", frozen.fit, frozen.NEEDS, labels=MORE_FOREIGN),
    Candidate("sentence-embedding", sentence_embedding.fit, sentence_embedding.NEEDS, labels=MORE_FOREIGN),
    Candidate("encoder-finetune", encoder_finetune.fit, encoder_finetune.NEEDS | GPU, labels=MORE_FOREIGN),
)
# Of new labels that are too few to weigh members by, the first of these that can run has all the weight.
ALONE = ("sentence-embedding", "glove-frozen", "tfidf")

REFERENCES = ("genest1986combining", "alexandari2020maximum", "berthelot2020remixmatch")  # bench/references.toml
NEEDS: frozenset[str] = frozenset()
OPTIONAL_NEEDS = (*((c.name, c.needs | {"same-labels"}) for c in SAME_LABELS),
                  *((c.name, c.needs - {"one-class"} | {"new-labels"}) for c in NEW_LABELS))


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Where the source's labels carry over, members and weights are fixed, and depend on the number of labels.

    Where the labels are new, or the texts in another language, out-of-fold predictions on the labelled texts say how
    much each member weighs, and how certain it should be. With too few texts for that, one candidate is alone. Texts
    without labels say which classes the mean predicts too often.
    """
    candidates = _candidates(trial, resources)
    members = _members(trial, resources, candidates)
    fixed = candidates is SAME_LABELS
    if not fixed and not held_out_texts_tell(trial.labelled.labels):
        alone = next(name for name in ALONE if name in members)
        members = {alone: members[alone]}
    found = {name: (c.weight, AS_IT_IS) for name, c in members.items()} if fixed else \
        calibrated_weights({name: c.fit for name, c in members.items()}, trial, resources, STRENGTH)
    shares = _shares({name: weight for name, (weight, _) in found.items()})
    weights = _shares({name: share for name, share in shares.items() if share >= SMALLEST})
    fitted = {name: members[name].fit(trial, resources) for name in weights}

    def predictions(examples: Examples) -> tuple[list[NDArray[np.float32]], list[float]]:
        return [of_member(examples) for of_member in fitted.values()], list(weights.values())

    calibrations = [found[name][1] for name in weights]
    if not fixed:
        bias = aligned_bias(trial, lambda examples: mean_logits(*predictions(examples), calibrations))
        calibrations = [calibration.shifted(bias) for calibration in calibrations]  # of all alike: weights sum to 1

    def predict(examples: Examples) -> NDArray[np.float32]:
        return geometric_mean(*predictions(examples), calibrations)

    def as_model() -> MeanModel:
        return MeanModel({name: Member(fitted[name].model(), weight, calibration)
                          for (name, weight), calibration in zip(weights.items(), calibrations, strict=True)})

    return Fitted(predict, as_model, weights)


def _candidates(trial: Trial, resources: Resources) -> tuple[Candidate, ...]:
    """The candidates for such labels; another language counts where the labelled texts leave something to learn."""
    if not resources.same_labels:
        return NEW_LABELS
    if len(np.unique(trial.labelled.labels)) < 2 or in_the_sources_language(trial, resources):
        return SAME_LABELS
    return OTHER_LANGUAGE


def _members(trial: Trial, resources: Resources, candidates: tuple[Candidate, ...]) -> dict[str, Candidate]:
    """The candidates that can run on the trial, by name."""
    can_run = {c.name: c for c in candidates
               if c.needs - {"one-class"} <= resources.prepared and c.labels[0] <= len(trial.labelled) <= c.labels[1]
               and ("one-class" in c.needs or not trial.has_one_class)}
    return {name: c for name, c in can_run.items() if c.unless not in can_run}


def _shares(weights: dict[str, float]) -> dict[str, float]:
    """The weights, divided by their sum."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
