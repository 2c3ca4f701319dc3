"""Everything of ours that a strategy imports; `baselines/` imports nothing else, and a plug-in need not either."""

from __future__ import annotations

from bench.core.errors import BenchError
from bench.core.seeds import generator_for
from bench.data.corpus import Examples
from bench.data.text import SPECIALS, UNKNOWN, Ragged, Vocabulary
from bench.learning.features.glove import DIMENSIONS
from bench.learning.features.ngrams import grams
from bench.learning.finetune import (
    EMBEDDING_RATE,
    LEARNING_RATE,
    NEW_LABELS,
    corpus_words,
    fine_tune,
    fine_tuning_recipe,
    fine_tuning_recipe_for,
    net_model,
    predictor,
    train,
    train_on,
    warm_start,
)
from bench.learning.models.forest_model import Forest, ForestModel
from bench.learning.models.linear_model import LinearModel
from bench.learning.models.model import ConstantModel, Fitted, Model, ModelParts
from bench.learning.models.network_model import NetworkModel
from bench.learning.models.sentence_model import SentenceModel
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params, initial_params, with_classes
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.probe import head_of, probe, spread
from bench.learning.resources import Resources
from bench.learning.source_linear import regression, weighed
from bench.protocol.metrics import softmax
from bench.protocol.trial import Predictor, Trial

__all__ = [
    "DIMENSIONS",
    "EMBEDDING",
    "EMBEDDING_RATE",
    "HEAD",
    "LEARNING_RATE",
    "NEW_LABELS",
    "SPECIALS",
    "UNKNOWN",
    "Architecture",
    "Batches",
    "BenchError",
    "ConstantModel",
    "Examples",
    "Fitted",
    "Forest",
    "ForestModel",
    "LinearModel",
    "Model",
    "ModelParts",
    "NetworkModel",
    "Params",
    "Predictor",
    "Ragged",
    "Recipe",
    "Resources",
    "SentenceModel",
    "Trial",
    "Vocabulary",
    "corpus_words",
    "fine_tune",
    "fine_tuning_recipe",
    "fine_tuning_recipe_for",
    "generator_for",
    "grams",
    "head_of",
    "initial_params",
    "net_model",
    "predictor",
    "probe",
    "regression",
    "softmax",
    "spread",
    "train",
    "train_on",
    "warm_start",
    "weighed",
    "with_classes",
]
