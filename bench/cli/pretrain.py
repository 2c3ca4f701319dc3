"""The command `bench pretrain`."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import help, output
from bench.cli.option_groups import After
from bench.cli.options import AsJson, DataOptions, Epochs, NetworkOptions, Source, options_of
from bench.cli.progress import TrialProgress
from bench.library.progress import epoch_line

FACTS = ("source", "engine", "version", "device", "words", "n_train", "n_validation", "n_test", "accuracy", "auc",
         "macro_f1", "log_loss", "seconds", "history")


def pretrain_command(
    *,
    source: Source = "imdb",
    network: NetworkOptions,
    epochs: Annotated[Epochs, After("preset")] = 0,
    data: DataOptions,
    validation: Annotated[float, typer.Option(
        metavar="SHARE", rich_help_panel=help.OUTPUT,
        help="Share of the source's training texts to hold out; their accuracy is shown after every epoch.")] = 0.0,
    keep_checkpoints: Annotated[bool, typer.Option(
        "--keep-checkpoints", rich_help_panel=help.OUTPUT, help="Save the weights of every epoch too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the base alone and show how good it is and how long it takes."""
    from bench.learning.checkpoints import saved_checkpoints
    from bench.runs import inputs

    options = options_of(network, data, source=source, epochs=epochs, validation=validation,
                         keep_checkpoints=keep_checkpoints)
    with TrialProgress() as progress:
        progress.phase(f"reading {options.source}")
        base = inputs.train_base(options, progress.say, progress.training, progress=progress.bars)
    checkpoints = saved_checkpoints(options.cache_dir, base.key) if keep_checkpoints else []
    facts = {name: base.facts.get(name, 0) for name in FACTS}
    if as_json:
        output.json_values({"key": base.key, "net": base.net.as_json(), **facts,
                            "checkpoints": list(map(str, checkpoints))})
        return
    for row in base.facts["history"]:
        output.say(epoch_line(row))
    held_out = f", {facts['n_validation']:,} held out" if facts["n_validation"] else ""
    auc = "" if facts["auc"] is None else f", AUC {facts['auc']:.4f}"
    output.say(f"{base.net} on {facts['source']} ({facts['n_train']:,} texts{held_out}, {facts['words']:,} words): "
               f"accuracy {base.accuracy:.4f}, macro-F1 {facts['macro_f1']:.4f}{auc} on {facts['n_test']:,} test "
               f"texts; trained in {base.seconds:.1f} s")
    if checkpoints:
        output.say(f"Weights of every epoch: {checkpoints[0].parent}/epoch-1 … epoch-{len(checkpoints)}")
