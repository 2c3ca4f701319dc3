"""From scratch with GloVe vectors as the embedding, frozen or trained further (Pennington et al. 2014; Kim 2014)."""

from dataclasses import replace

from bench.api import (
    EMBEDDING,
    GLOVE_DIMENSIONS,
    SPECIALS,
    UNKNOWN,
    Fitted,
    Resources,
    Trial,
    fitted_network,
    from_scratch_recipe,
    initial_params,
    train_on_trial,
)

REFERENCES = ("pennington2014glove", "kim2014convolutional")  # bench/references.toml
NEEDS = frozenset({"glove"})


def frozen(trial: Trial, resources: Resources, *, learning_rate: float = 8e-3) -> Fitted:
    """From scratch on GloVe vectors that stay as they are (Pennington et al. 2014; Kim 2014, CNN-static)."""
    return _fit(trial, resources, learning_rate, ("embedding.",))


def trainable(trial: Trial, resources: Resources, *, learning_rate: float = 8e-3) -> Fitted:
    """From scratch on GloVe vectors that are trained further (Pennington et al. 2014; Kim 2014, CNN-non-static)."""
    return _fit(trial, resources, learning_rate, ())


def _fit(trial: Trial, resources: Resources, learning_rate: float, frozen_prefixes: tuple[str, ...]) -> Fitted:
    """The run's network with an embedding as wide as the vectors; a word without a vector is zeros."""
    assert resources.vectors is not None
    net = replace(resources.net, embedding=GLOVE_DIMENSIONS)
    corpus = trial.labelled.corpus
    params = initial_params(net, len(corpus.words) + SPECIALS, "glove", trial.target, trial.seed)
    vectors, _ = resources.vectors.of(corpus)
    params[EMBEDDING][SPECIALS:] = vectors
    params[EMBEDDING][UNKNOWN] = 0.0
    recipe = replace(from_scratch_recipe(len(trial.labelled), learning_rate), frozen=frozen_prefixes)
    params = train_on_trial(net, params, trial, recipe, resources, "glove")
    return fitted_network(net, params, trial, resources, resources.vectors.look_up)
