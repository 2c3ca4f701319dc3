"""What a base, its features and a trial cost in seconds: as measured here before, else as stated in one table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.learning.networks.architectures import Architecture
from bench.results.record import Record

# Seconds of one trial by labelled texts: Amazon, a test set of 1,962 texts, GRU 64/64, PyTorch, one CPU thread
# (docs/scaling.md). Between two sizes the curve is straight on logarithmic axes; beyond the last it is proportional.
TRIAL: Mapping[str, Mapping[int, float]] = {
    "finetune": {32: 1.95, 128: 4.5, 512: 7.3, 5890: 16.3},
    "scratch": {32: 1.87, 128: 4.7, 512: 7.2, 5890: 16.2},
    "frozen": {32: 0.30, 128: 0.28, 512: 0.18, 5890: 0.32},
    "glove-forest": {32: 0.12, 128: 0.10, 512: 0.21, 5890: 2.3},
    "tfidf": {32: 0.03, 128: 0.04, 512: 0.05, 5890: 0.49},
    "source-only": {32: 0.01, 5890: 0.04},
    "majority": {32: 0.01, 5890: 0.04},
    "tfidf-source": {128: 0.1},
    "tfidf-joint": {128: 1.0},
}
# The others as multiples of one in the table, from their seconds at 128 labels (docs/baselines.md).
LIKE: Mapping[str, tuple[str, float]] = {
    "gradual": ("scratch", 3.7 / 4.7), "multitask": ("scratch", 8.5 / 4.7), "glove-frozen": ("scratch", 4.6 / 4.7),
    "glove-trainable": ("scratch", 4.3 / 4.7),
}
# Milliseconds a text, on two cores: IMDB (25,000 reviews of 230 words) and, for the features, Amazon.
READ = 0.23  # a file to a corpus, its twins found
EPOCH = 0.60  # an epoch of the GRU base
FEATURES = 0.18  # the GRU base's features
LINEAR = 0.28  # the source's linear model, for tfidf-source and tfidf-joint
START = 4.0  # seconds until the first trial: libraries imported, workers started, word vectors looked up

RECORDS, SCALED, STATED, UNKNOWN = "records", "scaled", "stated", "unknown"


@dataclass(frozen=True)
class Cost:
    """Seconds, and where they are from."""

    seconds: float
    basis: str  # RECORDS: measured here; SCALED: stated, times this machine's pace; STATED; UNKNOWN: a guess


@dataclass(frozen=True)
class Measured:
    """What this machine's own records and cache say; empty where there are none."""

    trials: Mapping[tuple[str, int], float]  # baseline and labelled texts → median seconds
    epoch: float | None = None  # milliseconds a text and epoch of a base
    features: float | None = None  # milliseconds a text

    def trial(self, baseline: str, labels: int) -> Cost:
        """One trial."""
        if (baseline, labels) in self.trials:
            return Cost(self.trials[baseline, labels], RECORDS)
        own = {n: s for (name, n), s in self.trials.items() if name == baseline}
        said = stated(baseline, labels)
        if said is None:  # a baseline of one's own: as at its nearest size, else as long as a network
            if own:
                return Cost(own[min(own, key=lambda n: abs(np.log(n / labels)))], SCALED)
            network = self.trial("scratch", labels)
            return Cost(network.seconds, UNKNOWN)
        pace = _pace({(baseline, n): s for n, s in own.items()}) or _pace(self.trials)
        return Cost(said * pace, SCALED) if pace else Cost(said, STATED)

    def training(self, texts: int, epochs: int) -> Cost:
        """A base."""
        each = self.epoch or EPOCH
        return Cost(texts * epochs * each / 1000, SCALED if self.epoch else STATED)

    def encoding(self, texts: int) -> Cost:
        """A corpus's features."""
        each = self.features or FEATURES
        return Cost(texts * each / 1000, SCALED if self.features else STATED)


def stated(baseline: str, labels: int) -> float | None:
    """What the table says of a trial; None for a baseline that it does not know."""
    like, factor = LIKE.get(baseline, (baseline, 1.0))
    if like not in TRIAL:
        return None
    points = TRIAL[like]
    sizes = list(points)
    if labels > sizes[-1] and len(sizes) > 1:
        return factor * points[sizes[-1]] * labels / sizes[-1]
    return factor * float(np.exp(np.interp(np.log(max(labels, 1)), np.log(sizes), np.log(list(points.values())))))


def measured(records: Iterable[Record], root: Path, net: Architecture, engine: str, device: str) -> Measured:
    """What was measured with this net, engine and device: in records, and in the bases of the cache `root`."""
    trials: dict[tuple[str, int], list[float]] = defaultdict(list)
    for r in records:
        if (r.status, r.net, r.engine, r.device) == ("ok", str(net), engine, device) and r.n_train:
            trials[r.baseline, r.n_train].append(sum(r.seconds.get(k, 0.0) for k in ("load", "adapt", "predict")))
    wanted = (net.kind, net.hidden, engine, device)
    bases = [b for b in _facts(root / "bases") if wanted == (
        b.get("net", {}).get("kind"), b.get("net", {}).get("hidden"), b.get("engine"), b.get("device"))]
    epochs = [1000 * b["seconds"] / (b["n_train"] * len(b["history"])) for b in bases
              if b.get("n_train") and b.get("history") and b.get("seconds")]
    encoded = [1000 * found["seconds"] / found["texts"] for found in _encoded(root)] if epochs else []
    return Measured({key: median(values) for key, values in trials.items()}, median(epochs) if epochs else None,
                    median(encoded) if encoded else None)


def _pace(trials: Mapping[tuple[str, int], float]) -> float | None:
    """How much slower than the table trials were here; those under 0.1 s tell little."""
    ratios = [seconds / said for (name, n), seconds in trials.items() if (said := stated(name, n) or 0.0) >= 0.1]
    return median(ratios) if ratios else None


def _facts(folder: Path) -> list[dict[str, Any]]:
    """What the entries of a folder of the cache say of themselves; one that cannot be read says nothing."""
    found = []
    for path in sorted(folder.glob("[!.]*/facts.json")):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(facts, dict):
            found.append(facts)
    return found


def _encoded(root: Path) -> list[dict[str, float]]:
    """Seconds and texts of the features in the cache."""
    found = []
    for folder in sorted((root / "corpora").glob("*-derived/features-*")):
        try:
            facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
            array = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
            found.append({"seconds": float(facts["seconds"]), "texts": float(len(array))})
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def people(seconds: float) -> str:
    """Seconds as people say them: `12 s`, `3 min`, `1 h 20 min`, `2 days 4 h`."""
    if seconds < 0.95:
        return "under 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
