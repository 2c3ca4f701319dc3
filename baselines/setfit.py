"""A small pre-trained encoder, fine-tuned on which labelled texts are of one class (SetFit, Tunstall et al. 2022)."""

from bench.api import BUNDLED_ENCODER, WORD_PIECES, Fitted, Resources, Trial, fit_setfit, open_network

NEEDS = frozenset({"encoder"})
REFERENCES = ("tunstall2022efficient",)  # bench/references.toml
READINGS = 20  # of each labelled text: the paper's R, the number of pairs that it draws for each
MOST_STEPS = 80  # with 64 labels or more, so that a trial takes minutes


def fit(trial: Trial, resources: Resources, *, model: str = BUNDLED_ENCODER, word_pieces: int = WORD_PIECES,
        learning_rate: float = 1e-4, readings: int = READINGS, most_steps: int = MOST_STEPS) -> Fitted:
    """A contrastive loss trains the encoder `model`; then a logistic regression learns from the vectors of all labels.

    Every text is read about `readings` times, in at most `most_steps` batches of 16 texts.
    """
    return fit_setfit(open_network(resources.encoder(model)), word_pieces, trial, resources, learning_rate, readings,
                      most_steps)
