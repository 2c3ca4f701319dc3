"""The transfer strategies: one file each, and this ordered table of them."""

from collections.abc import Mapping

# name on the command line and in records -> module with NEEDS and fit, or module:function where a file has two.
# The folder is imported as `bench.baselines` (see bench/baselines.py).
BASELINES: Mapping[str, str] = {
    "auto": "bench.baselines.auto",
    "majority": "bench.baselines.majority",
    "source-only": "bench.baselines.source_only",
    "frozen": "bench.baselines.frozen",
    "finetune": "bench.baselines.finetune",
    "gradual": "bench.baselines.gradual",
    "multitask": "bench.baselines.multitask",
    "scratch": "bench.baselines.scratch",
    "scratch-random": "bench.baselines.scratch_random",
    "glove-frozen": "bench.baselines.glove_embedding:frozen",
    "glove-trainable": "bench.baselines.glove_embedding:trainable",
    "glove-forest": "bench.baselines.glove_forest",
    "tfidf": "bench.baselines.tfidf",
    "tfidf-source": "bench.baselines.tfidf_source",
    "tfidf-joint": "bench.baselines.tfidf_joint",
    "easyadapt": "bench.baselines.easyadapt",
    "importance-weighting": "bench.baselines.importance_weighting",
    "coral": "bench.baselines.coral",
    "msda": "bench.baselines.msda",
    "dann": "bench.baselines.dann",
    "self-training": "bench.baselines.self_training",
    "gradual-self": "bench.baselines.gradual_self",
    "sentence-embedding": "bench.baselines.sentence_embedding",
    "sentence-source": "bench.baselines.sentence_source",
    "sentence-joint": "bench.baselines.sentence_joint",
    "setfit": "bench.baselines.setfit",
    "encoder-source-only": "bench.baselines.encoder_source_only",
    "encoder-finetune": "bench.baselines.encoder_finetune",
    "encoder-scratch": "bench.baselines.encoder_scratch",
}

# What `bench run` runs when none is named: the main strategies, quick and without an extra.
MAIN: tuple[str, ...] = ("auto", "majority", "source-only", "frozen", "finetune", "scratch", "glove-forest", "tfidf")

# What `bench fit` fits when none is named.
FITTED = "auto"
