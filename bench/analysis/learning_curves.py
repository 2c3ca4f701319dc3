"""Learning curves read backwards: how many labels a strategy saves, when its base has paid, where another leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.analysis import bootstrap
from bench.analysis.boards import only_row_of
from bench.analysis.predictions import TestPredictions
from bench.analysis.scores import Array, Interval
from bench.core.budget import NO_LABELS, Budget


@dataclass(frozen=True)
class LabelEquivalent:
    """How many labels a reference strategy needs for the same score; an infinite bound is beyond its budgets."""

    baseline: str
    budget: Budget
    n_train: int
    reference: str  # whose labels are counted: scratch or tfidf
    labels: Interval  # -inf: below the reference's smallest budget, inf: above its largest
    least: int  # labels of the reference's smallest budget
    most: int  # and of its largest

    def in_words(self) -> str:
        """Such as `510 [380, 760]` or `> 6,000`."""
        if self.labels.low == self.labels.high:
            return self._text(self.labels.estimate)
        return f"{self._text(self.labels.estimate)} [{self._text(self.labels.low)}, {self._text(self.labels.high)}]"

    def _text(self, labels: float) -> str:
        if np.isinf(labels):
            return f"> {self.most:,}" if labels > 0 else f"< {self.least:,}"
        return f"{_rounded(labels):,}"


@dataclass(frozen=True)
class Leader:
    """The baseline with the highest curve, from so many labels to so many."""

    baseline: str
    begin: float  # labels
    end: float


@dataclass(frozen=True)
class BreakEven:
    """What the training time of a base buys: labels saved per target, at a price."""

    baseline: str
    budget: Budget
    pretrain: float  # seconds
    saved: Interval  # labels per target, against the reference at the same score
    seconds_saved: float | None  # training time per target at the same score; None where scratch never reaches it
    price: float  # of the base: its hours at the price per hour
    labels: float  # labels that cost as much
    targets: int | None  # targets until the labels saved have paid for the base; None: never
    targets_by_time: int | None  # the same, counting seconds alone


def label_equivalents(predictions: Sequence[TestPredictions], sizes: Mapping[Budget, int],
                      reference: str) -> list[LabelEquivalent]:
    """The label equivalents of all other cells on the reference's curve, with bootstrap intervals.

    `sizes` gives the number of labels of each budget. A reference with fewer than two budgets has no curve.
    """
    row = only_row_of(reference, dict.fromkeys(p.baseline for p in predictions))
    curve = sorted((p for p in predictions if p.baseline == row), key=lambda p: sizes[p.budget])
    if len(curve) < 2:
        return []
    cells = [p for p in predictions if p.baseline != row and p.seeds == curve[0].seeds]
    curve = [p for p in curve if p.seeds == curve[0].seeds]
    x = np.array([sizes[p.budget] for p in curve], np.float64)
    samples = [p.score() for p in (*curve, *cells)]
    resampled = bootstrap.replicates(samples, bootstrap.resamples(len(curve[0].seeds), samples[0].influence.shape[1]))
    mean = np.array([s.value.mean() for s in samples])[None]
    k = len(curve)
    estimates = labels_at_scores(x, mean[:, :k], mean[:, k:])
    replicates = labels_at_scores(x, resampled[:, :k], resampled[:, k:])
    return [LabelEquivalent(cell.baseline, cell.budget, sizes[cell.budget], reference,
                            bootstrap.percentiles(float(estimates[0, i]), replicates[:, i]), int(x[0]), int(x[-1]))
            for i, cell in enumerate(cells)]


def labels_at_score(score: float, curve: Mapping[int, float]) -> float:
    """The labels at which a learning curve {labels: score} reaches a score; -inf below its first point, inf above all.

    The curve is made monotone and is linear between its points in the logarithm of the labels.
    """
    points = sorted(curve.items())
    x = np.array([labels for labels, _ in points], np.float64)
    return float(labels_at_scores(x, np.array([[value for _, value in points]]), np.array([[score]]))[0, 0])


def labels_at_scores(x: Array, curves: Array, scores: Array) -> Array:
    """The labels [draws, cells] at which each curve [draws, budgets] reaches the scores [draws, cells].

    `x` [budgets] holds the labels of each budget, ascending; the result is ±inf beyond the ends of a curve. A curve is
    made monotone and is linear between budgets in the logarithm of the labels.
    """
    if len(x) == 1:  # a point, not a curve
        return np.where(scores > curves, np.inf, np.where(scores < curves, -np.inf, x[0]))
    logs = np.log(x)
    rising = monotone(curves) + np.arange(len(x)) * 1e-12  # on a flat piece, the smallest budget counts
    first = (rising[:, None, :] < scores[:, :, None]).sum(axis=2)  # the first budget that is as good
    right = np.clip(first, 1, len(x) - 1)
    low, high = (np.take_along_axis(rising, i, axis=1) for i in (right - 1, right))
    share = np.clip((scores - low) / (high - low), 0.0, 1.0)
    labels = np.exp(logs[right - 1] + (logs[right] - logs[right - 1]) * share)
    return np.where(scores > rising[:, -1:], np.inf, np.where(scores < rising[:, :1], -np.inf, labels))


def monotone(curves: Array) -> Array:
    """The nearest curves [draws, budgets] that never fall: isotonic regression by its max-min formula.

    scikit-learn takes one curve per call, which is hundreds of times slower for thousands of resamples.
    """
    k = curves.shape[1]
    sums = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    out = np.full(curves.shape, -np.inf)
    for first in range(k):
        means = (sums[:, first + 1 :] - sums[:, first : first + 1]) / np.arange(1, k - first + 1)
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # over all ends from here on
        out[:, first:] = np.maximum(out[:, first:], least)
    return out


def leaders(predictions: Sequence[TestPredictions], sizes: Mapping[Budget, int]) -> list[Leader]:
    """Who leads from how many labels to how many, by mean scores, linear between budgets in the logarithm of labels.

    Only baselines that are complete at every budget take part. A budget of 0 is on no logarithmic axis: it is left out.
    """
    budgets = sorted({p.budget for p in predictions if p.budget != NO_LABELS}, key=lambda b: sizes[b])
    scores = {(p.baseline, p.budget): float(p.score().value.mean()) for p in predictions}
    names = sorted({p.baseline for p in predictions if all((p.baseline, b) in scores for b in budgets)})
    if not names or not budgets:
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


def break_even(equivalents: Sequence[LabelEquivalent], predictions: Sequence[TestPredictions],
               sizes: Mapping[Budget, int], label_cost: float, hour_cost: float) -> list[BreakEven]:
    """For each cell of a baseline with a base: what its training costs, and after how many targets it has paid."""
    cells = {(p.baseline, p.budget): p for p in predictions}
    out = []
    for equivalent in equivalents:
        cell = cells[equivalent.baseline, equivalent.budget]
        if cell.pretrain <= 0.0:
            continue
        labels = equivalent.labels.estimate, equivalent.labels.low, equivalent.labels.high
        bounded = [min(max(v, 0.0 if v < 0 else v), equivalent.most) for v in labels]
        saved = Interval(*(v - equivalent.n_train for v in bounded))
        price = cell.pretrain / 3600 * hour_cost
        worth = saved.estimate * label_cost
        seconds = _reference_seconds(cells, sizes, equivalent)
        seconds_saved = None if seconds is None else seconds - cell.adapt
        out.append(BreakEven(
            equivalent.baseline, equivalent.budget, cell.pretrain, saved, seconds_saved, price, price / label_cost,
            int(np.ceil(price / worth)) if worth > 0 else None,
            int(np.ceil(cell.pretrain / seconds_saved)) if seconds_saved and seconds_saved > 0 else None))
    return out


def _reference_seconds(cells: Mapping[tuple[str, Budget], TestPredictions], sizes: Mapping[Budget, int],
                       equivalent: LabelEquivalent) -> float | None:
    """Seconds that the reference trains with the equivalent number of labels, between its budgets."""
    if np.isinf(equivalent.labels.estimate):
        return None
    row = only_row_of(equivalent.reference, dict.fromkeys(name for name, _ in cells))
    known = sorted((sizes[b], cell.adapt) for (name, b), cell in cells.items() if name == row)
    return float(np.interp(equivalent.labels.estimate, [n for n, _ in known], [t for _, t in known]))


def _rounded(labels: float) -> int:
    """To two significant figures above a hundred: no equivalent is known more precisely."""
    if labels < 100:
        return round(labels)
    step = 10 ** (int(np.log10(labels)) - 1)
    return int(round(labels / step) * step)
