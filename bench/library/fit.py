"""`bench.fit`: the command `bench fit` as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.baselines import BASELINES, FITTED
from bench.core.budget import FULL, Budget, Draw
from bench.core.errors import BenchError
from bench.learning.models import folder as model_folder
from bench.library.arguments import options
from bench.library.model import TextModel, load
from bench.library.progress import Progress, headline, progress_for
from bench.library.trials import watching
from bench.runs import fit_model, plan, processes
from bench.runs.fit_model import FitResult
from bench.runs.options import Options
from bench.runs.remaining import Remaining

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.library.arguments import Folder, Targets


def fit(out: Folder, *, target: Targets = Options.targets, source: Targets = Options.source, baseline: str = FITTED,
        budget: Budget = FULL, all_labels: bool = False, draw: Draw = Options.draw, seed: int = 0,
        text_column: str | None = None, label_column: str | None = None,
        map_label: Mapping[object, str | None] | None = None, rating_threshold: float | None = None,
        strict: bool = False, net: str = Options.net, preset: str = Options.preset, engine: str = Options.engine,
        device: str = Options.device, epochs: int = Options.epochs, data_dir: Folder | None = None,
        cache_dir: Folder | None = None, tasks: Folder | Iterable[Folder] = (), offline: bool = False,
        force: bool = False, progress: bool | Callable[[str], object] = True) -> TextModel:
    """Fit one strategy on a target, save it as the folder `out`, and return the model.

    Args:
        out: the folder to save the model in, for `bench.load` and `bench predict`.
        target: one of what `bench.run` takes.
        source: what the base network is trained on.
        baseline: the strategy.
        budget: the number of labelled texts; "full" is all except the test set.
        all_labels: train on every text; no test set is kept, so that no score is known.
        draw: as in `bench.run`.
        seed: of the label draw.
        text_column: as in `bench.run`, like all that follow.
        label_column: the column of the labels; None guesses it.
        map_label: class in the data → label; None leaves a class out.
        rating_threshold: labels are numbers; those below it are negative, those above it positive.
        strict: refuse data of which a row cannot be used.
        net: the base network.
        preset: its size.
        engine: "torch" or "mxnet".
        device: "auto", "cpu" or "cuda".
        epochs: of the base; 0 is as many as its recipe says.
        data_dir: a folder of data files, searched before the network.
        cache_dir: the folder of bases, corpora and downloads.
        tasks: folders with more task cards.
        offline: make no network requests.
        force: replace an existing model.
        progress: True shows it, False does not, a function is called with each line.

    Raises:
        BenchError: as `bench.run`; and where `out` exists, or the strategy cannot be used on this target.

    """
    settings, sources = options(
        targets=target, source=source, baselines=baseline, budgets=budget, draw=draw, seeds=1, all_labels=all_labels,
        text_column=text_column, label_column=label_column, map_label=map_label, rating_threshold=rating_threshold,
        strict=strict, net=net, preset=preset, engine=engine, device=device, epochs=epochs, data_dir=data_dir,
        cache_dir=cache_dir, tasks=tasks, offline=offline)
    if len(settings.targets) > 1 or len(sources) > 1:
        raise BenchError("a model is of one target and one source", "call it once for each")
    path = Path(out).expanduser()
    with processes.no_server_left(), progress_for(progress) as shown:
        fit_one(settings, path, shown, seed=seed, force=force)
    return load(path, device=device)


def fit_one(options: Options, out: Path, progress: Progress, *, seed: int, force: bool) -> FitResult:
    """Fit the one strategy of the options on their one target at their one budget, and save it in the folder `out`."""
    model_folder.check_free(out, force=force)
    if len(options.budgets) > 1 or len(options.baselines) != 1:
        raise BenchError("a model is of one strategy at one budget", "such as 'finetune' and 128")
    if options.all_labels and options.budgets != (FULL,):
        raise BenchError(f"--all-labels with --budget {options.budgets[0]}", "give one or the other")
    remaining = Remaining(options, 1)
    progress.expect(remaining)
    watch = watching(progress, remaining, options)
    of_target = next(plan.plan(options, BASELINES, progress.say, watch, progress=progress.bars, again=True))
    progress.line(headline(of_target.target, of_target.base, options.source))
    progress.phase(f"training {options.baselines[0]} on {of_target.target.task.name}")
    return fit_model.fit(fit_model.trial_spec_for(of_target, seed), out, force=force, target=of_target.target)
