"""Published trials run again: the same scores, within tolerance, or off, each with a guess at the cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import stdev

import numpy as np

from bench.core import store
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.learning.networks.architectures import ARCHITECTURES, TUTORIAL
from bench.learning.networks.engines import devices
from bench.results import record_files
from bench.results.record import Record
from bench.runs import plan as plans
from bench.runs.executor import Executor
from bench.runs.machine import versions
from bench.runs.options import Options, Say, Watch
from bench.runs.registry import strategies_named
from bench.runs.trials import HEAD_SEEDS, TrialSpec, blank_record

SAME, WITHIN, OFF, NOT_RUN = "same", "within tolerance", "off", "not run"
TOLERANCE = 1.0  # points of accuracy, or twice the spread of the other published seeds where that is more

Cell = tuple[str, ...]


@dataclass(frozen=True)
class Rerun:
    """A published trial and what came out of it here."""

    published: Record
    again: Record | None
    tolerance: float  # points
    cause: str = ""  # what differs, or why it was not run

    @property
    def points(self) -> float:
        """Its leading score here minus the published one, in points."""
        assert self.again is not None
        return 100 * (_score(self.again) - _score(self.published))

    @property
    def verdict(self) -> str:
        """`same`: every stored prediction is equal, bit for bit."""
        if self.again is None:
            return NOT_RUN
        if self.again.status != "ok":
            return OFF
        if self.again.predictions == self.published.predictions:
            return SAME
        return WITHIN if abs(self.points) <= self.tolerance + 1e-9 else OFF


def published_in(folder: Path) -> list[Record]:
    """The finished trials of a folder of published results; `BenchError` where there are none."""
    found = [r for r in record_files.latest(record_files.read_all(folder)) if r.status == "ok"]
    if not found:
        raise BenchError(f"no published records in {folder / 'records'}",
                         "they come with the repository: run this in a clone of it, or say --published-dir")
    return found


def sample(found: Sequence[Record], share: float, seed: int) -> list[Record]:
    """A random share (0 to 1) of the trials, at least one, in their order."""
    count = max(1, round(share * len(found)))
    return [found[i] for i in sorted(np.random.default_rng(seed).choice(len(found), count, replace=False))]


def rerun(
    chosen: Sequence[Record],
    every: Sequence[Record],
    options: Options,
    table: Mapping[str, str],
    carry: Executor,
    say: Say,
    watch: Watch,
    *,
    progress: bool,
) -> Iterator[Rerun]:
    """Run the `chosen` of `every` published trial again, and compare.

    What was finished by the same versions is taken from the results folder, so that a broken-off rerun goes on.
    """
    seeds = _seeds(every)
    why_not = {baseline: _why_not(baseline, table) for baseline in {r.baseline for r in chosen}}
    yield from (Rerun(old, None, TOLERANCE, why_not[old.baseline]) for old in chosen if why_not[old.baseline])
    for like in _alike([r for r in chosen if not why_not[r.baseline]]):
        first = like[0]
        wanted = {_cell(r): r for r in like}
        try:
            one = _options(first, like, options)
            for plan in plans.plan(one, table, say, watch, progress=progress, wanted=_asked(wanted)):
                for _ in plans.execute(plan, carry):
                    pass
                have = {_cell(r): r for r in record_files.latest(record_files.read_with_packed(plan.path))}
                for cell, old in wanted.items():
                    new = have.get(cell)
                    tolerance = _tolerance(old, seeds[_group(old)])
                    yield Rerun(old, new, tolerance, _cause(old, new) if new else "this suite has no such trial")
        except BenchError as error:
            yield from (Rerun(old, None, TOLERANCE, str(error)) for old in like)


def _why_not(baseline: str, table: Mapping[str, str]) -> str:
    """Why a strategy cannot run here, such as an extra that is not installed; empty where it can."""
    try:
        return " ".join(str(error) for s in strategies_named((baseline,), table) if (error := s.missing()))
    except BenchError as error:
        return str(error)


def _options(first: Record, like: Sequence[Record], options: Options) -> Options:
    net, preset = _net(first.net)
    device = first.device if first.device in devices(first.engine) else "auto"
    made = store.key_of([dict(versions(first.engine))])[:12]
    heads = 1 + max(0 if r.head_seed is None else (r.head_seed - r.seed) // HEAD_SEEDS for r in like)
    return replace(options, targets=(str(first.target),), source=first.source, net=net, preset=preset,
                   engine=first.engine, device=device, baselines=tuple(sorted({r.baseline for r in like})),
                   budgets=tuple(dict.fromkeys(r.budget for r in like)), seeds=1 + max(r.seed for r in like),
                   base_seeds=1 + max(r.base_seed for r in like), head_seeds=heads,
                   results_dir=options.results_dir / "published-again" / made)


def _net(name: str) -> tuple[str, str]:
    for preset, nets in (("default", ARCHITECTURES), ("tutorial", TUTORIAL)):
        for kind, net in nets.items():
            if str(net) == name:
                return kind, preset
    raise BenchError(f"no net here is called {name!r}", "it was published by another version")


def _asked(wanted: Mapping[Cell, Record]) -> Callable[[TrialSpec], bool]:
    return lambda job: _cell(blank_record(job)) in wanted


def _cell(record: Record) -> Cell:
    """Which trial it is, whatever it was computed from and on."""
    head = record.seed if record.head_seed is None else record.head_seed
    return (*_group(record), str(record.seed), str(record.base_seed), str(head))


def _group(record: Record) -> Cell:
    return (record.task, record.edition, record.source, record.net, record.engine, record.baseline,
            str(record.budget))


def _alike(chosen: Sequence[Record]) -> list[list[Record]]:
    """Trials that share their data, source, net and engine, which one run does together."""
    found: dict[Cell, list[Record]] = defaultdict(list)
    for record in chosen:
        found[_group(record)[:5]].append(record)
    return list(found.values())


def _seeds(found: Sequence[Record]) -> dict[Cell, list[Record]]:
    seeds: dict[Cell, list[Record]] = defaultdict(list)
    for record in found:
        seeds[_group(record)].append(record)
    return seeds


def _tolerance(record: Record, seeds: Sequence[Record]) -> float:
    """In points: twice the standard deviation of the other seeds, which a wrong record cannot widen for itself."""
    others = [100 * _score(r) for r in seeds if r is not record]
    return max(TOLERANCE, 2 * stdev(others)) if len(others) > 1 else TOLERANCE


def _score(record: Record) -> float:
    return float(getattr(record, record.leading) or 0.0)


def _cause(old: Record, new: Record) -> str:
    """What differs between the two, the likeliest cause first; empty where nothing does."""
    if new.status != "ok":
        return new.error
    found = []
    if old.content_sha256 != new.content_sha256:
        found.append(f"data {old.content_sha256[:8]} -> {new.content_sha256[:8]}")
    if old.settings != new.settings:
        found.append(f"settings {old.settings} -> {new.settings}")
    if old.device != new.device:
        found.append(f"device {old.device} -> {new.device}")
    found += [f"{name} {old.versions.get(name, 'none')} -> {new.versions.get(name, 'none')}"
              for name in sorted(old.versions.keys() | new.versions.keys(), key=lambda n: (n == "commit", n))
              if old.versions.get(name) != new.versions.get(name)]
    if old.host.get("cpu") != new.host.get("cpu"):
        found.append(f"processor {old.host.get('cpu', '')} -> {new.host.get('cpu', '')}")
    if old.base != new.base:
        found.append("another base")
    return "; ".join(found)


def rows(found: Sequence[Rerun]) -> list[dict[str, str]]:
    """A row a trial, those that are off first."""
    order = {OFF: 0, NOT_RUN: 1, WITHIN: 2, SAME: 3}
    return [{"target": r.published.task, "source": TaskRef.parse(r.published.source).task,
             "baseline": r.published.baseline, "labels": str(r.published.budget), "seed": str(r.published.seed),
             "engine": r.published.engine, "published": f"{_score(r.published):.4f}",
             "here": f"{_score(r.again):.4f}" if r.again and r.again.status == "ok" else "",
             "points": f"{r.points:+.2f}" if r.again and r.again.status == "ok" else "",
             "verdict": r.verdict, "cause": "" if r.verdict == SAME else r.cause or "unknown"}
            for r in sorted(found, key=lambda r: order[r.verdict])]


def summary(found: Sequence[Rerun]) -> str:
    """How many of each verdict, in one line."""
    counts = [(verdict, sum(r.verdict == verdict for r in found)) for verdict in (SAME, WITHIN, OFF, NOT_RUN)]
    return f"{len(found)} published trials: " + ", ".join(f"{n} {verdict}" for verdict, n in counts if n)
