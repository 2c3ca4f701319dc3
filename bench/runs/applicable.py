"""Which strategies can run on a target, and what they need together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bench.data.cards import Task
from bench.runs import needs
from bench.runs.options import Say
from bench.runs.registry import Strategy


def applicable(strategies: Iterable[Strategy], source: Task, target: Task, glove: bool, say: Say,
               device: str = "cpu") -> list[Strategy]:
    """The strategies that can run on a target, as they run there; `say` hears why others cannot."""
    usable = []
    for strategy in strategies:
        strategy = _on_target(strategy, source, target, glove, device)
        reason = needs.refusal(strategy.needs(), source, target, glove, device)
        if reason:
            say(f"{strategy.name} {reason}")
        else:
            usable.append(strategy)
    return usable


def _on_target(strategy: Strategy, source: Task, target: Task, glove: bool, device: str) -> Strategy:
    """The strategy with all optional needs that can be met on a target, and without those that cannot."""
    description = strategy.described()
    if not description.optional:
        return strategy
    apt = [(name, of_name) for name, of_name in description.optional
           if not needs.refusal(of_name, source, target, True, device)]
    met = [of_name for _, of_name in apt
           if needs.missing(of_name) is None and not needs.refusal(of_name, source, target, glove, device)]
    without = tuple(name for name, of_name in apt if of_name not in met)
    return replace(strategy, description=replace(description, needs=description.needs.union(*met), without=without))


def needs_of(strategies: Iterable[Strategy]) -> frozenset[str]:
    """What the strategies need together, as they run on a target."""
    return frozenset().union(*(strategy.needs() for strategy in strategies))


def possible_needs_of(strategies: Iterable[Strategy]) -> frozenset[str]:
    """What the strategies need together on one target or another."""
    return frozenset().union(*(strategy.needs() | strategy.optional_needs() for strategy in strategies))
