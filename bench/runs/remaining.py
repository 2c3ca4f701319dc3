"""How long a run still takes: the steps and trials that remain, at the costs that its own records and clock show."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from bench.core.budget import labels_in
from bench.learning.networks.architectures import architecture_named
from bench.results import record_files
from bench.results.record import Record
from bench.runs import costs, forecast, inputs, needs
from bench.runs.options import Options
from bench.runs.plan import TargetPlan

LEAST = 0.5  # seconds that anything which has not ended takes at least
OFTEN = 0.5  # seconds between two estimates: one takes some milliseconds


class Remaining:
    """The estimate of `--dry-run`, made again while the run goes on.

    Every finished trial counts as a measurement: the same trial of another seed takes as long, and others are scaled.
    `later` is how many sources are still to come, of which only the number is known: each counts as the present one.
    """

    def __init__(self, options: Options, workers: int) -> None:
        records = record_files.read_all(options.results_dir)
        net = architecture_named(options.net, options.preset)
        self.measured = costs.measured_costs(records, options.cache_dir, net, options.engine,
                                             inputs.device_for(options))
        self.workers = max(1, workers)
        self.seen: dict[tuple[str, int], list[float]] = defaultdict(list)
        self.todo: Counter[tuple[str, int]] = Counter()  # row and labelled texts → trials
        self.steps: dict[tuple[str, str], float] = {}  # what is to be prepared → seconds
        self.preparing: list[tuple[str, str]] | None = None  # what of that is prepared now
        self.of_source, self.later = 0.0, 0
        self.since = self.estimated = time.monotonic()
        self.value: float | None = None
        self.running = 0.0  # seconds of it that the trials which run now may take
        self.training: tuple[float, float, float] | None = None  # when it began, share done, when that was seen

    def expect(self, drafts: Sequence[TargetPlan], options: Options, later: int) -> None:
        """Count what the plans of one source will do, from their drafts."""
        self.todo.clear()
        self.steps.clear()
        self.later = later
        for draft in drafts:
            self.steps.update(self._steps(draft, options))
            pool = len(draft.target.split.pool)
            self.todo.update((spec.strategy.row, labels_in(spec.budget, pool)) for spec in draft.todo)
        self.of_source = self._of_trials() + sum(self.steps.values())
        self._estimate()

    def prepare(self, draft: TargetPlan, options: Options) -> None:
        """Begin to prepare a target."""
        self.preparing = [key for key in self._steps(draft, options) if key in self.steps]
        self.since, self.training = time.monotonic(), None
        self._estimate()

    def prepared(self) -> None:
        """End it."""
        for key in self.preparing or ():
            self.steps.pop(key, None)
        self.preparing, self.training = None, None
        self._estimate()

    def train(self, share: float) -> None:
        """Say which share of the base's training is done."""
        now = time.monotonic()
        self.training = (self.training[0] if self.training else now, share, now)

    def trial(self, record: Record) -> None:
        """Count a finished trial."""
        key = (record.row, record.n_train)
        if self.todo[key] > 0:
            self.todo[key] -= 1
        if record.status == "ok":
            self.seen[key].append(sum(record.seconds.get(name, 0.0) for name in ("load", "adapt", "predict")))
            self.measured = replace(self.measured, trials={
                **self.measured.trials, key: median(self.seen[key])})
        if time.monotonic() - self.estimated > OFTEN:
            self._estimate()

    def seconds(self) -> float | None:
        """What is left, in seconds; None before anything is planned."""
        if self.value is None:
            return None
        if self.preparing is not None:
            return self._of_preparation() + self.value
        passed = time.monotonic() - self.estimated
        if passed <= self.running:
            return max(LEAST, self.value - passed)
        pace = passed / max(self.running, LEAST)  # those that run take longer than expected, and so will the others
        return max(LEAST, (self.value - self.running) * max(pace, 1.0))

    def _estimate(self) -> None:
        other = sum(seconds for key, seconds in self.steps.items() if key not in (self.preparing or ()))
        start = 0.0 if self.seen or not self.todo.total() else costs.START  # of workers, until the first trial ends
        self.value = start + other + self._of_trials() + self.later * self.of_source
        self.estimated = time.monotonic()
        longest = sorted((self.measured.trial(*key).seconds for key, count in self.todo.items()
                          for _ in range(min(count, self.workers))), reverse=True)
        self.running = start + sum(longest[: self.workers]) / self.workers

    def _of_trials(self) -> float:
        """Seconds of the trials that are left; no shorter than the longest of them."""
        cells = {key: (self.measured.trial(*key).seconds, count) for key, count in self.todo.items() if count}
        return max(sum(seconds * count for seconds, count in cells.values()) / self.workers,
                   max((seconds for seconds, _ in cells.values()), default=0.0))

    def _of_preparation(self) -> float:
        """Seconds of what is prepared now, by the clock as soon as the base's training shows its pace."""
        costs_of = {key: self.steps[key] for key in self.preparing or ()}
        now = time.monotonic()
        if self.training is not None and self.training[1] > 0:
            began, share, seen = self.training
            left = (seen - began) * (1 - share) / share - (now - seen)
            return max(LEAST, left) + sum(s for (what, _), s in costs_of.items() if what != "base")
        return max(LEAST, sum(costs_of.values()) - (now - self.since))

    def _steps(self, draft: TargetPlan, options: Options) -> dict[tuple[str, str], float]:
        return {(step.what, step.key): step.cost.seconds for part in draft.parts if part.todo
                for step in needs.steps(part.needs, forecast.workload_of(draft, part, self.measured, options))
                if not step.cached}
