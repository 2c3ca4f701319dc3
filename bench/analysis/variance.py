"""Where the spread of a score comes from: the seed of the base, the draw of the labels, or the seed of the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.scores import Array
from bench.core.budget import Budget, in_order
from bench.results.record import Record


@dataclass(frozen=True)
class VarianceComponents:
    """Standard deviations of one baseline's score at one budget, in points, by source; None: not varied."""

    baseline: str
    budget: Budget
    bases: int
    draws: int
    heads: int  # runs with the same base and labels
    base: float | None  # another base, the same labels
    labels: float | None  # another label draw; includes the seed of the head where `heads` is 1
    both: float | None  # interaction of base and labels; includes the seed of the head where `heads` is 1
    head: float | None  # the same base and labels, another head and another order of batches
    whole: float  # a new run of everything that was varied


def variance_components(records: Sequence[Record]) -> list[VarianceComponents]:
    """The components for each baseline and budget whose records are a full design: bases × draws, heads inside each.

    Method of moments (analysis of variance of two crossed factors with replicates); a negative estimate becomes 0.
    """
    cells: dict[tuple[str, Budget], dict[tuple[int, int, int], float]] = {}
    for r in records:
        value = getattr(r, r.leading)
        if r.status == "ok" and value is not None:
            head = r.seed if r.head_seed is None else r.head_seed
            cells.setdefault((r.baseline, r.budget), {})[r.base_seed, r.seed, head] = 100 * value
    budgets = in_order({budget for _, budget in cells})
    keys = [(name, b) for name in sorted({name for name, _ in cells}) for b in budgets if (name, b) in cells]
    designs = [(name, b, _full_design(cells[name, b])) for name, b in keys]
    return [variance_components_of(y, name, b) for name, b, y in designs if y is not None]


def _full_design(points: Mapping[tuple[int, int, int], float]) -> Array | None:
    """The points [bases, draws, heads] of a full design, of the draws that every base has; None for a single point."""
    bases = sorted({b for b, _, _ in points})
    draws = sorted(set.intersection(*({d for b, d, _ in points if b == base} for base in bases)))
    if not draws:
        return None
    runs = [[[v for (b, d, _), v in sorted(points.items()) if (b, d) == (base, draw)] for draw in draws]
            for base in bases]
    heads = min(len(values) for row in runs for values in row)
    design = np.array([[values[:heads] for values in row] for row in runs])
    return design if design.size > 1 else None


def variance_components_of(y: Array, baseline: str, budget: Budget) -> VarianceComponents:
    """The components of a full design of scores [bases, draws, heads], in the unit of the scores."""
    a, b, n = y.shape
    heads = y.var(axis=2, ddof=1).mean() if n > 1 else None
    cell = y.mean(axis=2)
    residual = cell - cell.mean(axis=1, keepdims=True) - cell.mean(axis=0) + cell.mean()
    crossed = (residual**2).sum() / ((a - 1) * (b - 1)) if a > 1 and b > 1 else None  # interaction + heads / n
    within = crossed if crossed is not None else (heads / n if heads is not None else 0.0)
    rows = cell.mean(axis=1).var(ddof=1) - within / b if a > 1 else None
    columns = cell.mean(axis=0).var(ddof=1) - within / a if b > 1 else None
    interaction = None if crossed is None else crossed - (heads / n if heads is not None else 0.0)
    known = [max(0.0, float(v)) for v in (rows, columns, interaction, heads) if v is not None]

    def deviation(variance: float | None) -> float | None:
        return None if variance is None else float(np.sqrt(max(0.0, float(variance))))

    return VarianceComponents(baseline, budget, a, b, n, deviation(rows), deviation(columns), deviation(interaction),
                              deviation(heads), float(np.sqrt(sum(known))))
