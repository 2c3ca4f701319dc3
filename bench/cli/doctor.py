"""`bench doctor`: what works on this machine."""

from __future__ import annotations

import json

import typer

from bench.cli.options import (
    AsJson,
    CacheDir,
    DataDir,
    Offline,
    options_of,
)
from bench.cli.terminal import errors


def doctor_command(data_dir: DataDir = None, cache_dir: CacheDir = None, offline: Offline = False,
           as_json: AsJson = False) -> None:
    """Versions, devices, which data routes answer, where the cache is and how large."""
    from bench.runs import inventory

    with errors():
        facts = inventory.doctor(options_of(data_dir=data_dir, cache_dir=cache_dir, offline=offline))
        if as_json:
            typer.echo(json.dumps(facts))
            return
        for section, rows in facts.items():
            typer.echo(f"{section}")
            for name, value in rows.items():
                typer.echo(f"  {name:<34} {value}")
