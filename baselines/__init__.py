"""The transfer strategies: one file each, and this ordered table of them."""

from collections.abc import Mapping

# name on the command line and in records -> module with NEEDS and fit, or module:function where a file has two
BASELINES: Mapping[str, str] = {
    "majority": "baselines.majority",
    "source-only": "baselines.source_only",
    "frozen": "baselines.frozen",
    "finetune": "baselines.finetune",
    "gradual": "baselines.gradual",
    "multitask": "baselines.multitask",
    "scratch": "baselines.scratch",
    "glove-frozen": "baselines.glove_embedding:frozen",
    "glove-trainable": "baselines.glove_embedding:trainable",
    "glove-forest": "baselines.glove_forest",
    "tfidf": "baselines.tfidf",
    "tfidf-source": "baselines.tfidf_source",
    "tfidf-joint": "baselines.tfidf_joint",
    "sentence-embedding": "baselines.sentence_embedding",
}

# What `bench run` runs when none is named: the main strategies, quick and without an extra.
MAIN: tuple[str, ...] = ("majority", "source-only", "frozen", "finetune", "scratch", "glove-forest", "tfidf")
