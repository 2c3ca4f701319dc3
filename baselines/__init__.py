"""The transfer strategies: one file each, and this ordered table of them."""

from collections.abc import Mapping

# name on the command line and in records -> module with NEEDS and fit
BASELINES: Mapping[str, str] = {
    "majority": "baselines.majority",
    "source-only": "baselines.source_only",
    "frozen": "baselines.frozen",
    "finetune": "baselines.finetune",
    "scratch": "baselines.scratch",
    "glove-forest": "baselines.glove_forest",
    "tfidf": "baselines.tfidf",
}
