"""The recommended strategy: a weighted mean of unlike ones (a logarithmic opinion pool; Genest & Zidek 1986)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.api import Examples, Fitted, MeanModel, Member, Resources, Trial, geometric_mean, tempered_weights

from . import frozen, glove_embedding, glove_forest, gradual, sentence_embedding, tfidf, tfidf_joint

FEW = 256  # labels up to which training the base further pays; beyond, its features do as well in a tenth of the time
TEMPER = 0.3  # how far out-of-fold predictions are believed: 1 as if every text were news, 0 not at all
SMALLEST = 0.01  # weight below which a member is left out


@dataclass(frozen=True)
class Candidate:
    """A strategy that may be a member."""

    name: str
    fit: Callable[[Trial, Resources], Fitted]
    needs: frozenset[str]
    weight: float = 1.0  # beside the others where the labels are the source's; divided by the sum of those that run
    fewest: int = 1  # labels from which it takes part
    most: float = np.inf  # labels up to which it takes part


# Which strategies are members, where they can run; docs/protocol.md has the figures behind names and numbers. The
# linear model weighs more than the networks, whose probabilities are more certain than they should be.
SAME_LABELS = (
    Candidate("gradual", gradual.fit, gradual.NEEDS, 2.0, most=FEW),
    Candidate("frozen", frozen.fit, frozen.NEEDS, 2.0, fewest=FEW + 1),
    Candidate("tfidf-joint", tfidf_joint.fit, tfidf_joint.NEEDS, 3.0),
    Candidate("sentence-embedding", sentence_embedding.fit, sentence_embedding.NEEDS, 2.0),
)
NEW_LABELS = (
    Candidate("tfidf", tfidf.fit, tfidf.NEEDS),
    Candidate("frozen", frozen.fit, frozen.NEEDS),
    Candidate("glove-frozen", glove_embedding.frozen, glove_embedding.NEEDS),
    Candidate("glove-forest", glove_forest.fit, glove_forest.NEEDS),
    Candidate("sentence-embedding", sentence_embedding.fit, sentence_embedding.NEEDS),
)

NEEDS: frozenset[str] = frozenset()
OPTIONAL_NEEDS = (*((c.name, c.needs | {"same-labels"}) for c in SAME_LABELS),
                  *((c.name, c.needs - {"one-class"} | {"new-labels"}) for c in NEW_LABELS))


def fit(trial: Trial, resources: Resources) -> Fitted:
    """Where the labels are the source's, the members and their weights are fixed, and depend on the number of labels.

    Where they are new, out-of-fold predictions on the labelled texts say how much each member weighs.
    """
    members = {c.name: c for c in (SAME_LABELS if resources.same_labels else NEW_LABELS)
               if c.needs <= resources.prepared and c.fewest <= len(trial.labelled) <= c.most
               and ("one-class" in c.needs or not trial.has_one_class)}
    weights = {name: c.weight for name, c in members.items()} if resources.same_labels else \
        tempered_weights({name: c.fit for name, c in members.items()}, trial, resources, TEMPER)
    total = sum(weights.values())
    weights = {name: weight / total for name, weight in weights.items() if weight / total >= SMALLEST}
    total = sum(weights.values())
    weights = {name: weight / total for name, weight in weights.items()}
    fitted = {name: members[name].fit(trial, resources) for name in weights}

    def predict(examples: Examples) -> NDArray[np.float32]:
        return geometric_mean([of_member(examples) for of_member in fitted.values()], list(weights.values()))

    def as_model() -> MeanModel:
        return MeanModel({name: Member(fitted[name].model(), weight) for name, weight in weights.items()})

    return Fitted(predict, as_model, weights)
