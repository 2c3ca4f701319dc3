"""A budget: how many labelled target texts a strategy may learn from, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from bench.core.errors import BenchError

Budget = int | Literal["full"]  # a number of labels, or all that the training pool has; the same in JSON
NO_LABELS: Final = 0  # the budget of strategies that need no labelled target text
FULL: Final = "full"
Draw = Literal["stratified", "random"]  # in the class shares of the pool, or whatever the class of a text
DRAWS: tuple[Draw, ...] = get_args(Draw)
EXAMPLE = "such as --budgets 0,32,128,512,full"


def parse_budget(text: str) -> Budget:
    """The budget that `128`, `full` or `all` names; `BenchError` for anything else."""
    if text in (FULL, "all"):
        return FULL
    if text.isdigit() and text.isascii() and (int(text) == NO_LABELS or 2 <= int(text) <= 10**9):
        return int(text)
    few = "too few labels: two classes need 2, and 0 is none at all" if text == "1" else "not a number of labels"
    raise BenchError(f"budget {text!r} is {few}", EXAMPLE)


def parse_budgets(text: str) -> tuple[Budget, ...]:
    """The budgets of a list such as `32,128,full`, in ascending order; `BenchError` for a wrong or an empty list."""
    budgets = in_order(parse_budget(part) for part in map(str.strip, text.split(",")) if part)
    if not budgets:
        raise BenchError("no budgets", EXAMPLE)
    return budgets


def budget_order(budget: Budget) -> float:
    """The sort key of a budget: its number of labels; "full" comes last."""
    return float("inf") if budget == FULL else budget


def in_order(budgets: Iterable[Budget]) -> tuple[Budget, ...]:
    """Each budget once, in ascending order."""
    return tuple(sorted(set(budgets), key=budget_order))


def labels_in(budget: Budget, pool: int) -> int:
    """How many labels a budget is where the training pool has `pool` texts; may exceed `pool`."""
    return pool if budget == FULL else budget


def budget_in_words(budget: Budget, pool: int) -> str:
    """`no labels`, `128 labels`, or `all 6,000 labels` where the training pool has 6,000 texts."""
    return f"all {pool:,} labels" if budget == FULL else "no labels" if budget == NO_LABELS else f"{budget:,} labels"
