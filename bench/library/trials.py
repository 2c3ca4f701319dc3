"""Run trials: of one source after the other, one target after the other, to leaderboards."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from bench.analysis import boards, study
from bench.analysis.study import Study
from bench.baselines import BASELINES
from bench.core.budget import FULL, labels_in
from bench.data.user_file import EDITION
from bench.library.progress import Lead, Progress, headline
from bench.protocol.domain import Domain
from bench.report import leaderboard_files
from bench.report.headline import USUAL
from bench.results import record_files
from bench.results.record import Record
from bench.runs import executor, plan, trials
from bench.runs.executor import Executor
from bench.runs.options import Options, Watch
from bench.runs.plan import TargetPlan, Wanted
from bench.runs.remaining import Remaining


@dataclass(frozen=True)
class TargetResult:
    """What a run found on one target from one source."""

    options: Options  # of the run
    asked: str  # the target as the options name it
    target: Domain
    records: tuple[Record, ...]  # of the trials that ran now
    studies: tuple[Study, ...]  # the leaderboards that the trials of this run stand on, earlier records included
    others: int  # leaderboards of the same task that they do not stand on
    paths: tuple[Path, ...]  # files that hold all of its leaderboards

    @property
    def failed(self) -> list[Record]:
        """The trials that failed now."""
        return [record for record in self.records if record.status != "ok"]


def run_trials(runs: Sequence[Options], progress: Progress, *, keep_going: bool = True, rerun: bool = False,
               debug: bool = False, wanted: Wanted = lambda spec: True, end: float = inf) -> Generator[TargetResult]:
    """Run the trials of each source; yields what each target gives. Every record is on disk as soon as it is made.

    Without `keep_going` the first failed trial is the last one. `rerun` runs finished trials too; `debug` shows the
    traceback of a trial that fails. Only trials that are `wanted` run, and none begins after `end`, as
    `time.monotonic` counts.
    """
    remaining = Remaining(runs[0], executor.worker_count(runs[0]))
    progress.expect(remaining)
    try:
        with executor.executor(runs[0], progress.say, progress.interrupted) as execute:
            for later, of_source in zip(range(len(runs) - 1, -1, -1), runs, strict=True):
                with closing(_of_source(of_source, execute, progress, remaining, later, keep_going=keep_going,
                                        rerun=rerun, debug=debug, wanted=wanted, end=end)) as results:
                    for result in results:
                        yield result
                        if (result.failed and not keep_going) or time.monotonic() > end:
                            return
    except KeyboardInterrupt:
        raise KeyboardInterrupt(progress.kept()) from None


def watching(progress: Progress, remaining: Remaining, options: Options, later: int = 0) -> Watch:
    """Hands what a plan tells to the progress, and to the estimate of what is left."""
    def watch(event: dict[str, Any]) -> None:
        if "drafts" in event:
            remaining.expect(event["drafts"], options, later)
        elif "preparing" in event:
            remaining.prepare(event["preparing"], options)
        elif "prepared" in event:
            remaining.prepared()
        progress.training(event)

    return watch


def _of_source(options: Options, execute: Executor, progress: Progress, remaining: Remaining, later: int, *,
               keep_going: bool, rerun: bool, debug: bool, wanted: Wanted, end: float) -> Generator[TargetResult]:
    watch = watching(progress, remaining, options, later)
    for of_target in plan.plan(options, BASELINES, progress.say, watch, progress=progress.bars, again=rerun,
                               wanted=wanted):
        if not of_target.specs:
            continue
        total, done = len(of_target.specs), len(of_target.specs) - len(of_target.todo)
        progress.say(headline(of_target.target, of_target.base, options.source), whole=True)
        if done:
            progress.say(f"{done} of {total} trials are done already", whole=True)
        progress.trials(total, done, _lead(of_target))
        records: list[Record] = []
        with closing(plan.execute(of_target, execute)) as finished:  # or workers live as long as a caught traceback
            for record in finished:
                records.append(record)
                progress.trial(record)
                if debug and record.traceback:
                    progress.lines(record.traceback)
                if (record.status != "ok" and not keep_going) or time.monotonic() > end:
                    break
        progress.pause()
        if progress.done < progress.total and time.monotonic() > end:
            progress.say(f"the time limit is over: {progress.total - progress.done} trials are left; a run without it "
                         "goes on")
        studies = study.studies(record_files.read_with_packed(of_target.path))
        paths = leaderboard_files.write(options.results_dir, studies)
        keys = [board.key for board in boards.boards_of([trials.blank_record(spec) for spec in of_target.specs])]
        of_run = tuple(s for s in studies if any(s.board.key.holds(key) for key in keys))
        yield TargetResult(options, of_target.asked, of_target.target, tuple(records), of_run,
                           len(studies) - len(of_run), tuple(paths))


def _lead(of_target: TargetPlan) -> Lead:
    """Who leads on a target, its trials of earlier runs included."""
    domain = of_target.target
    labels = {spec.budget: labels_in(spec.budget, len(domain.split.pool)) for spec in of_target.specs}
    own = domain.edition.name == EDITION and FULL in labels
    usual = FULL if own else min(labels, key=lambda budget: abs(max(labels[budget], 1) / USUAL - 1))
    lead = Lead(domain.task.name, labels, usual)
    if len(of_target.todo) < len(of_target.specs) and not of_target.again:
        ours = {trials.blank_record(spec).identity() for spec in of_target.specs}
        for record in record_files.read_with_packed(of_target.path):
            if record.identity() in ours:
                lead.add(record)
    return lead
