"""What a base, its features and a trial cost in seconds: as measured on this machine, else as one table states."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.learning.networks.architectures import Architecture
from bench.results.record import Record

# Seconds of one trial by labelled texts: Amazon, a test set of 1,962 texts, GRU 64/64, PyTorch, one CPU thread
# (docs/scaling.md). Between two sizes the cost is linear on logarithmic axes; beyond the last it is proportional.
TRIAL: Mapping[str, Mapping[int, float]] = {
    "finetune": {32: 0.58, 128: 1.34, 512: 2.5, 5890: 7.0},
    "scratch": {32: 0.71, 128: 1.9, 256: 2.5, 257: 5.0, 512: 9.0, 5890: 9.8},
    "frozen": {32: 0.29, 128: 0.20, 512: 0.30, 5890: 0.39},
    "glove-forest": {32: 0.11, 128: 0.17, 512: 0.26, 5890: 2.8},
    "tfidf": {32: 0.02, 128: 0.02, 512: 0.05, 5890: 0.54},
    "source-only": {32: 0.01, 5890: 0.04},
    "majority": {32: 0.01, 5890: 0.04},
    "tfidf-source": {128: 0.1},
    "tfidf-joint": {128: 1.8},
    "self-training": {128: 2.0},
    # Counted, not measured: 40 ms to read a text (256 word pieces at most), 155 ms to train on it once.
    "encoder-finetune": {32: 130.0, 128: 180.0, 512: 240.0, 5890: 1000.0},
    "encoder-scratch": {32: 130.0, 128: 185.0, 512: 260.0, 5890: 1240.0},
    "setfit": {2: 90.0, 32: 182.0, 64: 283.0, 512: 300.0, 5890: 520.0},
}
ENCODERS = ("encoder-finetune", "encoder-scratch", "setfit")
ON_A_GPU = 20.0  # times as fast are their trials: on an H200 that fourteen trials shared, 9 seconds with 128 labels
# The others as multiples of one in the table, from their seconds at 128 labels (docs/baselines.md).
LIKE: Mapping[str, tuple[str, float]] = {
    "gradual": ("finetune", 0.9), "multitask": ("finetune", 8.5 / 4.5), "glove-frozen": ("scratch", 4.6 / 4.7),
    "glove-trainable": ("scratch", 4.3 / 4.7), "scratch-random": ("scratch", 1.0),
    "gradual-self": ("self-training", 3.0),
}
# Those that consist of others: with up to so many labels, and with more.
SUMS: Mapping[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "auto": (256, ("gradual", "self-training"), ("frozen", "tfidf-joint")),
}
# Milliseconds per text on two cores: IMDB (25,000 reviews of 230 words) and, for the features, Amazon.
READ = 0.20  # from a file to a corpus, its near duplicates found
EPOCH = 0.52  # an epoch of the GRU base, with adversarial steps, and a third of the time to learn its word vectors
FEATURES = 0.18  # the GRU base's features
LINEAR = 0.38  # the source's linear model, for tfidf-source, tfidf-joint and others
ENCODER = 36.0  # vectors of all-MiniLM-L6-v2, of texts as long as the 256 word pieces that it reads
START = 4.0  # seconds until the first trial: libraries imported, workers started, word vectors looked up

RECORDS, SCALED, STATED, UNKNOWN = "records", "scaled", "stated", "unknown"


@dataclass(frozen=True)
class Cost:
    """Seconds, and where they come from."""

    seconds: float
    basis: str  # RECORDS: measured here; SCALED: stated, times this machine's pace; STATED; UNKNOWN: a guess


@dataclass(frozen=True)
class Step:
    """Something that all trials of a target wait for."""

    what: str  # reading TASK, base, features, source's linear model, sentence vectors
    key: str  # of what is cached: the same for two targets that share it
    cached: bool
    cost: Cost  # of what is left to do


@dataclass(frozen=True)
class MeasuredCosts:
    """What this machine's own records and cache show; empty where there are none."""

    trials: Mapping[tuple[str, int], float]  # row and labelled texts → median seconds
    device: str = "cpu"
    epoch: float | None = None  # milliseconds per text and epoch of a base
    features: float | None = None  # milliseconds per text

    def trial(self, baseline: str, labels: int) -> Cost:
        """One trial."""
        if (baseline, labels) in self.trials:
            return Cost(self.trials[baseline, labels], RECORDS)
        by_size = {n: s for (name, n), s in self.trials.items() if name == baseline}
        if not by_size and baseline.endswith("]"):  # with chosen settings, of which nothing is known yet
            return replace(self.trial(baseline.partition("[")[0], labels), basis=UNKNOWN)
        table = stated(baseline, labels, self.device)
        if table is None:  # not a built-in one: as at its nearest size, else as long as a network
            if by_size:
                return Cost(by_size[min(by_size, key=lambda n: abs(np.log(max(n, 1) / max(labels, 1))))], SCALED)
            network = self.trial("scratch", labels)
            return Cost(network.seconds, UNKNOWN)
        pace = _pace({(baseline, n): s for n, s in by_size.items()}, self.device) or _pace(self.trials, self.device)
        return Cost(table * pace, SCALED) if pace else Cost(table, STATED)

    def training(self, texts: int, epochs: int) -> Cost:
        """A base."""
        per_text = self.epoch or EPOCH
        return Cost(texts * epochs * per_text / 1000, SCALED if self.epoch else STATED)

    def encoding(self, texts: int) -> Cost:
        """The base's features of a corpus."""
        per_text = self.features or FEATURES
        return Cost(texts * per_text / 1000, SCALED if self.features else STATED)


def stated(baseline: str, labels: int, device: str = "cpu") -> float | None:
    """Seconds of a trial by the table; None for a baseline that is not in it."""
    if baseline in SUMS:
        few, *members = SUMS[baseline]
        with_encoder = () if device == "cpu" else ("encoder-finetune",)
        return sum(stated(name, labels, device) or 0.0 for name in (*members[labels > few], *with_encoder))
    like, factor = LIKE.get(baseline, (baseline, 1.0))
    if like not in TRIAL:
        return None
    points = TRIAL[like]
    factor /= ON_A_GPU if like in ENCODERS and device != "cpu" else 1.0
    sizes = list(points)
    if labels > sizes[-1] and len(sizes) > 1:
        return factor * points[sizes[-1]] * labels / sizes[-1]
    return factor * float(np.exp(np.interp(np.log(max(labels, 1)), np.log(sizes), np.log(list(points.values())))))


def measured_costs(records: Iterable[Record], root: Path, net: Architecture, engine: str,
                   device: str) -> MeasuredCosts:
    """What was measured with this net, engine and device: in records, and in the bases of the cache `root`."""
    trials: dict[tuple[str, int], list[float]] = defaultdict(list)
    for r in records:
        if (r.status, r.net, r.engine, r.device) == ("ok", str(net), engine, device) and not r.imported:
            trials[r.row, r.n_train].append(sum(r.seconds.get(k, 0.0) for k in ("load", "adapt", "predict")))
    wanted = (net.kind, net.hidden, engine, device)
    bases = [b for b in _facts(root / "bases") if wanted == (
        b.get("net", {}).get("kind"), b.get("net", {}).get("hidden"), b.get("engine"), b.get("device"))]
    epochs = [1000 * b["seconds"] / (b["n_train"] * len(b["history"])) for b in bases
              if b.get("n_train") and b.get("history") and b.get("seconds")]
    features = _feature_costs(root) if epochs else []
    return MeasuredCosts({key: median(values) for key, values in trials.items()}, device,
                         median(epochs) if epochs else None,
                         median(features) if features else None)


def _pace(trials: Mapping[tuple[str, int], float], device: str) -> float | None:
    """How many times slower than the table trials were here; those under 0.1 s show little."""
    ratios = [seconds / table for (name, n), seconds in trials.items()
              if (table := stated(name, n, device) or 0.0) >= 0.1]
    return median(ratios) if ratios else None


def _facts(folder: Path) -> list[dict[str, Any]]:
    """The facts of the entries in a folder of the cache, without those that cannot be read."""
    entries = []
    for path in sorted(folder.glob("[!.]*/facts.json")):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(facts, dict):
            entries.append(facts)
    return entries


def _feature_costs(root: Path) -> list[float]:
    """Milliseconds per text of the features in the cache."""
    costs = []
    for folder in sorted((root / "corpora").glob("*-derived/features-*")):
        try:
            facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
            array = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
            costs.append(1000 * float(facts["seconds"]) / len(array))
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
    return costs


def duration(seconds: float) -> str:
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
