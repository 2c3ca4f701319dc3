"""Everything that a strategy imports from `bench`: those in `baselines/` import nothing else, nor need a plug-in."""

from __future__ import annotations

from bench.core.errors import BenchError
from bench.core.seeds import generator_for
from bench.data.corpus import Examples
from bench.data.text import SPECIALS, UNKNOWN, Ragged, Vocabulary
from bench.learning.adaptation.coral import Standardisation, coral_alignment
from bench.learning.adaptation.dann import fit_dann
from bench.learning.adaptation.denoising import fit_denoising_layers, hidden_layers
from bench.learning.adaptation.easyadapt import augment, augmented_for_target
from bench.learning.adaptation.fitted import fitted_layers, fitted_linear
from bench.learning.adaptation.importance import importance_weights
from bench.learning.adaptation.ngrams import JointNgrams, pool_of
from bench.learning.adaptation.stacking import stacked
from bench.learning.distribution_alignment import aligned_bias
from bench.learning.encoder_finetuning import fine_tune_encoder, fit_setfit
from bench.learning.encoder_network import open_network
from bench.learning.features.encoders import BUNDLED as BUNDLED_ENCODER
from bench.learning.features.encoders import WORD_PIECES
from bench.learning.features.glove import GLOVE_DIMENSIONS
from bench.learning.features.ngrams import column_ngrams
from bench.learning.finetune import (
    EMBEDDING_RATE_FACTOR,
    LEARNING_RATE,
    NEW_LABELS_LEARNING_RATE,
    fine_tune,
    fine_tuning_recipe,
    fine_tuning_recipe_for,
    fitted_network,
    from_scratch_recipe,
    network_model,
    to_embedding_rows,
    train_from_scratch,
    train_on_batches,
    train_on_trial,
    unfreeze_gradually,
    warm_start,
)
from bench.learning.joint_linear import JointFeatures, weights_of_labelled
from bench.learning.known_words import in_the_sources_language
from bench.learning.models.calibration import AS_IT_IS
from bench.learning.models.encoder_model import EncoderModel
from bench.learning.models.forest_model import Forest, ForestModel
from bench.learning.models.linear_model import LinearModel
from bench.learning.models.mean_model import MeanModel, Member, geometric_mean, mean_logits
from bench.learning.models.model import ConstantModel, Fitted, Model, ModelParts, constant
from bench.learning.models.network_model import NetworkModel
from bench.learning.models.sentence_model import SentenceModel
from bench.learning.networks.architectures import (
    EMBEDDING,
    HEAD,
    HEAD_BIAS,
    Architecture,
    Params,
    initial_params,
    with_classes,
)
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.out_of_fold import calibrated_weights, held_out_texts_tell
from bench.learning.probe import Head, class_probabilities, fit_probe, fit_weighted_probe, linear_head
from bench.learning.resources import Resources
from bench.learning.self_trained_linear import self_trained_linear
from bench.learning.sentence_probe import fitted_sentences
from bench.learning.source_linear import logistic_regression, tfidf
from bench.learning.source_sentences import SOURCE_TEXTS, SOURCE_WORD_PIECES
from bench.protocol.metrics import softmax
from bench.protocol.trial import Predictor, Trial

# What `fit` gets, returns and may raise.
__all__ = ["BenchError", "Examples", "Fitted", "Predictor", "Resources", "Trial"]

# Texts as numbers.
__all__ += ["GLOVE_DIMENSIONS", "SPECIALS", "UNKNOWN", "Ragged", "Vocabulary", "column_ngrams", "tfidf"]

# A linear classifier of source and target together, and one that also labels texts itself.
__all__ += ["JointFeatures", "self_trained_linear"]

# Linear classifiers, and their probabilities for every class.
__all__ += ["class_probabilities", "fit_probe", "fit_weighted_probe", "linear_head", "logistic_regression", "softmax"]

# Pre-trained encoders: the bundled one, and how much of the source one reads unless a setting says otherwise.
__all__ += ["BUNDLED_ENCODER", "SOURCE_TEXTS", "SOURCE_WORD_PIECES", "WORD_PIECES",
            "fine_tune_encoder", "fit_setfit", "fitted_sentences", "open_network"]

# Domain adaptation: features of both domains, and methods on them.
__all__ += ["Head", "JointNgrams", "Standardisation", "augment", "augmented_for_target", "coral_alignment", "fit_dann",
            "fit_denoising_layers", "fitted_layers", "fitted_linear", "hidden_layers", "importance_weights", "pool_of",
            "stacked", "weights_of_labelled"]
# Several strategies as one.
__all__ += ["AS_IT_IS", "aligned_bias", "calibrated_weights", "geometric_mean", "held_out_texts_tell",
            "in_the_sources_language", "mean_logits"]

# Networks and their weights.
__all__ += ["EMBEDDING", "HEAD", "HEAD_BIAS", "Architecture", "Params", "initial_params", "to_embedding_rows",
            "with_classes"]

# Training a network: from the base (`warm_start`, `fine_tune`) or from any weights.
__all__ += ["EMBEDDING_RATE_FACTOR", "LEARNING_RATE", "NEW_LABELS_LEARNING_RATE", "Batches", "Recipe", "fine_tune",
            "fine_tuning_recipe", "fine_tuning_recipe_for", "from_scratch_recipe", "generator_for",
            "train_from_scratch", "train_on_batches", "train_on_trial", "unfreeze_gradually", "warm_start"]

# Models that `bench fit` saves.
__all__ += ["ConstantModel", "EncoderModel", "Forest", "ForestModel", "LinearModel", "MeanModel", "Member", "Model",
            "ModelParts", "NetworkModel", "SentenceModel", "constant", "fitted_network", "network_model"]
