"""EasyAdapt: TF-IDF features for both domains, for the source and for the target (Daumé III 2007, AUGMENT)."""

import numpy as np

from bench.api import (
    Fitted,
    Head,
    JointNgrams,
    Resources,
    Trial,
    augment,
    augmented_for_target,
    fitted_linear,
    linear_head,
    weights_of_labelled,
)

REFERENCES = ("daume2007frustratingly",)  # bench/references.toml
NEEDS = frozenset({"source-linear", "counts", "same-labels", "one-class"})


def fit(trial: Trial, resources: Resources, *, heaviest: float = 16.0, tolerance: float = 1e-5) -> Fitted:
    """Source texts are (x, x, 0) and target texts (x, 0, x): what the domains share is learned from both.

    Features and weights are those of `tfidf-joint`.
    """
    source = resources.need_source_linear()
    ngrams = JointNgrams.of_labelled(source, trial.labelled)
    x = augment(ngrams.of_source(), ngrams.of_target(trial.labelled))
    y = np.concatenate([source.examples.labels, trial.labelled.labels])
    of_labelled = weights_of_labelled(trial, len(source.examples), heaviest)
    model = source.model_for(y, x.shape[1], tolerance)  # the source's features come first, as shared ones
    model.fit(x, y, sample_weight=np.concatenate([np.ones(len(source.examples)), of_labelled]))
    augmented = linear_head(model, len(trial.labels))
    return fitted_linear(ngrams, Head(augmented_for_target(augmented.weight), augmented.bias))
