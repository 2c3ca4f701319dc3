"""`bench list`: tasks, baselines, nets, engines."""

from __future__ import annotations

import json

import typer

from bench.cli.options import (
    AsJson,
    CacheDir,
    DataDir,
    Tasks,
    options_of,
)
from bench.cli.terminal import errors, table

list_app = typer.Typer(no_args_is_help=True, help="What there is to choose from: tasks, baselines, nets, engines.",
                       rich_markup_mode=None)


@list_app.command("tasks")
def list_tasks(tasks: Tasks = None, data_dir: DataDir = None, cache_dir: CacheDir = None,
               as_json: AsJson = False) -> None:
    """Every task: rows, classes, licence, editions, and whether it can be had now."""
    from bench.runs import inventory

    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir)
        rows = inventory.tasks(options)
        if as_json:
            typer.echo(json.dumps(rows))
        else:
            table(rows)


@list_app.command("baselines")
def list_baselines(as_json: AsJson = False) -> None:
    """Every strategy: what it needs, whether it runs by default and can run here, and its first line."""
    from baselines import BASELINES, MAIN
    from bench.runs import inventory

    with errors():
        rows = inventory.baselines(BASELINES, MAIN)
        typer.echo(json.dumps(rows)) if as_json else table(rows)


@list_app.command("nets")
def list_nets(as_json: AsJson = False) -> None:
    """Every base network and its sizes."""
    from bench.learning.networks.architectures import ARCHITECTURES, TUTORIAL

    rows = [{"net": name, "preset": preset, "embedding": n.embedding, "hidden": n.hidden, "pooling": n.pooling,
             "longest text": n.most_tokens, "words": n.words or "seen twice", "GloVe": n.glove}
            for preset, table in (("default", ARCHITECTURES), ("tutorial", TUTORIAL)) for name, n in table.items()]
    typer.echo(json.dumps(rows)) if as_json else table(rows)


@list_app.command("engines")
def list_engines(as_json: AsJson = False) -> None:
    """The frameworks that can train, their versions and devices."""
    from bench.runs import inventory

    rows = inventory.engines()
    typer.echo(json.dumps(rows)) if as_json else table(rows)
