"""Published trials run again: the same scores, within tolerance, or off, and the likely cause of a difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import stdev

import numpy as np

from bench.core import recipes, store
from bench.core.errors import BenchError
from bench.core.names import TaskRef
from bench.learning.networks.architectures import ARCHITECTURES, TUTORIAL
from bench.learning.networks.engines import devices
from bench.results import record_files
from bench.results.record import Record
from bench.results.stored_predictions import same_answers
from bench.runs import plan
from bench.runs.executor import Executor
from bench.runs.machine import versions
from bench.runs.options import Options, Say, Watch
from bench.runs.registry import strategies_named
from bench.runs.trials import HEAD_SEEDS, blank_record

SAME, WITHIN, OFF, NOT_RUN = "same", "within tolerance", "off", "not run"
TOLERANCE = 1.0  # points of the leading score, or twice the spread of the other published seeds if that is more

Cell = tuple[str, ...]


@dataclass(frozen=True)
class Rerun:
    """A published trial, and the same trial run here."""

    published: Record
    again: Record | None
    tolerance: float  # points
    cause: str = ""  # what differs, or why it did not run

    @property
    def points(self) -> float:
        """Its leading score here minus the published one, in points."""
        assert self.again is not None
        return 100 * (_score(self.again) - _score(self.published))

    @property
    def verdict(self) -> str:
        """`same` means that every stored prediction is equal, bit for bit, in the coarser of their two forms."""
        if self.again is None:
            return NOT_RUN
        if self.again.status != "ok":
            return OFF
        if same_answers(self.again.predictions, self.published.predictions):
            return SAME
        return WITHIN if abs(self.points) <= self.tolerance + 1e-9 else OFF


def published_in(folder: Path) -> list[Record]:
    """The finished trials of a folder of published results; `BenchError` where there are none."""
    records = [r for r in record_files.latest(record_files.read_all(folder)) if r.status == "ok"]
    if not records:
        raise BenchError(f"no published records in {folder / 'records'}",
                         "they come with the repository: run this in a clone of it, or give --published-dir")
    return records


def sample(records: Sequence[Record], share: float, seed: int) -> list[Record]:
    """A random share (0 to 1) of the trials, at least one, in their order."""
    count = max(1, round(share * len(records)))
    return [records[i] for i in sorted(np.random.default_rng(seed).choice(len(records), count, replace=False))]


def rerun(
    chosen: Sequence[Record],
    published: Sequence[Record],
    options: Options,
    table: Mapping[str, str],
    executor: Executor,
    say: Say,
    watch: Watch,
    *,
    progress: bool,
) -> Iterator[Rerun]:
    """Run the `chosen` trials of all `published` ones again, and compare.

    What the same versions finished before is taken from the results folder, so that an interrupted rerun goes on.
    """
    by_cell = _by_cell(published)
    obstacles = {kind: _obstacle(*kind, table) for kind in {_kind(r) for r in chosen}}
    for old in chosen:
        if obstacles[_kind(old)]:
            yield Rerun(old, None, TOLERANCE, obstacles[_kind(old)])
    for group in _run_together([r for r in chosen if not obstacles[_kind(r)]]):
        wanted = {_trial(r): r for r in group}
        try:
            plans = plan.plan(_options(group, options), table, say, watch, progress=progress,
                              wanted=_among(wanted))
            for target_plan in plans:
                for _ in plan.execute(target_plan, executor):
                    pass
                records = record_files.latest(record_files.read_with_packed(target_plan.path))
                planned = {blank_record(spec).identity() for spec in target_plan.specs}
                here = {_trial(r): r for r in records if r.identity() in planned}
                for trial, old in wanted.items():
                    new = here.get(trial)
                    cause = _cause(old, new) if new else "this suite has no such trial"
                    yield Rerun(old, new, _tolerance(old, by_cell[_cell(old)]), cause)
        except BenchError as error:
            yield from (Rerun(old, None, TOLERANCE, str(error)) for old in group)


def _among(wanted: Mapping[Cell, Record]) -> plan.Wanted:
    """Whether a trial is one of those wanted."""
    return lambda spec: _trial(blank_record(spec)) in wanted


def _kind(record: Record) -> tuple[str, int, str, str]:
    """All that may keep a record's trial from running here."""
    return record.baseline, record.recipe, record.engine, record.device


def _obstacle(baseline: str, recipe: int, engine: str, device: str, table: Mapping[str, str]) -> str:
    """Why a trial cannot run here, such as an extra or a device that is missing; empty where it can."""
    if recipe != recipes.current(baseline):
        return (f"its recipe has changed since: published with recipe {recipe} "
                f"({recipes.what_it_was(baseline, recipe) or 'of a later version'}), here {recipes.current(baseline)}")
    try:
        if device not in devices(engine):
            return f"it was computed on {device}, which {engine} does not find here"
        return " ".join(str(error) for s in strategies_named((baseline,), table) if (error := s.missing()))
    except BenchError as error:
        return str(error)


def _options(group: Sequence[Record], options: Options) -> Options:
    """The options of the run that makes the trials of a group."""
    first = group[0]
    net, preset = _net(first.net)
    folder = store.key_of([dict(versions(first.engine))])[:12]
    heads = 1 + max(0 if r.head_seed is None else (r.head_seed - r.seed) // HEAD_SEEDS for r in group)
    return replace(options, targets=(str(first.target),), source=first.source, net=net, preset=preset,
                   engine=first.engine, device=first.device, baselines=tuple(sorted({r.baseline for r in group})),
                   budgets=tuple(dict.fromkeys(r.budget for r in group)), draw=first.draw,
                   seeds=1 + max(r.seed for r in group), base_seeds=1 + max(r.base_seed for r in group),
                   head_seeds=heads,
                   results_dir=options.results_dir / "published-again" / folder)


def _net(name: str) -> tuple[str, str]:
    """Kind and preset of the network that a record calls `name`."""
    for preset, nets in (("default", ARCHITECTURES), ("tutorial", TUTORIAL)):
        for kind, net in nets.items():
            if str(net) == name:
                return kind, preset
    raise BenchError(f"no network here is called {name!r}", "it was published by another version")


def _trial(record: Record) -> Cell:
    """Which trial a record is of, whatever data and versions it was computed with."""
    head = record.seed if record.head_seed is None else record.head_seed
    return (*_cell(record), str(record.seed), str(record.base_seed), str(head))


def _cell(record: Record) -> Cell:
    """What the trials of different seeds share."""
    return (record.task, record.edition, record.source, record.net, record.engine, record.device, record.draw,
            record.baseline, str(record.budget))


def _run_together(records: Sequence[Record]) -> list[list[Record]]:
    """Trials that share their data, source, network, engine, device and draw, so that one run makes them."""
    groups: dict[Cell, list[Record]] = defaultdict(list)
    for record in records:
        groups[_cell(record)[:7]].append(record)
    return list(groups.values())


def _by_cell(records: Sequence[Record]) -> dict[Cell, list[Record]]:
    cells: dict[Cell, list[Record]] = defaultdict(list)
    for record in records:
        cells[_cell(record)].append(record)
    return cells


def _tolerance(record: Record, seeds: Sequence[Record]) -> float:
    """In points: twice the standard deviation of the other seeds, which a wrong record cannot widen for itself."""
    others = [100 * _score(r) for r in seeds if r is not record]
    return max(TOLERANCE, 2 * stdev(others)) if len(others) > 1 else TOLERANCE


def _score(record: Record) -> float:
    return float(getattr(record, record.leading) or 0.0)


def _cause(old: Record, new: Record) -> str:
    """What differs between two records, the likeliest cause first; empty where nothing does."""
    if new.status != "ok":
        return new.error
    causes = []
    if old.content_sha256 != new.content_sha256:
        causes.append(f"data {old.content_sha256[:8]} -> {new.content_sha256[:8]}")
    if old.settings != new.settings:
        causes.append(f"settings {old.settings} -> {new.settings}")
    causes += [f"{name} {old.versions.get(name, 'none')} -> {new.versions.get(name, 'none')}"
               for name in sorted(old.versions.keys() | new.versions.keys(), key=lambda n: (n == "commit", n))
               if old.versions.get(name) != new.versions.get(name)]
    if old.host.get("cpu") != new.host.get("cpu"):
        causes.append(f"processor {old.host.get('cpu', '')} -> {new.host.get('cpu', '')}")
    if old.base != new.base:
        causes.append("another base")
    return "; ".join(causes)


def rows(reruns: Sequence[Rerun]) -> list[dict[str, str]]:
    """A row per trial; those that are off come first."""
    order = {OFF: 0, NOT_RUN: 1, WITHIN: 2, SAME: 3}
    return [{"target": r.published.task, "source": TaskRef.parse(r.published.source).task,
             "baseline": r.published.baseline, "labels": str(r.published.budget), "seed": str(r.published.seed),
             "engine": r.published.engine, "published": f"{_score(r.published):.4f}",
             "here": f"{_score(r.again):.4f}" if r.again and r.again.status == "ok" else "",
             "points": f"{r.points:+.2f}" if r.again and r.again.status == "ok" else "",
             "verdict": r.verdict, "cause": "" if r.verdict == SAME else r.cause or "unknown"}
            for r in sorted(reruns, key=lambda r: order[r.verdict])]


def summary(reruns: Sequence[Rerun]) -> str:
    """How many trials of each verdict, in one line."""
    counts = [(verdict, sum(r.verdict == verdict for r in reruns)) for verdict in (SAME, WITHIN, OFF, NOT_RUN)]
    return f"{len(reruns)} published trials: " + ", ".join(f"{n} {verdict}" for verdict, n in counts if n)
