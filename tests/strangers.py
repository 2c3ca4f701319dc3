"""Runs of misbehaving strategies from outside beside two honest ones, and what must come out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import misbehaving
from commands import SCORES

from bench.results.record import Record
from bench.runs.inputs import TrialContext
from bench.runs.registry import Strategy
from bench.runs.trials import TrialSpec, trial_specs

HONEST = (Strategy("honest", misbehaving.MODULE, "honest"), Strategy("tfidf", "bench.baselines.tfidf"))


def honest_specs(context: TrialContext) -> list[TrialSpec]:
    """Trials of the two honest strategies: one from outside, which draws from global generators, and one of ours."""
    return trial_specs(context, HONEST, (8,), 3)


def mixed(context: TrialContext, names: Sequence[str]) -> list[TrialSpec]:
    """A trial of each strategy named, and those of the honest ones between them and after them."""
    strategies = [Strategy(name, misbehaving.MODULE, name) for name in names]
    specs = trial_specs(context, strategies, (8,), 1)
    honest = honest_specs(context)
    for number, spec in enumerate(honest):
        specs.insert((number + 1) * (len(specs) // len(honest)), spec)
    return [*specs, *trial_specs(context, HONEST, (16,), 1)]


def scores(records: Iterable[Record]) -> dict[tuple[str, object, int], list[object]]:
    """What the honest strategies scored, to the bit."""
    names = {strategy.name for strategy in HONEST}
    return {(r.baseline, r.budget, r.seed): [getattr(r, name) for name in SCORES] for r in records
            if r.baseline in names}


def wrong(records: Iterable[Record]) -> list[str]:
    """The records of misbehaving strategies that do not say what they must."""
    lines = []
    for record in records:
        if record.baseline in misbehaving.FAIL:
            said = misbehaving.FAIL[record.baseline][1]
            right = record.status == "failed" and re.search(said, record.error)
        elif record.baseline in misbehaving.HANG:
            right = "it took longer than" in record.error
        else:
            right = record.status == "ok"
        right = right and "\n" not in record.error and record.error.isprintable() and len(record.error) < 3_000
        if not right:
            lines.append(f"{record.baseline}: {record.status} {record.error}")
    return lines
