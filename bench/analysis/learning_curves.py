"""Learning curves turned round: what labels a strategy is worth, when its base has paid, where another takes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.analysis import bootstrap
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, Interval
from bench.core.budget import Budget


@dataclass(frozen=True)
class LabelEquivalents:
    """How many labels another strategy needs for the same score; an infinite bound is beyond the largest budget."""

    baseline: str
    budget: Budget
    n_train: int
    reference: str  # whose labels are counted: scratch or tfidf
    labels: Interval  # -inf: below the reference's smallest budget, inf: above its largest
    least: int
    most: int  # the reference's smallest and largest budgets

    def words(self) -> str:
        """Such as `510 [380, 760]` or `> 6,000`."""
        if self.labels.low == self.labels.high:
            return self._one(self.labels.estimate)
        return f"{self._one(self.labels.estimate)} [{self._one(self.labels.low)}, {self._one(self.labels.high)}]"

    def _one(self, labels: float) -> str:
        if np.isinf(labels):
            return f"> {self.most:,}" if labels > 0 else f"< {self.least:,}"
        return f"{_rounded(labels):,}"


@dataclass(frozen=True)
class Leader:
    """The budgets from one to another at which a baseline's curve is the highest."""

    baseline: str
    begin: float  # labels
    end: float


@dataclass(frozen=True)
class BreakEven:
    """What a base's training time buys: labels saved at each target, at a price."""

    baseline: str
    budget: Budget
    pretrain: float  # seconds
    saved: Interval  # labels a target against the reference at the same score
    seconds_saved: float | None  # adaptation time a target at the same score; None where the score is beyond scratch
    price: float  # of the base: its hours at the price an hour
    labels: float  # labels that cost as much
    targets: int | None  # targets until the labels saved have paid for the base; None: never
    targets_by_time: int | None  # the same counted in seconds alone


def label_equivalents(
    sheets: Sequence[TestPredictions], sizes: Mapping[Budget, int], reference: str
) -> list[LabelEquivalents]:
    """The label-equivalent of each other cell against the reference's curve, with its resampled interval."""
    curve = sorted((s for s in sheets if s.baseline == reference), key=lambda s: sizes[s.budget])
    if len(curve) < 2:
        return []
    rest = [s for s in sheets if s.baseline != reference and s.seeds == curve[0].seeds]
    curve = [s for s in curve if s.seeds == curve[0].seeds]
    x = np.array([sizes[s.budget] for s in curve], np.float64)
    samples = [s.score() for s in (*curve, *rest)]
    made = bootstrap.replicates(samples, bootstrap.drawn(len(curve[0].seeds), len(curve[0].truth)))
    mean = np.array([s.value.mean() for s in samples])[None]
    k = len(curve)
    middle, spread = inverted(x, mean[:, :k], mean[:, k:]), inverted(x, made[:, :k], made[:, k:])
    out = []
    for i, sheet in enumerate(rest):
        labels = bootstrap.percentiles(float(middle[0, i]), spread[:, i])
        out.append(
            LabelEquivalents(
                sheet.baseline, sheet.budget, sizes[sheet.budget], reference, labels, int(x[0]), int(x[-1])
            )
        )
    return out


def inverted(x: Array, curves: Array, scores: Array) -> Array:
    """The labels at which each curve [draws, budgets] reaches the scores [draws, cells]; ±inf beyond its ends.

    A curve is made monotone (pool adjacent violators) and is linear between budgets in the logarithm of the labels.
    """
    if len(x) == 1:  # a point, no curve
        return np.where(scores > curves, np.inf, np.where(scores < curves, -np.inf, x[0]))
    logs = np.log(x)
    rising = monotone(curves) + np.arange(len(x)) * 1e-12  # a flat piece is left at its first budget
    at = (rising[:, None, :] < scores[:, :, None]).sum(axis=2)  # the first budget that is as good
    right = np.clip(at, 1, len(x) - 1)
    low, high = (np.take_along_axis(rising, i, axis=1) for i in (right - 1, right))
    way = np.clip((scores - low) / (high - low), 0.0, 1.0)
    found = np.exp(logs[right - 1] + (logs[right] - logs[right - 1]) * way)
    return np.where(scores > rising[:, -1:], np.inf, np.where(scores < rising[:, :1], -np.inf, found))


def monotone(curves: Array) -> Array:
    """The nearest curves [draws, budgets] that never fall: isotonic regression by its max-min formula.

    scikit-learn's takes one curve a call, which for thousands of resamples is slower by a factor of hundreds.
    """
    k = curves.shape[1]
    sums = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    out = np.full(curves.shape, -np.inf)
    for first in range(k):
        means = (sums[:, first + 1 :] - sums[:, first : first + 1]) / np.arange(1, k - first + 1)
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # over the ends from here on
        out[:, first:] = np.maximum(out[:, first:], least)
    return out


def leaders(sheets: Sequence[TestPredictions], sizes: Mapping[Budget, int]) -> list[Leader]:
    """Who leads from how many labels to how many, by mean scores, linear between budgets in log labels.

    Only baselines that are complete at every budget take part.
    """
    budgets = sorted({s.budget for s in sheets}, key=lambda b: sizes[b])
    scores = {(s.baseline, s.budget): float(s.score().value.mean()) for s in sheets}
    names = sorted({s.baseline for s in sheets if all((s.baseline, b) in scores for b in budgets)})
    if not names:
        return []
    x = np.log([sizes[b] for b in budgets])
    y = np.array([[scores[n, b] for b in budgets] for n in names])
    marks = set(x)
    for j, (a, b) in enumerate(pairwise(x)):
        for i in range(len(names)):
            for k in range(i):
                before, after = y[i, j] - y[k, j], y[i, j + 1] - y[k, j + 1]
                if before * after < 0:
                    marks.add(a + (b - a) * before / (before - after))
    points = sorted(marks)
    out: list[Leader] = []
    for a, b in pairwise(points) if len(points) > 1 else [(points[0], points[0])]:
        middle = [float(np.interp((a + b) / 2, x, row)) for row in y]
        name = names[int(np.argmax(middle))]
        if out and out[-1].baseline == name:
            out[-1] = Leader(name, out[-1].begin, float(np.exp(b)))
        else:
            out.append(Leader(name, float(np.exp(a)), float(np.exp(b))))
    return out


def break_even(
    found: Sequence[LabelEquivalents],
    sheets: Sequence[TestPredictions],
    sizes: Mapping[Budget, int],
    label_cost: float,
    hour_cost: float,
) -> list[BreakEven]:
    """For each baseline that uses a base: what its training costs and after how many targets it has paid."""
    have = {(s.baseline, s.budget): s for s in sheets}
    out = []
    for worth in found:
        own = have[worth.baseline, worth.budget]
        if own.pretrain <= 0.0:
            continue
        bounded = [min(max(v, 0.0 if v < 0 else v), worth.most) for v in
                   (worth.labels.estimate, worth.labels.low, worth.labels.high)]
        saved = Interval(*(v - worth.n_train for v in bounded))
        price = own.pretrain / 3600 * hour_cost
        by_labels = saved.estimate * label_cost
        seconds = _seconds_at(have, sizes, worth)
        quicker = None if seconds is None else seconds - own.adapt
        out.append(BreakEven(worth.baseline, worth.budget, own.pretrain, saved, quicker, price, price / label_cost,
                             int(np.ceil(price / by_labels)) if by_labels > 0 else None,
                             int(np.ceil(own.pretrain / quicker)) if quicker and quicker > 0 else None))
    return out


def _seconds_at(
    have: Mapping[tuple[str, Budget], TestPredictions], sizes: Mapping[Budget, int], worth: LabelEquivalents
) -> float | None:
    """Seconds that the reference trains at the label-equivalent, between its budgets."""
    if np.isinf(worth.labels.estimate):
        return None
    own = sorted((sizes[b], s.adapt) for (name, b), s in have.items() if name == worth.reference)
    return float(np.interp(worth.labels.estimate, [n for n, _ in own], [t for _, t in own]))


def _rounded(labels: float) -> int:
    """To two figures above a hundred: no equivalent is known better."""
    if labels < 100:
        return round(labels)
    step = 10 ** (int(np.log10(labels)) - 1)
    return int(round(labels / step) * step)
