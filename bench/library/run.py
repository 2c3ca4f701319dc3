"""`bench.run`: the command `bench run` as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from bench.baselines import MAIN
from bench.core.budget import Draw
from bench.core.errors import BenchError
from bench.library.arguments import options
from bench.library.board import Board
from bench.library.progress import progress_for
from bench.library.trials import run_trials
from bench.runs import processes
from bench.runs.options import Options, options_per_source

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.library.arguments import Budgets, Folder, Targets
    from bench.results.record import Record


def run(target: Targets = Options.targets, *, source: Targets = Options.source, baselines: str | Iterable[str] = MAIN,
        budgets: Budgets = Options.budgets, seeds: int = Options.seeds, draw: Draw = Options.draw,
        text_column: str | None = None, label_column: str | None = None,
        map_label: Mapping[object, str | None] | None = None, rating_threshold: float | None = None,
        strict: bool = False, net: str = Options.net, preset: str = Options.preset, engine: str = Options.engine,
        device: str = Options.device, epochs: int = Options.epochs, base_seeds: int = Options.base_seeds,
        head_seeds: int = Options.head_seeds, jobs: int = Options.jobs, scheduler: str = Options.scheduler,
        trial_timeout: float | None = None, results_dir: Folder = Options.results_dir, data_dir: Folder | None = None,
        cache_dir: Folder | None = None, tasks: Folder | Iterable[Folder] = (), offline: bool = False,
        keep_going: bool = True, rerun: bool = False, progress: bool | Callable[[str], object] = True) -> Board:
    """Train the base once, run the strategies on the targets, and return their leaderboards.

    Finished trials are on disk at once, in `results_dir`. The same call continues a run that was interrupted, and the
    same rows give the same records, whether they come from a DataFrame or from a CSV file.

    Args:
        target: a task's name, `task@edition`, the path of a file, a DataFrame with a column of texts and one of
            labels, or several of these. `{"reviews": frame}` gives a DataFrame the name that its records have.
        source: what the base network is trained on; as `target`. "all" is every target.
        baselines: names of strategies, `file.py:function` or `package.module:function`; "all" is every one.
        budgets: numbers of labelled target texts; "full" is all of them.
        seeds: label draws per budget.
        draw: "stratified" draws labels in the class shares of all texts, "random" whatever their class.
        text_column: the column of the texts; None guesses it.
        label_column: the column of the labels; None guesses it.
        map_label: class in the data → label, such as `{"happy": "positive"}`; None leaves a class out.
        rating_threshold: labels are numbers; those below it are negative, those above it positive.
        strict: refuse data of which a row cannot be used.
        net: the base network (`bench list nets`).
        preset: its size, "default" or "tutorial".
        engine: "torch" or "mxnet".
        device: "auto", "cpu" or "cuda".
        epochs: of the base; 0 is as many as its recipe says.
        base_seeds: bases to train with different seeds.
        head_seeds: runs per label draw, each with another classifier head.
        jobs: worker processes; 0 is one per core. Does not change the scores.
        scheduler: address of a Dask scheduler whose workers run the trials.
        trial_timeout: seconds that a trial may take; None is as long as it takes.
        results_dir: the folder of the records and leaderboards.
        data_dir: a folder of data files, searched before the network; None is what `BENCH_DATA` says.
        cache_dir: the folder of bases, corpora and downloads; None is the user's cache.
        tasks: folders with more task cards.
        offline: make no network requests.
        keep_going: run the other trials after one has failed; otherwise a failure is a `BenchError`.
        rerun: run finished trials too.
        progress: True shows it, False does not, a function is called with each line.

    Raises:
        BenchError: wrong input, or a machine that cannot do what was asked; `message` says what is wrong, `hint`
            what to do.
        KeyboardInterrupt: the run was interrupted; no worker process is left, and finished trials are saved.

    """
    settings, sources = options(
        targets=target, source=source, baselines=baselines, budgets=budgets, seeds=seeds, draw=draw,
        text_column=text_column, label_column=label_column, map_label=map_label, rating_threshold=rating_threshold,
        strict=strict, net=net, preset=preset, engine=engine, device=device, epochs=epochs, base_seeds=base_seeds,
        head_seeds=head_seeds, jobs=jobs, scheduler=scheduler, trial_timeout=trial_timeout, results_dir=results_dir,
        data_dir=data_dir, cache_dir=cache_dir, tasks=tasks, offline=offline)
    runs = options_per_source(sources, settings)
    studies: list[Study] = []
    failed: list[Record] = []
    with processes.no_server_left(), progress_for(progress) as shown, \
            closing(run_trials(runs, shown, keep_going=keep_going, rerun=rerun)) as results:
        for result in results:
            studies += result.studies
            failed += result.failed
    if failed and not keep_going:
        record = failed[0]
        raise BenchError(f"{record.baseline} failed on {record.target} at {record.budget} labels: {record.error}",
                         "finished trials are saved, and the same call continues")
    return Board(studies, settings.results_dir, failed, tuple(shown.notes))
