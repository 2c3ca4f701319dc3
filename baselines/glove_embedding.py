"""From scratch with GloVe vectors as the embedding, frozen or trained further (Pennington et al. 2014; Kim 2014)."""

from dataclasses import replace

from bench.api import (
    DIMENSIONS,
    EMBEDDING,
    SPECIALS,
    UNKNOWN,
    Fitted,
    Resources,
    Trial,
    fine_tuning_recipe,
    initial_params,
    predictor,
    train,
)

NEEDS = frozenset({"glove"})


def frozen(trial: Trial, resources: Resources, *, learning_rate: float = 3e-3) -> Fitted:
    """From scratch on GloVe vectors that stay as they are (Pennington et al. 2014; Kim 2014, CNN-static)."""
    return _fit(trial, resources, learning_rate, ("embedding.",))


def trainable(trial: Trial, resources: Resources, *, learning_rate: float = 3e-3) -> Fitted:
    """From scratch on GloVe vectors that are trained further (Pennington et al. 2014; Kim 2014, CNN-non-static)."""
    return _fit(trial, resources, learning_rate, ())


def _fit(trial: Trial, resources: Resources, learning_rate: float, left: tuple[str, ...]) -> Fitted:
    """The run's net, its embedding as wide as the vectors; a word without a vector counts as zeros."""
    assert resources.vectors is not None
    net = replace(resources.net, embedding=DIMENSIONS)
    corpus = trial.labelled.corpus
    params = initial_params(net, len(corpus.words) + SPECIALS, "glove", trial.target, trial.seed)
    vectors, _ = resources.vectors.of(corpus)
    params[EMBEDDING][SPECIALS:] = vectors
    params[EMBEDDING][UNKNOWN] = 0.0
    spec = replace(fine_tuning_recipe(len(trial.labelled), learning_rate), frozen=left)
    params = train(net, params, trial, spec, resources, "glove")
    return predictor(net, params, trial, resources, resources.vectors.look_up)
