"""`bench pretrain`."""

from __future__ import annotations

import json

import typer

from bench.cli.options import (
    AsJson,
    CacheDir,
    DataDir,
    Device,
    EngineName,
    Epochs,
    KeepCheckpoints,
    NetName,
    Offline,
    Preset,
    Source,
    Tasks,
    Validation,
    options_of,
)
from bench.cli.progress import TrialProgress
from bench.cli.terminal import errors


def pretrain_command(
    source: Source = "imdb", net: NetName = "gru", preset: Preset = "default", engine: EngineName = "torch",
    device: Device = "auto", epochs: Epochs = 0, data_dir: DataDir = None, cache_dir: CacheDir = None,
    tasks: Tasks = None, offline: Offline = False, validation: Validation = 0.0,
    keep_checkpoints: KeepCheckpoints = False, as_json: AsJson = False,
) -> None:
    """Train the base alone and say how good it is: loss, accuracy, seconds an epoch, tokens a second."""
    from bench.cli.progress import epoch
    from bench.learning.pretrain import saved_checkpoints
    from bench.runs import inputs

    with errors():
        options = options_of(source=source, net=net, preset=preset, engine=engine, device=device, epochs=epochs,
                           data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()), offline=offline,
                           validation=validation, keep_checkpoints=keep_checkpoints)
        with TrialProgress() as progress:
            base = inputs.train_base(options, progress.say, progress.training, progress=progress.live)
        checkpoints = saved_checkpoints(options.cache_dir, base.key) if keep_checkpoints else []
        facts = {k: base.facts.get(k, 0) for k in (
            "source", "engine", "version", "device", "words", "n_train", "n_validation", "n_test", "accuracy", "auc",
            "macro_f1", "log_loss", "seconds", "history")}
        if as_json:
            typer.echo(json.dumps({"key": base.key, "net": base.net.as_json(), **facts,
                                   "checkpoints": [str(folder) for folder in checkpoints]}))
            return
        for row in base.facts["history"]:
            typer.echo(epoch(row))
        held = f", {facts['n_validation']:,} held out" if facts["n_validation"] else ""
        auc = "" if facts["auc"] is None else f", AUC {facts['auc']:.4f}"
        typer.echo(f"{base.net} on {facts['source']} ({facts['n_train']:,} texts{held}, {facts['words']:,} words): "
                   f"accuracy {base.accuracy:.4f}, macro-F1 {facts['macro_f1']:.4f}{auc} on {facts['n_test']:,} test "
                   f"texts; trained in {base.seconds:.1f} s")
        if checkpoints:
            typer.echo(f"Weights of every epoch: {checkpoints[0].parent}/epoch-1 … epoch-{len(checkpoints)}")
