"""The command `bench fit`: one strategy, fitted on a target and saved as a model for `bench predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.baselines import FITTED
from bench.cli import completion, help, output
from bench.cli.option_groups import After
from bench.cli.options import AsJson, DataOptions, Draw, Epochs, NetworkOptions, OwnFileOptions, Set, Source, options_of
from bench.cli.progress import TrialProgress
from bench.core.budget import parse_budgets
from bench.core.errors import BenchError


def fit_command(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", rich_help_panel=help.OUTPUT,
                                     help="Folder to save the model in.")],
    target: Annotated[str, typer.Option(
        "--target", "-t", metavar="NAME|FILE", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Your own data file, a task (bench list tasks), or hf:OWNER/NAME.")] = "amazon",
    baseline: Annotated[str, typer.Option(
        "--baseline", "-b", metavar="NAME", autocompletion=completion.strategies, rich_help_panel=help.WHAT,
        help="Strategy (bench list baselines), file.py:function or package.module:function.")] = FITTED,
    budget: Annotated[str, typer.Option(
        metavar="N", rich_help_panel=help.WHAT,
        help="Number of labelled target texts; full: all except the test set; 0: none.")] = "full",
    all_labels: Annotated[bool, typer.Option(
        "--all-labels", rich_help_panel=help.WHAT,
        help="Train on every text; no test set is kept, so that no score is known.")] = False,
    settings: Annotated[Set, After("baseline")] = None,
    draw: Draw = "stratified",
    seed: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.WHAT,
                                      help="Seed of the label draw.")] = 0,
    source: Annotated[Source, After("target")] = "imdb",
    network: NetworkOptions,
    data: DataOptions,
    own_file: OwnFileOptions,
    epochs: Annotated[Epochs, After("preset")] = 0,
    force: Annotated[bool, typer.Option("--force", rich_help_panel=help.OUTPUT,
    help="Replace an existing model.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit one strategy and save it as a model, a folder for bench predict."""
    from bench.learning.models import folder as model_folder
    from bench.library.fit import fit_one
    from bench.runs import fit_model
    from bench.runs.chosen_settings import options_per_base

    model_folder.check_free(out, force=force)
    budgets = parse_budgets(budget)
    if len(budgets) > 1:
        raise BenchError(f"--budget {budget!r} is more than one", "such as --budget 128, or --budget full")
    options = options_of(network, data, own_file, targets=(target,), source=source, baselines=(baseline,),
                         budgets=budgets, draw=draw, seeds=1, epochs=epochs, all_labels=all_labels, settings=settings)
    options, *others = options_per_base(options)
    if others:
        raise BenchError("--set makes several bases", "a model has one; bench run compares them")
    with TrialProgress() as progress:
        result = fit_one(options, out, progress, seed=seed, force=force)
    if as_json:
        output.json_text((out / model_folder.CARD).read_text(encoding="utf-8") + "\n")
        return
    output.say(fit_model.summary(result.record))
    megabytes = sum(result.files.values()) / 1e6
    output.say(f"Written: {out} ({', '.join(result.files)}; {megabytes:,.1f} MB) · bench predict {out} \"a text\"")
