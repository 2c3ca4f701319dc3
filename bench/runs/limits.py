"""`--limit` and `--time-limit`: which trials of a run are run now; the others are left for a later run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.core.budget import budget_order, labels_in
from bench.core.errors import BenchError
from bench.data.routes import ignore
from bench.learning.networks.architectures import architecture_named
from bench.results import record_files
from bench.runs import costs, executor, forecast, inputs, needs, plan
from bench.runs.costs import duration
from bench.runs.options import Options
from bench.runs.plan import BasePlan, TargetPlan
from bench.runs.trials import TrialSpec, blank_record

NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
PARTS = re.compile(rf"(?:{NUMBER}h)?(?:{NUMBER}m(?:in)?)?(?:{NUMBER}s?)?")  # of a text without blanks


@dataclass(frozen=True)
class Selection:
    """Which trials are left for later, by their identities, and what to say about it."""

    later: frozenset[str] = frozenset()
    words: str = ""

    def wants(self, spec: TrialSpec) -> bool:
        """Whether a trial belongs to this run: it is done already, or it is run now."""
        return not self.later or blank_record(spec).identity() not in self.later


@dataclass(frozen=True)
class _Candidate:
    spec: TrialSpec
    seconds: float  # of the trial, on one worker
    steps: Mapping[tuple[str, str], float]  # seconds of what has to be prepared first, by what it is


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `1h30m`; `BenchError` for anything else."""
    match = PARTS.fullmatch("".join(text[:100].lower().split()))
    seconds = sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) \
        if match else 0.0
    if not seconds:
        raise BenchError(f"--time-limit {text!r} is no time", "such as 90s, 10m or 1h30m")
    return seconds


def select(runs: Sequence[Options], table: Mapping[str, str], *, limit: int | None, seconds: float | None,
           again: bool, dry: bool) -> Selection:
    """The trials that are run now: every strategy at the smallest budget first, then the next budget, seed by seed.

    At most `limit` of those that are left to run, and as many as fit into `seconds` by the estimate of `--dry-run`:
    a trial that does not fit is left out, with what it needs prepared. Raises `BenchError` where none fits.
    """
    candidates = _candidates(runs, table, again=again, dry=dry)
    workers = max(1, *map(executor.worker_count, runs))
    chosen: list[_Candidate] = []
    prepared: dict[tuple[str, str], float] = {}
    work = 0.0

    def total(extra: _Candidate | None = None) -> float:
        steps = {**prepared, **extra.steps} if extra else prepared
        return costs.START + sum(steps.values()) + (work + (extra.seconds if extra else 0.0)) / workers

    for candidate in candidates:
        if limit is not None and len(chosen) == limit:
            break
        if seconds is None or total(candidate) <= seconds:
            chosen.append(candidate)
            prepared |= candidate.steps
            work += candidate.seconds
    if not chosen and candidates:
        quickest = min(total(candidate) for candidate in candidates)
        raise BenchError(f"no trial fits into {duration(seconds or 0.0)}",
                         f"the quickest takes about {duration(quickest)}, with what it needs")
    now = {id(candidate) for candidate in chosen}
    later = [candidate.spec for candidate in candidates if id(candidate) not in now]
    if not later:
        return Selection()
    cells = Counter((spec.strategy.row, spec.budget) for spec in later)
    listed = ", ".join(f"{name} at {budget} ({n})" for (name, budget), n in list(cells.items())[:6])
    more = f" and {len(cells) - 6} more" if len(cells) > 6 else ""
    words = (f"{len(chosen)} of {len(candidates)} trials now, about {duration(total())}; left for a run without the "
             f"limit: {listed}{more}")
    return Selection(frozenset(blank_record(spec).identity() for spec in later), words)


def _candidates(runs: Sequence[Options], table: Mapping[str, str], *, again: bool, dry: bool) -> list[_Candidate]:
    """The trials that are left to run, each once, in the order in which they are chosen."""
    found: dict[str, _Candidate] = {}
    for options in runs:
        records = record_files.read_all(options.results_dir)
        measured = costs.measured_costs(records, options.cache_dir, architecture_named(options.net, options.preset),
                                        options.engine, inputs.device_for(options))
        find = forecast.vectors_to_come(options) if dry else inputs.find_vectors
        options = replace(options, offline=options.offline or dry)
        for draft in plan.drafts(options, table, ignore, progress=False, find=find, again=again):
            for part in draft.parts:
                for spec in part.todo:
                    candidate = _Candidate(
                        spec, measured.trial(spec.strategy.row, labels_in(spec.budget, len(draft.target.split.pool))
                                             ).seconds, _steps(spec, draft, part, measured, options))
                    found.setdefault(blank_record(spec).identity(), candidate)
    return sorted(found.values(), key=lambda c: (c.spec.head_seed or 0, c.spec.seed, budget_order(c.spec.budget)))


def _steps(spec: TrialSpec, draft: TargetPlan, part: BasePlan, measured: costs.MeasuredCosts,
           options: Options) -> dict[tuple[str, str], float]:
    work = forecast.workload_of(draft, part, measured, options)
    return {(step.what, step.key): step.cost.seconds for step in needs.steps(spec.strategy.needs(), work)
            if not step.cached}
