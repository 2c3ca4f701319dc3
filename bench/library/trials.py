"""Run trials: of one source after the other, one target after the other, to leaderboards."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import inf
from pathlib import Path

from bench.analysis import boards, study
from bench.analysis.study import Study
from bench.baselines import BASELINES
from bench.library.progress import Progress, headline
from bench.protocol.domain import Domain
from bench.report import leaderboard_files
from bench.results import record_files
from bench.results.record import Record
from bench.runs import executor, plan, trials
from bench.runs.executor import Executor
from bench.runs.options import Options
from bench.runs.plan import Wanted


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
    with executor.executor(runs[0], progress.say) as execute:
        for of_source in runs:
            with closing(_of_source(of_source, execute, progress, keep_going=keep_going, rerun=rerun,
                                    debug=debug, wanted=wanted, end=end)) as results:
                for result in results:
                    yield result
                    if (result.failed and not keep_going) or time.monotonic() > end:
                        return


def _of_source(options: Options, execute: Executor, progress: Progress, *, keep_going: bool, rerun: bool,
               debug: bool, wanted: Wanted, end: float) -> Generator[TargetResult]:
    for of_target in plan.plan(options, BASELINES, progress.say, progress.training, progress=progress.live,
                               again=rerun, wanted=wanted):
        if not of_target.specs:
            continue
        total, done = len(of_target.specs), len(of_target.specs) - len(of_target.todo)
        progress.say(headline(of_target.target, of_target.base, options.source))
        if done:
            progress.say(f"{done} of {total} trials are done already")
        progress.trials(total, done)
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
