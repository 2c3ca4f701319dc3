"""Where the spread of a score comes from: the base's seed, the draw of the labels, or the head's seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.scores import Array
from bench.core.budget import Budget, budget_order
from bench.results.record import Record


@dataclass(frozen=True)
class VarianceShares:
    """The standard deviation of one baseline's score at one budget, in points, by source; None: it was not varied."""

    baseline: str
    budget: Budget
    bases: int
    draws: int
    heads: int  # runs of the same base and labels
    base: float | None  # a new base, the same labels
    labels: float | None  # a new draw; with the head's seed where heads is 1
    both: float | None  # interplay of base and labels; with the head's seed where heads is 1
    head: float | None  # the same base and labels, another head and order of batches
    whole: float  # of a new run of everything that was varied

    def words(self) -> str:
        """What matters most, in one line."""
        labels = "label draw and head seed together" if self.heads < 2 else "label draw"
        known = [(v, n) for v, n in ((self.base, "base seed"), (self.labels, labels), (self.head, "head seed"))
                 if v is not None]
        said = ", ".join(f"{name} {value:.1f}" for value, name in known)
        missing = [flag for flag, count in (("--base-seeds 2", self.bases), ("--seeds 2", self.draws),
                                            ("--head-seeds 2", self.heads)) if count < 2]
        more = f"; not split further without {', '.join(missing)}" if missing else f"; most: {max(known)[1]}"
        return f"{self.baseline}, {self.budget} labels: standard deviations in points: {said or 'none'}{more}"


def variance_shares(records: Sequence[Record]) -> list[VarianceShares]:
    """One split for each baseline and budget whose records are a whole design: bases by draws, heads inside each.

    Method of moments (analysis of variance of two crossed factors with replicates); a negative estimate is 0.
    """
    cells: dict[tuple[str, Budget], dict[tuple[int, int, int], float]] = {}
    for r in records:
        value = getattr(r, r.leading)
        if r.status == "ok" and value is not None:
            head = r.seed if r.head_seed is None else r.head_seed
            cells.setdefault((r.baseline, r.budget), {})[r.base_seed, r.seed, head] = 100 * value

    def order(key: tuple[str, Budget]) -> tuple[str, float]:
        return key[0], budget_order(key[1])

    return [found for key in sorted(cells, key=order) if (found := _variance_shares(*key, cells[key]))]


def _variance_shares(
    baseline: str, budget: Budget, cells: Mapping[tuple[int, int, int], float]
) -> VarianceShares | None:
    bases = sorted({b for b, _, _ in cells})
    draws = sorted({d for _, d, _ in cells})
    groups = [[[v for (b, d, _), v in sorted(cells.items()) if (b, d) == (base, one)] for one in draws]
              for base in bases]
    heads = min(len(g) for row in groups for g in row)
    if heads == 0 or len(cells) < 2:
        return None
    y = np.array([[g[:heads] for g in row] for row in groups])  # [bases, draws, heads]
    return variance_shares_of(y, baseline, budget)


def variance_shares_of(y: Array, baseline: str, budget: Budget) -> VarianceShares:
    """The components of a full design of scores [bases, draws, heads], in the scores' unit."""
    a, b, n = y.shape
    inside = y.var(axis=2, ddof=1).mean() if n > 1 else None
    cell = y.mean(axis=2)
    residual = cell - cell.mean(axis=1, keepdims=True) - cell.mean(axis=0) + cell.mean()
    crossed = (residual**2).sum() / ((a - 1) * (b - 1)) if a > 1 and b > 1 else None  # both + head / n
    ground = crossed if crossed is not None else (inside / n if inside is not None else 0.0)
    rows = cell.mean(axis=1).var(ddof=1) - ground / b if a > 1 else None
    columns = cell.mean(axis=0).var(ddof=1) - ground / a if b > 1 else None
    both = None if crossed is None else crossed - (inside / n if inside is not None else 0.0)
    known = [max(0.0, float(v)) for v in (rows, columns, both, inside) if v is not None]

    def deviation(variance: float | None) -> float | None:
        return None if variance is None else float(np.sqrt(max(0.0, float(variance))))

    return VarianceShares(
        baseline,
        budget,
        a,
        b,
        n,
        deviation(rows),
        deviation(columns),
        deviation(both),
        deviation(inside),
        float(np.sqrt(sum(known))),
    )
